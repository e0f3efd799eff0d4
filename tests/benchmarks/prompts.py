"""Spoken English with its text: the prompts of Debian's asterisk-core-sounds-en (CC BY-SA 3.0), one voice, 8 kHz."""

import gzip
import random
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xmodal.data.media import SPEECH_RATE, load_audio

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")


@dataclass(frozen=True)
class Prompt:
    """A recording and what is said in it."""

    path: Path
    text: str


@dataclass(frozen=True)
class Placed:
    """A prompt within a longer recording, in seconds."""

    start: float
    end: float
    text: str


def load_prompts(min_words: int = 5) -> list[Prompt]:
    """Prompts of at least `min_words` words whose text has no digits and no `[description]`."""
    prompts = []
    for line in gzip.decompress(TEXTS.read_bytes()).decode().splitlines():
        name, separator, text = line.partition(": ")
        path = SOUNDS / f"{name}.wav"
        if separator and len(text.split()) >= min_words and not re.search(r"\d|\[", text) and path.exists():
            prompts.append(Prompt(path, text.strip()))
    return prompts


def long_recording(
    prompts: list[Prompt], seconds: float = 600, gap_s: float = 2.0, seed: int = 0
) -> tuple[np.ndarray, list[Placed], list[Prompt]]:
    """Prompts in random order with silence between them.

    Returns:
        float32 `(samples,)` at 16 kHz, where each prompt lies, and the prompts used.
    """
    order = prompts[:]
    random.Random(seed).shuffle(order)
    parts, placed, used, at = [], [], [], 0.0
    for prompt in order:
        samples = load_audio(prompt.path)
        length = len(samples) / SPEECH_RATE
        if at + length + gap_s <= seconds:
            placed.append(Placed(at, at + length, prompt.text))
            used.append(prompt)
            parts += [samples, np.zeros(round(gap_s * SPEECH_RATE), np.float32)]
            at += length + gap_s
    return np.concatenate(parts), placed, used


def word_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Percent, after lower-casing and dropping punctuation."""
    import jiwer
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer

    normalise = BasicTextNormalizer()
    return 100 * jiwer.wer([normalise(t) for t in references], [normalise(t) for t in hypotheses])
