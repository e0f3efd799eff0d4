"""What a language model remembers of several texts that begin alike, for a search with beams.

transformers reads the beginning once for each beam, and copies all of what is remembered for each token, to append to
it and to bring the beams into order. Here the beginning is read once, there is room for what comes, and only what was
written since is moved, where it moves at all.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer


class BeamCache(Cache):
    """A cache for `generate` of texts whose beginnings were read.

    Args:
        read: What was read, a row for each text.
        beams: Rows for each.
        room: Tokens that are written at most.
    """

    def __init__(self, read: Sequence[DynamicLayer], beams: int, room: int):
        super().__init__(layers=[_RoomyLayer(layer, beams, room) for layer in read])

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Row i becomes what row `beam_idx[i]` was; both are of the same text."""
        moved = (beam_idx != torch.arange(len(beam_idx), device=beam_idx.device)).nonzero().flatten()
        if len(moved):
            for layer in self.layers:
                layer.move(moved, beam_idx[moved])


class _RoomyLayer(DynamicLayer):
    """Keys and values `(rows, heads, tokens, dim)` that are the first places of larger tensors."""

    def __init__(self, read: DynamicLayer, beams: int, room: int):
        super().__init__()
        self.dtype, self.device, self.is_initialized = read.keys.dtype, read.keys.device, True
        self.begun = read.keys.shape[-2]
        self.roomy = [_widen(states, beams, room) for states in (read.keys, read.values)]
        self._show(self.begun)

    def update(self, key_states: Tensor, value_states: Tensor, *args, **kwargs) -> tuple[Tensor, Tensor]:
        """Write the next tokens; returns all keys and values."""
        del args, kwargs
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        for roomy, states in zip(self.roomy, (key_states, value_states), strict=True):
            roomy[:, :, start:end] = states
        self._show(end)
        return self.keys, self.values

    def move(self, rows: Tensor, sources: Tensor) -> None:
        """Rows become what others were, in what was written; they begin alike."""
        for states in (self.keys, self.values):
            written = states[:, :, self.begun :]
            written[rows] = written[sources]

    def _show(self, length: int) -> None:
        self.keys, self.values = (roomy[:, :, :length] for roomy in self.roomy)


def widen(cache: DynamicCache, beams: int, room: int) -> Cache:
    """A cache with a row for each beam, of one with a row for each text.

    Args:
        cache: Of the texts' beginnings.
        beams: Rows for each text.
        room: Tokens that are written at most.
    """
    if all(type(layer) is DynamicLayer for layer in cache.layers):
        return BeamCache(cache.layers, beams, room)
    cache.batch_repeat_interleave(beams)  # of models that look back a little way only
    return cache


def _widen(states: Tensor, beams: int, room: int) -> Tensor:
    rows, heads, length, dim = states.shape
    roomy = states.new_empty(rows * beams, heads, length + room, dim)
    roomy[:, :, :length] = states.repeat_interleave(beams, dim=0)
    return roomy
