"""Sounds made by rule, for the sample sets: the same random generator gives the same samples."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

RATE = 16_000
Maker = Callable[[np.random.Generator, int], np.ndarray]


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Float samples within 1 as 16-bit mono."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())


def make_sound(kind: str, random: np.random.Generator, seconds: float = 1.5) -> np.ndarray:
    """A sound of one of `KINDS`, at random pitch, loudness and place over random background noise."""
    size = round(seconds * RATE)
    length = round(size * random.uniform(0.6, 0.95))
    sound = KINDS[kind](random, length)
    sound = sound / max(np.abs(sound).max(), 1e-9) * random.uniform(0.3, 0.9)
    fade = min(length // 2, RATE // 100)
    sound[:fade] *= np.linspace(0, 1, fade)
    sound[-fade:] *= np.linspace(1, 0, fade)
    whole = random.normal(0, random.uniform(0.001, 0.01), size)
    start = random.integers(0, size - length + 1)
    whole[start : start + length] += sound
    return np.clip(whole, -1, 1).astype(np.float32)


def _sweep(random: np.random.Generator, low: np.ndarray) -> np.ndarray:
    """A tone with overtones whose frequency follows `low` (Hz for each sample)."""
    phase = 2 * np.pi * np.cumsum(low) / RATE + random.uniform(0, 2 * np.pi)
    return sum(np.sin(k * phase) * random.uniform(0.2, 1) / k for k in (1, 2, 3))


def _rising(random: np.random.Generator, size: int) -> np.ndarray:
    return _sweep(random, np.geomspace(random.uniform(200, 500), random.uniform(1_200, 2_400), size))


def _falling(random: np.random.Generator, size: int) -> np.ndarray:
    return _sweep(random, np.geomspace(random.uniform(1_200, 2_400), random.uniform(200, 500), size))


def _siren(random: np.random.Generator, size: int) -> np.ndarray:
    time = np.arange(size) / RATE
    middle, depth, speed = random.uniform(600, 1_200), random.uniform(0.25, 0.45), random.uniform(2, 5)
    return _sweep(random, middle * (1 + depth * np.sin(2 * np.pi * speed * time)))


def _beeps(random: np.random.Generator, size: int) -> np.ndarray:
    time = np.arange(size) / RATE
    tone = _sweep(random, np.full(size, random.uniform(700, 2_000)))
    return tone * (np.modf(time * random.uniform(3, 8))[0] < 0.5)


def _hum(random: np.random.Generator, size: int) -> np.ndarray:
    return _sweep(random, np.full(size, random.uniform(50, 160))) + random.normal(0, 0.02, size)


def _bell(random: np.random.Generator, size: int) -> np.ndarray:
    time = np.arange(size) / RATE
    base, decay = random.uniform(300, 900), random.uniform(4, 8)
    partials = (1.0, 2.0, 2.4, 3.0, 4.2, 5.4)  # about those of a church bell
    return sum(np.sin(2 * np.pi * base * p * time) * np.exp(-decay * p**0.5 * time) / p for p in partials)


def _noise(random: np.random.Generator, size: int) -> np.ndarray:
    """Bursts of coloured noise."""
    white = random.normal(0, 1, size + 64)
    width = int(random.integers(1, 9))
    coloured = np.convolve(white, np.ones(width) / width, "same")[:size]
    speed = random.uniform(1.5, 4)
    return coloured * (0.15 + np.abs(np.sin(np.pi * speed * np.arange(size) / RATE)))


def _clicks(random: np.random.Generator, size: int) -> np.ndarray:
    sound = np.zeros(size)
    tick = random.normal(0, 1, 48) * np.exp(-np.arange(48) / 10)
    gap = round(RATE / random.uniform(6, 16))
    for start in range(0, size - 48, gap):
        place = start + int(random.integers(0, max(gap // 10, 1)))
        sound[place : place + 48] += tick[: max(0, size - place)][:48]
    return sound


KINDS: dict[str, Maker] = {
    "beeps": _beeps,
    "bell": _bell,
    "clicks": _clicks,
    "falling": _falling,
    "hum": _hum,
    "noise": _noise,
    "rising": _rising,
    "siren": _siren,
}
