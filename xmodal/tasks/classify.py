"""Classification of text, an image, a recording, or any of them together, by a trained adapter."""

import time
from pathlib import Path

from xmodal.data.images import load_image
from xmodal.data.media import probe
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.memory import model_memory
from xmodal.progress import Reporter
from xmodal.tasks.adapters import load_of
from xmodal.tasks.predict import load_classifier, predict
from xmodal.tasks.results import ClassifyResult


def classify(
    model: str,
    *,
    text: str | None = None,
    image: str | Path | None = None,
    audio: str | Path | None = None,
    report: Reporter | None = None,
) -> ClassifyResult:
    """Name the class of what is given; modalities may be left out.

    Args:
        model: Name or folder of an adapter.
        text: A text.
        image: A picture file.
        audio: An audio or video file; its first 29 seconds count.
        report: Told of downloads.

    Raises:
        XmodalError: The adapter, or one of the inputs, cannot be used.
    """
    started = time.perf_counter()
    adapter = load_of("classifier", model, "classify")
    given = {"text": text, "image": str(image) if image else None, "audio": str(audio) if audio else None}
    given = {modality: value for modality, value in given.items() if value}
    _check(given, tuple(adapter.base), adapter.name)
    key = (adapter.name, str(adapter.path), adapter.created, pick_device())
    with model_memory().use(key, lambda: load_classifier(adapter, report)) as classifier:
        hidden = [{m: v for m, v in given.items() if m != left_out} for left_out in given]
        scores = predict(classifier, [given, *hidden] if len(given) > 1 else [given])
    best = int(scores[0].argmax())
    contributions = {m: round(float(scores[0][best] - row[best]), 4) for m, row in zip(given, scores[1:], strict=False)}
    return ClassifyResult(
        label=adapter.labels[best],
        scores={label: round(float(score), 4) for label, score in zip(adapter.labels, scores[0], strict=True)},
        missing=tuple(m for m in adapter.base if m not in given),
        contributions=contributions or dict.fromkeys(given, round(float(scores[0][best]), 4)),
        model=adapter.name,
        seconds=round(time.perf_counter() - started, 3),
    )


def _check(given: dict[str, str], wanted: tuple[str, ...], name: str) -> None:
    if not given:
        raise InputError("Nothing was given to classify.", f"{name} takes: {', '.join(wanted)}.")
    useless = [modality for modality in given if modality not in wanted]
    if useless:
        raise InputError(f"{name} does not take {', '.join(useless)}.", f"It takes: {', '.join(wanted)}.")
    if "image" in given:
        load_image(given["image"], check_only=True)
    if "audio" in given:
        probe(given["audio"])
