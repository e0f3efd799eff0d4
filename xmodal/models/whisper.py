"""Whisper: sound windows in, text with its confidence out.

Windows are encoded whole (30 s, padded with silence) and decoded in batches, greedily first. A window whose text
repeats itself or is improbable is decoded again at rising temperatures, as openai/whisper does; its thresholds are
used here too.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xmodal.device import Device
from xmodal.models.quiet import quiet_transformers
from xmodal.models.whisper_decoder import DecoderState

SAMPLE_RATE = 16_000
WINDOW_S = 30.0
FRAMES_PER_S = 50
"""Encoder output frames a second."""

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MAX_COMPRESSION_RATIO = 2.4
MIN_AVERAGE_LOGPROB = -1.0
NO_SPEECH_PROB = 0.6
NO_SPACES = ("zh", "yue", "ja", "th", "lo", "my", "km")
"""Languages written without spaces between words."""

_TOKENS_PER_S, _TOKENS_BASE = 18, 24


@dataclass(frozen=True)
class Decoded:
    """The text of one window.

    Attributes:
        tokens: Text tokens, without special ones.
        text: The same, as a string.
        average_logprob: Mean log-probability a token, end of text included.
        no_speech_prob: Probability of the no-speech token at the start.
        temperature: The one it was decoded at.
    """

    tokens: tuple[int, ...]
    text: str
    average_logprob: float
    no_speech_prob: float
    temperature: float

    @property
    def compression_ratio(self) -> float:
        """How much zlib shrinks the text; repetition shows as a high value."""
        data = self.text.encode()
        return len(data) / len(zlib.compress(data)) if data else 0.0

    @property
    def is_doubtful(self) -> bool:
        """Whether it is worth decoding again."""
        return self.compression_ratio > MAX_COMPRESSION_RATIO or self.average_logprob < MIN_AVERAGE_LOGPROB

    @property
    def quality(self) -> tuple[bool, float]:
        """Sorts attempts: any that does not repeat itself before any that does, then the more probable."""
        return self.compression_ratio <= MAX_COMPRESSION_RATIO, self.average_logprob

    @property
    def is_silence(self) -> bool:
        """Whether the text was probably invented on a window without speech."""
        return self.no_speech_prob > NO_SPEECH_PROB and self.average_logprob < MIN_AVERAGE_LOGPROB


class Whisper:
    """A Whisper model in memory.

    Args:
        folder: A transformers folder with weights, tokenizer and feature extractor.
        device: Where and in what format to compute.
        adapt: Changes the float32 network before it is brought to the device's format.
    """

    def __init__(self, folder: Path, device: Device, adapt: Callable[[nn.Module], None] | None = None):
        from transformers import AutoTokenizer, WhisperFeatureExtractor

        quiet_transformers()
        self.device = device
        model = load_network(folder, torch.float32 if adapt else device.torch_dtype)
        if adapt:
            adapt(model)
        self.model = model.to(device.name, device.torch_dtype).eval()
        self.features = WhisperFeatureExtractor.from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.generation = self.model.generation_config
        self.languages = {token.strip("<|>"): i for token, i in self.generation.lang_to_id.items()}
        self.no_timestamps = self.generation.no_timestamps_token_id
        self.no_speech = self.no_timestamps - 1
        self.end_of_text = self.model.config.eos_token_id
        self._suppressed, self._suppressed_first = self._suppression_masks()

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        return sum(p.numel() * p.element_size() for p in self.model.parameters())

    @torch.inference_mode()
    def encode(self, windows: list[np.ndarray]) -> Tensor:
        """Encode windows of at most 30 s; returns `(batch, 1500, dim)`."""
        mel = self.mel(windows).to(self.device.name, self.device.torch_dtype)
        return self.model.get_encoder()(mel).last_hidden_state

    def mel(self, windows: list[np.ndarray]) -> Tensor:
        """What the encoder hears of windows of at most 30 s: `(batch, bands, 3000)` in float32."""
        return self.features(windows, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features

    @torch.inference_mode()
    def detect_language(self, encoded: Tensor) -> Tensor:
        """Probability of each language, in the order of `languages`, for each window: `(batch, languages)`."""
        state = DecoderState(self.model, encoded, max_tokens=1)
        start = torch.full((len(encoded), 1), self.generation.decoder_start_token_id, device=encoded.device)
        logits = state.logits(state.step(start))[:, 0]
        return logits[:, list(self.languages.values())].softmax(-1).cpu()

    def decode(self, encoded: Tensor, seconds: list[float], languages: list[str], task: str) -> list[Decoded]:
        """Decode encoded windows to text.

        Args:
            encoded: `(batch, 1500, dim)`.
            seconds: How much of each window is sound.
            languages: A code such as `en` for each window.
            task: `transcribe` or `translate`.
        """
        prompts = torch.tensor([self.prompt(language, task) for language in languages], device=encoded.device)
        best: list[Decoded | None] = [None] * len(seconds)
        todo = list(range(len(seconds)))
        for temperature in TEMPERATURES:
            tried = self._decode_once(encoded[todo], [seconds[i] for i in todo], prompts[todo], temperature)
            for i, decoded in zip(todo, tried, strict=True):
                if best[i] is None or decoded.quality > best[i].quality:
                    best[i] = decoded
            todo = [i for i, decoded in zip(todo, tried, strict=True) if decoded.is_doubtful and not decoded.is_silence]
            if not todo:
                break
        return best

    @torch.inference_mode()
    def _decode_once(self, encoded: Tensor, seconds, prompts: Tensor, temperature: float) -> list[Decoded]:
        """One pass over the batch; rows are dropped as they reach the end of the text."""
        limit = min(round(max(seconds) * _TOKENS_PER_S) + _TOKENS_BASE, self.model.config.max_target_positions // 2 - 4)
        state = DecoderState(self.model, encoded, prompts.shape[1] + limit)
        hidden = state.step(prompts)
        no_speech = state.logits(hidden[:, 0]).softmax(-1)[:, self.no_speech].tolist()
        generator = torch.Generator(device=encoded.device).manual_seed(0)
        tokens: list[list[int]] = [[] for _ in seconds]
        logprobs = [0.0] * len(seconds)
        rows = list(range(len(seconds)))
        for step in range(limit):
            scores = state.logits(hidden[:, -1]) + (self._suppressed_first if step == 0 else self._suppressed)
            chosen = _choose(scores, temperature, generator)
            gained = (scores.gather(1, chosen[:, None])[:, 0] - scores.logsumexp(-1)).tolist()
            going = []
            for at, (row, token) in enumerate(zip(rows, chosen.tolist(), strict=True)):
                logprobs[row] += gained[at]
                if token != self.end_of_text:
                    tokens[row].append(token)
                    going.append(at)
            if not going or step == limit - 1:
                break
            if len(going) < len(rows):
                rows = [rows[at] for at in going]
                kept = torch.tensor(going, device=encoded.device)
                chosen = chosen[kept]
                state.keep(kept)
            hidden = state.step(chosen[:, None])
        texts = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [
            Decoded(tuple(t), text.strip(), logprob / (len(t) + 1), silent, temperature)
            for t, text, logprob, silent in zip(tokens, texts, logprobs, no_speech, strict=True)
        ]

    def prompt(self, language: str, task: str) -> list[int]:
        """The tokens every decoding starts from."""
        start = self.generation.decoder_start_token_id
        return [start, self.languages[language], self.generation.task_to_id[task], self.no_timestamps]

    def target(self, text: str, language: str) -> list[int]:
        """The tokens that are to be written for `text`: the prompt, the text as Whisper writes it, and its end."""
        # Whisper starts a text with a space, except where the language has none between words.
        text = text if language in NO_SPACES else f" {text}"
        tokens = self.tokenizer(text, add_special_tokens=False).input_ids
        return [*self.prompt(language, "transcribe"), *tokens, self.end_of_text]

    def _suppression_masks(self) -> tuple[Tensor, Tensor]:
        """What is added to the scores: -inf at tokens that are not text, at the start at blank and the end too."""
        mask = torch.zeros(self.model.config.vocab_size)
        mask[self.generation.suppress_tokens] = -torch.inf
        mask[self.end_of_text + 1 :] = -torch.inf
        first = mask.clone()
        first[self.generation.begin_suppress_tokens] = -torch.inf
        return mask.to(self.device.name), first.to(self.device.name)


def load_network(folder: Path, dtype: torch.dtype) -> nn.Module:
    """The `WhisperForConditionalGeneration` in a transformers folder."""
    from transformers import WhisperForConditionalGeneration

    return WhisperForConditionalGeneration.from_pretrained(folder, dtype=dtype)


def _choose(scores: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    if temperature == 0:
        return scores.argmax(-1)
    return torch.multinomial((scores / temperature).softmax(-1), 1, generator=generator)[:, 0]
