"""Describes pictures in words, and answers questions about them."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xmodal.data.colours import dominant_colours
from xmodal.data.images import has_more_frames, load_image
from xmodal.data.label_names import chinese_name
from xmodal.device import pick_device
from xmodal.errors import InputError, UnknownModelError, XmodalError
from xmodal.models.adapters import Adapter, list_adapters
from xmodal.models.memory import model_memory
from xmodal.models.ocr import LARGEST
from xmodal.models.registry import list_models
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.adapters import load_of, pick_default
from xmodal.tasks.label_words import describe_labels, settle
from xmodal.tasks.pictures import SEEN_AT_ONCE, label_pictures, read_page
from xmodal.tasks.results import ColourShare, DescribeResult, LabelScore

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from xmodal.models.generator_adapter import Generator

DEFAULT_MODEL = "describe-starter"
LENGTHS, LANGUAGES = ("short", "long"), ("en", "zh")
FIRST_FRAME = "This file moves, or holds several pictures: only the first one is described."
_BATCH = 16
_MARKS = tuple(".!?。！？…")
_AGAIN = re.compile(r"\b(a picture of )(?:a picture of )+", re.IGNORECASE)
_MOST_WRITTEN = 60
Tell = Callable[[str], None]


def describe(
    image: str | Path,
    *,
    length: str = "short",
    language: str = "en",
    model: str = "",
    ocr: bool = True,
    settled: bool = True,
    tell: Tell | None = None,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> DescribeResult:
    """Describe a picture.

    Args:
        image: The file; of an animation the first frame.
        length: `short` or `long`.
        language: `en`, or `zh` for Chinese, in which only the labels are told, whatever the model and the length.
        model: Name or folder of an adapter; the default one if not given. Where there is none, the labels are told.
        ocr: Also look for writing in the picture.
        settled: Where the labels are certain of something that the default model does not name, tell that as well.
        tell: Called with the description so far, as it is made.
        report: Told of downloads.
        cancel: Stops it.

    Raises:
        XmodalError: The picture or the model cannot be used.
    """
    options = {
        "length": length,
        "language": language,
        "model": model,
        "ocr": ocr,
        "settled": settled,
        "tell": tell,
        "report": report,
        "cancel": cancel,
    }
    return describe_files([image], **options)[0]


def describe_files(images: Sequence[str | Path], **options) -> list[DescribeResult]:
    """As `describe`, for several pictures at once, which takes less time; the first that cannot be used ends it."""
    results = []
    for _, result in iter_describe(images, **options):
        if isinstance(result, XmodalError):
            raise result
        results.append(result)
    return results


def iter_describe(
    images: Sequence[str | Path],
    *,
    length: str = "short",
    language: str = "en",
    model: str = "",
    ocr: bool = True,
    settled: bool = True,
    tell: Tell | None = None,
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[tuple[Path, DescribeResult | XmodalError]]:
    """Pictures with what can be said of them, or with what is wrong with them, in order; see `describe`."""
    if length not in LENGTHS:
        raise InputError(f"There is no length {length!r}.", f"Choose one of: {', '.join(LENGTHS)}.")
    if language not in LANGUAGES:
        raise InputError(f"There are no descriptions in {language!r}.", f"Choose one of: {', '.join(LANGUAGES)}.")
    adapter = find_describer(model)
    if language != "en":
        adapter = None
    paths = [Path(path) for path in images]
    for start in range(0, len(paths), _BATCH):
        started = time.perf_counter()
        read = [(path, _open(path)) for path in paths[start : start + _BATCH]]
        pictures = [image for _, image in read if not isinstance(image, XmodalError)]
        check_cancelled(cancel)
        if report and pictures:
            report(Progress("describe", read[0][0].name, start, len(paths), "pictures"))
        texts = _describe_all(adapter, pictures, length, tell if len(paths) == 1 else None, report, cancel)
        told = zip(texts, label_pictures(pictures, report=report, cancel=cancel), strict=True)
        shared = (time.perf_counter() - started) / max(len(pictures), 1)
        for path, image in read:
            check_cancelled(cancel)
            if isinstance(image, XmodalError):
                yield path, image
                continue
            name = adapter.name if adapter else list_models("label")[0]
            began = time.perf_counter() - shared
            yield path, _result(path, image, *next(told), language, name, ocr, settled, began)


def ask_picture(
    image: "Image.Image", question: str, model: str | Adapter = "", report: Reporter | None = None
) -> tuple[str, float, str]:
    """The answer to an English question about an RGB picture, how probably it is right, and the model's name.

    The answer is empty where the model cannot tell.

    Raises:
        UnknownModelError: There is no model that answers about pictures.
    """
    adapter = model if isinstance(model, Adapter) else find_describer(model)
    if adapter is None:
        raise UnknownModelError(
            "There is no model that answers about pictures yet.", "Train one for the task describe.", "no_describer"
        )
    from xmodal.models.generator_text import answer_texts
    from xmodal.tasks.spans import log_odds, squash

    with _borrow(adapter, report) as generator:
        seen = _look(generator, [image])
        ((text, chance),) = answer_texts(generator.model, generator.processor, seen, [" ".join(question.split())])
        confidence = squash(log_odds(chance), generator.answer_odds)
    return ("" if cannot_tell(text) else text), confidence, adapter.name


def cannot_tell(text: str) -> bool:
    """Whether a model says that it does not know."""
    return text.casefold().replace("\u2019", "'").startswith(("i can't tell", "i cannot tell"))


def find_describer(name: str = "") -> Adapter | None:
    """The adapter that describes pictures: the one named, else the default, else the newest; None if there is none.

    Raises:
        UnknownModelError: The one named is unknown, or does something else.
    """
    if name:
        return load_of("generator", name, "describe pictures")
    return pick_default(list_adapters(task="describe", family="generator"), DEFAULT_MODEL)


def _open(path: Path) -> "Image.Image | XmodalError":
    try:
        image = load_image(path)
    except XmodalError as error:
        return error
    image.thumbnail((LARGEST, LARGEST))  # many are open at a time, and nothing sees more
    return image


@contextmanager
def _borrow(adapter: Adapter, report: Reporter | None) -> "Iterator[Generator]":
    from xmodal.models.generator_adapter import load_generator

    key = (adapter.name, str(adapter.path), adapter.created, pick_device())
    with model_memory().use(key, lambda: load_generator(adapter, report)) as generator:
        yield generator


def _describe_all(
    adapter: Adapter | None, pictures: list, length: str, tell: Tell | None, report: Reporter | None, cancel
) -> list[str]:
    """A description for each picture; empty ones where there is no model."""
    if adapter is None or not pictures:
        return [""] * len(pictures)
    from xmodal.models.generator_text import LONG, SHORT

    def check_and_tell(text: str) -> None:
        check_cancelled(cancel)
        if tell:  # of a single picture
            tell(finish(text, False))

    with _borrow(adapter, report) as generator:
        texts = _generate(generator, pictures, LONG if length == "long" else SHORT, check_and_tell)
    return [finish(text) for text in texts]


def _generate(generator: "Generator", pictures: list, instruction: str, tell: Tell | None) -> list[str]:
    from xmodal.models.generator_text import generate_texts

    seen = _look(generator, pictures)
    return generate_texts(generator.model, generator.processor, seen, [instruction] * len(pictures), tell)


def _look(generator: "Generator", pictures: list) -> "torch.Tensor":
    """What the tower sees `(pictures, places, dim)`."""
    import torch

    tower = generator.model.tower
    with torch.inference_mode():
        parts = [tower.prepare(pictures[i : i + SEEN_AT_ONCE]) for i in range(0, len(pictures), SEEN_AT_ONCE)]
        return torch.cat([tower(**{name: one.to(tower.device) for name, one in part.items()})[0] for part in parts])


def finish(text: str, whole: bool = True) -> str:
    """A capital letter first and, where the text is whole, a full stop last; `a picture of` once, not twice."""
    text = _AGAIN.sub(r"\1", text)
    text = text[:1].upper() + text[1:]
    return text + "." if whole and text and not text.endswith(_MARKS) else text


def _result(
    path: Path, image: "Image.Image", told: str, labels: Sequence[LabelScore], language: str, model: str, ocr: bool,
    settled: bool, began: float,
) -> DescribeResult:  # fmt: skip
    description = told or describe_labels(labels, language)
    if told and settled and model == DEFAULT_MODEL:
        description = settle(told, labels)
    if language == "zh":
        labels = [LabelScore(chinese_name(one.label, "pictures"), one.score) for one in labels]
    written = tuple(read_page(image)) if ocr else ()
    colours = tuple(ColourShare(one.name, one.hex, one.share) for one in dominant_colours(image))
    return DescribeResult(
        file=path.name,
        description=description,
        labels=tuple(labels),
        alt=_alt_text(description, written, language),
        colours=colours,
        written=written,
        model=model,
        seconds=round(time.perf_counter() - began, 3),
        notes=(FIRST_FRAME,) if has_more_frames(path) else (),
    )


def _alt_text(description: str, written: Sequence[str], language: str) -> str:
    """What stands for the picture where it is not seen: the description, and what is written in it if that is short."""
    text = " ".join(" ".join(written).split())
    if not 0 < len(text) <= _MOST_WRITTEN:
        return description
    return f"{description}图中文字：“{text}”。" if language == "zh" else f"{description} It reads: “{text}”."
