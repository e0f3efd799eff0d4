"""Towers that start from nothing, to compare with pretrained ones: an LSTM or a transformer.

They take words, a tenth of a second of sound, or patches of a picture, are small (below 10 MB), always trained in full,
and stored whole in the adapter.
"""

import torch
from torch import Tensor, nn

from xmodal.models.registry import find_model
from xmodal.models.sources import fetch
from xmodal.models.towers import DEFAULT_TOWERS, AudioTower, ImageTower, TextTower, Tower
from xmodal.progress import Reporter

WIDTH, LAYERS, HEADS, LONGEST = 128, 2, 4, 512
WORDS, SPECIAL = 8_192, 4  # ids below SPECIAL (begin, pad, end, unknown) stay as they are
_HASH = 2_654_435_761  # Knuth's multiplicative hashing, for 32 bits
_PIXELS, _PATCH = 128, 16
_FRAMES_A_TOKEN = 10


class ScratchNetwork(nn.Module):
    """Inputs to width 128, then an encoder.

    Args:
        kind: `scratch-lstm` or `scratch-transformer`.
        inputs: Makes `(batch, tokens, 128)` of what it is given.
    """

    def __init__(self, kind: str, inputs: nn.Module):
        super().__init__()
        self.inputs, self.norm = inputs, nn.LayerNorm(WIDTH)
        if kind == "scratch-lstm":
            self.encoder = nn.LSTM(WIDTH, WIDTH // 2, batch_first=True, bidirectional=True)
            return
        self.positions = nn.Parameter(torch.randn(LONGEST, WIDTH) * 0.02)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH), enable_nested_tensor=False)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Tokens `(batch, tokens, 128)`; each row has content, all of it at the beginning."""
        hidden = self.norm(self.inputs(values))
        if isinstance(self.encoder, nn.LSTM):
            lengths = mask.sum(dim=1).cpu()
            packed = nn.utils.rnn.pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
            return nn.utils.rnn.pad_packed_sequence(self.encoder(packed)[0], True, total_length=mask.shape[1])[0]
        return self.encoder(hidden + self.positions[: hidden.shape[1]], src_key_padding_mask=~mask)


class ScratchText(TextTower):
    """Words are those of the default text tower's tokenizer, hashed to a small vocabulary."""

    def __init__(self, name: str, max_length: int = LONGEST, report: Reporter | None = None):
        from transformers import AutoTokenizer

        Tower.__init__(self, name, ScratchNetwork(name, nn.Embedding(WORDS, WIDTH)))
        self.tokenizer = AutoTokenizer.from_pretrained(fetch(find_model(DEFAULT_TOWERS["text"]), report).path)
        self.dim, self.max_length, self.prefix = WIDTH, max_length, ""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """See `Tower.forward`."""
        hashed = SPECIAL + input_ids * _HASH % 2**32 % (WORDS - SPECIAL)
        mask = attention_mask.bool()
        return self.network(torch.where(input_ids < SPECIAL, input_ids, hashed), mask), mask


class ScratchImage(ImageTower):
    """Patches of 16 x 16 pixels of a picture made 128 x 128."""

    def __init__(self, name: str):
        Tower.__init__(self, name, ScratchNetwork(name, nn.Linear(3 * _PATCH**2, WIDTH)))
        self.dim = WIDTH
        self.set_transforms({"input_size": (3, _PIXELS, _PIXELS), "crop_pct": 1.0})

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See `Tower.forward`."""
        patches = nn.functional.unfold(pixels, _PATCH, stride=_PATCH).transpose(1, 2)
        mask = torch.ones(patches.shape[:2], dtype=torch.bool, device=pixels.device)
        return self.network(patches, mask), mask


class ScratchAudio(AudioTower):
    """Whisper's spectrogram, a tenth of a second a token."""

    def __init__(self, name: str):
        from transformers import WhisperFeatureExtractor

        bins = 80
        Tower.__init__(self, name, ScratchNetwork(name, nn.Linear(bins * _FRAMES_A_TOKEN, WIDTH)))
        self.features = WhisperFeatureExtractor(feature_size=bins)
        self.dim = WIDTH

    def forward(self, mel: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """See `Tower.forward`; `mel` is `(batch, 80, frames)`, the frames a multiple of 100."""
        frames = mel.unflatten(2, (-1, _FRAMES_A_TOKEN)).permute(0, 2, 1, 3).flatten(2)
        position = torch.arange(frames.shape[1], device=mel.device)
        content = (seconds[:, None] * self.FRAMES_PER_S / _FRAMES_A_TOKEN).ceil().clamp(min=1)
        mask = position < content
        return self.network(frames, mask), mask


def make_scratch_tower(modality: str, name: str, max_length: int = LONGEST, report: Reporter | None = None) -> Tower:
    """A tower with random weights; its source is `none`."""
    if modality == "text":
        tower = ScratchText(name, max_length, report)
    else:
        tower = {"image": ScratchImage, "audio": ScratchAudio}[modality](name)
    tower.pretrained, tower.source = False, "none"
    return tower
