"""Classifiers trained in seconds, for tests that need one: by praise and blame, blue and red, high and low tones."""

import csv
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from xmodal.training.config import parse_recipe
from xmodal.training.engine import train

WORDS = {
    "good": ["wonderful", "excellent", "lovely", "delightful", "很好", "非常满意"],
    "bad": ["terrible", "awful", "dreadful", "horrible", "很差", "非常失望"],
}
THINGS = ["room", "film", "phone", "meal", "service", "酒店", "手机", "电影"]
COLOURS = {"good": (20, 60, 220), "bad": (220, 40, 20)}
TONES = {"good": 800, "bad": 200}


def write_picture(path: Path, label: str, shade: int = 0) -> Path:
    """A picture of one colour."""
    Image.new("RGB", (64, 64), tuple(min(value + shade, 255) for value in COLOURS[label])).save(path)
    return path


def write_tone(path: Path, label: str, shift: int = 0) -> Path:
    """Half a second of a tone."""
    samples = 12_000 * np.sin(2 * np.pi * (TONES[label] + shift) * np.arange(8_000) / 16_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def write_reviews(path: Path) -> Path:
    """A table of generated reviews whose label is told by one word."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for label, words in WORDS.items():
            table.writerows((f"The {thing} was {word}.", label) for thing in THINGS for word in words)
    return path


def train_reviews(folder: Path, out: Path) -> None:
    """A classifier of texts, named `reviews`."""
    _train("reviews", write_reviews(folder / "reviews.csv"), out, epochs=12)


def train_pairs(folder: Path, out: Path) -> None:
    """A classifier of two texts, named `pairs`; only the second tells the label."""
    with open(write_reviews(folder / "reviews.csv"), newline="", encoding="utf-8") as file:
        rows = [(f"Review {i}.", row["text"], row["label"]) for i, row in enumerate(csv.DictReader(file))]
    with open(folder / "pairs.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("sentence1", "sentence2", "label"), *rows])
    _train("pairs", folder / "pairs.csv", out, epochs=12)


def train_mixed(folder: Path, out: Path) -> None:
    """A classifier of texts, pictures and sounds, named `mixed`; any of them tells the label."""
    rows = []
    for label, words in WORDS.items():
        for i, word in enumerate(words * 2):
            image = write_picture(folder / f"{label}{i}.png", label, 2 * i)
            audio = write_tone(folder / f"{label}{i}.wav", label, 5 * i)
            rows.append((f"The {THINGS[i % len(THINGS)]} was {word}.", image.name, audio.name, label))
    with open(folder / "mixed.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "image", "audio", "label"), *rows])
    _train("mixed", folder / "mixed.csv", out, epochs=20, modality_dropout=0.3)


def _train(name: str, source: Path, out: Path, **settings) -> None:
    data = {"source": str(source), "check_fraction": 0.25}
    train(parse_recipe({"name": name, "data": data, "train": settings}), out=out)
