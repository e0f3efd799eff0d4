"""When each word was said, from where Whisper's decoder looks (cross-attention).

The method is that of openai/whisper's `timing.py`: the finished text is fed once more, the attention of the heads
known to follow the sound is normalised and smoothed, and a monotonic path through it gives each token its frames.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xmodal.models.whisper import FRAMES_PER_S, Decoded, Whisper
from xmodal.models.whisper_decoder import DecoderState

_MEDIAN_WIDTH = 7
_LANGUAGE_NAMES_WITHOUT_SPACES = {
    "zh": "chinese",
    "ja": "japanese",
    "th": "thai",
    "lo": "lao",
    "my": "myanmar",
    "yue": "cantonese",
}


@dataclass(frozen=True)
class AlignedWord:
    """A word (with its leading space, where the language has them) and its time in the window, in seconds."""

    text: str
    start: float
    end: float


@torch.inference_mode()
def align(
    whisper: Whisper, encoded: Tensor, decoded: list[Decoded], seconds: list[float], languages: list[str], task: str
) -> list[list[AlignedWord]]:
    """Words with times for each window.

    Args:
        whisper: The model that decoded.
        encoded: Encoder output `(batch, 1500, dim)`.
        decoded: What `whisper.decode` gave for it.
        seconds: How much of each window is sound.
        languages: Language code of each window.
        task: As given to `decode`.
    """
    prompts = [whisper.prompt(language, task) for language in languages]
    rows = [[*prompt, *d.tokens] for prompt, d in zip(prompts, decoded, strict=True)]
    longest = max(map(len, rows))
    padded = torch.tensor([row + [whisper.end_of_text] * (longest - len(row)) for row in rows], device=encoded.device)
    state = DecoderState(whisper.model, encoded, longest)
    weights = state.step_with_attention(padded, _alignment_heads(whisper)).cpu()
    skip = len(prompts[0]) - 1
    words = []
    for i, (d, language) in enumerate(zip(decoded, languages, strict=True)):
        frames = max(round(seconds[i] * FRAMES_PER_S), len(d.tokens) + 2)
        matrix = _sharpen(weights[i, :, skip : skip + len(d.tokens) + 1, :frames])
        starts = monotonic_starts(-matrix) / FRAMES_PER_S
        words.append(_words(whisper.tokenizer, d.tokens, starts, language))
    return words


def monotonic_starts(cost: np.ndarray) -> np.ndarray:
    """First frame of each token on the cheapest path that gives every token one frame or more, in order.

    Args:
        cost: `(tokens, frames)`, at least as many frames as tokens.

    Returns:
        Integers `(tokens,)`, rising, the first 0.
    """
    tokens, frames = cost.shape
    total = np.full(tokens, np.inf)
    total[0] = cost[0, 0]
    moved = np.zeros((frames, tokens), dtype=bool)
    for frame in range(1, frames):
        from_previous = np.concatenate(([np.inf], total[:-1]))
        moved[frame] = from_previous < total
        total = np.where(moved[frame], from_previous, total) + cost[:, frame]
    starts = np.zeros(tokens, dtype=np.int64)
    token = tokens - 1
    for frame in range(frames - 1, 0, -1):
        if moved[frame, token]:
            starts[token] = frame
            token -= 1
    return starts


def _sharpen(weights: Tensor) -> np.ndarray:
    """`(heads, tokens, frames)` attention to one smoothed `(tokens, frames)` map."""
    from scipy.ndimage import median_filter

    weights = weights / weights.sum(-1, keepdim=True)
    std, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    normalised = ((weights - mean) / std.clamp_min(1e-8)).numpy()
    return median_filter(normalised, size=(1, 1, _MEDIAN_WIDTH)).mean(axis=0)


def _alignment_heads(whisper: Whisper) -> list[tuple[int, int]]:
    """`(layer, head)` pairs; all heads of the upper half where the model names none."""
    named = getattr(whisper.generation, "alignment_heads", None)
    if named:
        return [tuple(pair) for pair in named]
    config = whisper.model.config
    layers = range(config.decoder_layers // 2, config.decoder_layers)
    return [(layer, head) for layer in layers for head in range(config.decoder_attention_heads)]


def _words(tokenizer, tokens: tuple[int, ...], starts: np.ndarray, language: str) -> list[AlignedWord]:
    """Group tokens into words; `starts` has one entry more, the end of the text."""
    from transformers.models.whisper.tokenization_whisper import _combine_tokens_into_words

    if not tokens:
        return []
    name = _LANGUAGE_NAMES_WITHOUT_SPACES.get(language, "english")
    texts, _, indices = _combine_tokens_into_words(tokenizer, list(tokens), name)
    return [
        AlignedWord(text, float(starts[at[0]]), float(starts[at[-1] + 1]))
        for text, at in zip(texts, indices, strict=True)
        if at
    ]
