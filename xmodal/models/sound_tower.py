"""A tower made of a sound event model: it knows 521 everyday sounds, where Whisper knows words."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xmodal.device import Device
from xmodal.models.sounds import load_sound_model
from xmodal.models.towers import Tower

_LEAST = 1e-7  # scores are clipped to stay off infinite logits


class SoundTower(Tower):
    """A token is the logits of all AudioSet classes over a stretch of the sound (YAMNet: each 0.48 s).

    On ESC-10, folds 1 to 3 in turns, a linear probe on their mean and maximum is right in 95.8 %, on Whisper base's two
    layers in 91.3 %. The network is not trained further.
    """

    modality = "audio"
    lora_targets = ()
    frozen_only = True

    def __init__(self, name: str, folder: Path, device: Device):
        super().__init__(name, nn.Identity())
        self.sounds = load_sound_model(folder, device)
        self.dim = len(self.sounds.labels)

    def prepare(self, values: list[np.ndarray]) -> dict[str, Tensor]:
        """See `Tower.prepare`; the network is run here, on one sound at a time."""
        scores = [torch.from_numpy(self.sounds.scores(value)).float().clamp(_LEAST, 1 - _LEAST) for value in values]
        counts = torch.tensor([len(rows) for rows in scores])
        return {"logits": nn.utils.rnn.pad_sequence([rows.logit() for rows in scores], True), "counts": counts}

    def forward(self, logits: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """See `Tower.forward`."""
        return logits, torch.arange(logits.shape[1], device=logits.device) < counts[:, None]

    def layers(self) -> list[nn.Module]:
        """See `Tower.layers`."""
        return []
