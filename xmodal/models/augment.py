"""Variation of what trained towers and heads are given, in training only; drawn from torch's own random numbers.

B rows, T tokens or frames, F bins of a spectrogram.
"""

import torch
from torch import Tensor

_STRETCHES = 2
_LONGEST_TIME, _LONGEST_BAND = 0.1, 0.15  # as shares of the sound and of the bins
_NOISE_LOG10 = (-5.0, -2.0)  # 50 to 20 dB below the loudest bin
_NOISY_ROWS = 0.5


def hide_words(ids: Tensor, replaceable: Tensor, share: float, mask_id: int) -> Tensor:
    """Token numbers `(B, T)` with a share of the replaceable ones made the mask token."""
    hidden = (torch.rand(ids.shape, device=ids.device) < share) & replaceable
    return ids.masked_fill(hidden, mask_id)


def hide_tokens(mask: Tensor, share: float, in_one: bool) -> Tensor:
    """The mask `(B, T)` without a share of each row's tokens, at random or `in_one` stretch; each row keeps one."""
    if in_one:
        counts = mask.sum(dim=1)
        length = torch.minimum((share * counts).round(), (counts - 1).clamp(min=0))
        start = (torch.rand(len(mask), device=mask.device) * (counts - length + 1)).floor()
        position = mask.cumsum(dim=1) - 1
        return mask & ~((position >= start[:, None]) & (position < (start + length)[:, None]))
    luck = torch.rand(mask.shape, device=mask.device).masked_fill(~mask, -1.0)
    luckiest = torch.zeros_like(mask).scatter(1, luck.argmax(dim=1, keepdim=True), True)
    return mask & ((luck >= share) | luckiest)


def mask_spectrogram(mel: Tensor, frames: Tensor) -> Tensor:
    """SpecAugment (Park et al., 2019): in each row some stretches of time and bands are set to the row's mean.

    Args:
        mel: `(B, F, T)`.
        frames: `(B,)`, how many have content.
    """
    hidden = torch.zeros_like(mel, dtype=torch.bool)
    bins = torch.full_like(frames, mel.shape[1])
    for _ in range(_STRETCHES):
        hidden |= _stretches(mel.shape[2], frames, _LONGEST_TIME)[:, None, :]
        hidden |= _stretches(mel.shape[1], bins, _LONGEST_BAND)[:, :, None]
    return torch.where(hidden, mel.mean(dim=(1, 2), keepdim=True), mel)


def add_noise(mel: Tensor) -> Tensor:
    """White noise of random loudness under half of the sounds, given as Whisper's spectrogram `(B, F, T)`.

    Whisper's values are `log10(power) / 4 + 1`.
    """
    power = 4 * mel - 4
    low, high = _NOISE_LOG10
    level = power.amax(dim=(1, 2), keepdim=True) + low + (high - low) * torch.rand(len(mel), 1, 1, device=mel.device)
    noise = level + 0.25 * torch.randn_like(mel)
    ten = torch.tensor(10.0, device=mel.device).log()
    noisy = torch.logaddexp(power * ten, noise * ten) / ten / 4 + 1
    return torch.where(torch.rand(len(mel), 1, 1, device=mel.device) < _NOISY_ROWS, noisy, mel)


def _stretches(size: int, within: Tensor, longest: float) -> Tensor:
    """One random stretch a row, `(B, size)` bool, at most a share `longest` of the first `within` places."""
    length = torch.rand(within.shape, device=within.device) * longest * within
    start = torch.rand(within.shape, device=within.device) * (within - length)
    place = torch.arange(size, device=within.device)
    return (place >= start[:, None]) & (place < (start + length)[:, None])
