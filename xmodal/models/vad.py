"""Where somebody speaks: silero-vad over whole blocks of sound."""

from functools import lru_cache
from importlib.resources import files

import numpy as np

SAMPLE_RATE = 16_000


def find_speech(samples: np.ndarray, max_speech_s: float) -> list[tuple[int, int]]:
    """Stretches of speech in a block.

    Args:
        samples: float32 `(samples,)` at 16 kHz.
        max_speech_s: Longer stretches are split at their longest pause.

    Returns:
        `(start, end)` in samples, in order, without padding.
    """
    silero = _import_silero()
    probabilities = _model().audio_forward(samples, SAMPLE_RATE)
    spans = silero.get_speech_timestamps_from_probs(
        probabilities.tolist(),
        sampling_rate=SAMPLE_RATE,
        max_speech_duration_s=max_speech_s,
        min_speech_duration_ms=100,
        min_silence_duration_ms=200,
        speech_pad_ms=0,
        audio_length_samples=len(samples),
    )
    return [(span["start"], span["end"]) for span in spans]


@lru_cache(maxsize=1)
def _import_silero():
    """The silero_vad package; importing it sets torch to one thread for the whole process, which is undone here."""
    import torch

    threads = torch.get_num_threads()
    import silero_vad

    torch.set_num_threads(threads)
    return silero_vad


@lru_cache(maxsize=1)
def _model():
    """The network inside the silero-vad package; its session may be shared by threads."""
    silero = _import_silero()
    return silero.SileroVADSequence(str(files("silero_vad.data") / "silero_vad_16k_sequence.onnx"))
