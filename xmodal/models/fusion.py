"""Fusion: what several modalities say, made into one set of logits.

`TokenPool` turns the tokens of one modality into one vector; where it is missing, into its learned stand-in, or it
takes the mean of the training tokens instead. The fusions take what the pools give, in the order of the modalities,
and end in logits `(batch, labels)`.

Each parameter takes part in each forward pass, also when a modality is missing from the whole batch, so that
distributed training need not look for unused ones. Shapes: B rows, T tokens, D the tower's width, W the common width,
L labels.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

FusionName = Literal["concat", "product", "attention", "late"]
FUSION_NAMES: tuple[FusionName, ...] = get_args(FusionName)
ATTENTION_HEADS, ATTENTION_LAYERS = 4, 2
_STAND_IN_STD = 0.02  # as for the embeddings of BERT


@dataclass(frozen=True)
class Pooled:
    """One modality, ready to be fused.

    Attributes:
        vector: `(B, W)`; the stand-in in rows where the modality is missing.
        tokens: `(B, T, D)`, normalised; finite also where masked.
        mask: `(B, T)`, True where there is content; all False in rows where the modality is missing.
        present: `(B,)`; True also where the mean of the training tokens was filled in.
    """

    vector: Tensor
    tokens: Tensor
    mask: Tensor
    present: Tensor


class TokenPool(nn.Module):
    """Tokens of one modality to one vector: their mean, a learned weighting, and their maximum, side by side.

    The weighting starts out even, so that training starts from plain mean pooling, which few examples suffice for.

    Args:
        dim: Width of the tokens.
        width: Of the vector.
        dropout: Before the projection.
        fill: Where the modality is missing, take the mean of the training tokens instead of a learned stand-in.
    """

    def __init__(self, dim: int, width: int, dropout: float, fill: bool = False):
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(dim))
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Parameter(torch.zeros(dim))
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(3 * dim, width)
        self.fill = fill
        if fill:
            self.register_buffer("filler", torch.zeros(dim))
        else:
            self.stand_in = nn.Parameter(torch.randn(width) * _STAND_IN_STD)

    def calibrate(self, mean: Tensor, deviation: Tensor) -> None:
        """Standardise the tokens from now on; both `(D,)`, over the training tokens.

        Frozen towers have a few dimensions far larger than the rest, and a mean far from zero, that hide what differs.
        """
        self.mean.copy_(mean)
        self.deviation.copy_(deviation.clamp(min=1e-4))

    def forward(self, tokens: Tensor, mask: Tensor, present: Tensor) -> Pooled:
        """Pool `(B, T, D)`; a row that is present but has no content counts as missing."""
        mask = mask & present[:, None]
        present = mask.any(dim=1)
        # What is masked may be anything, NaN included, and NaN times zero is NaN.
        tokens = tokens.to(self.norm.weight.dtype).masked_fill(~mask[..., None], 0.0)
        if self.fill:
            first = ~present[:, None] & (torch.arange(mask.shape[1], device=mask.device) == 0)
            tokens = torch.where(first[..., None], self.filler, tokens)
            mask, present = mask | first, torch.ones_like(present)
        tokens = self.norm((tokens - self.mean) / self.deviation).masked_fill(~mask[..., None], 0.0)
        mean = tokens.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        scores = (tokens * self.query).sum(dim=-1) * tokens.shape[-1] ** -0.5
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=1)  # even if all is masked
        weighted = (weights[..., None] * tokens).sum(dim=1)
        highest = tokens.masked_fill(~mask[..., None], torch.finfo(tokens.dtype).min).amax(dim=1)
        highest = highest.masked_fill(~mask.any(dim=1, keepdim=True), 0.0)
        vector = self.project(self.dropout(torch.cat([mean, weighted, highest], dim=-1)))
        if not self.fill:
            vector = torch.where(present[:, None], vector, self.stand_in.to(vector.dtype))
        return Pooled(vector, tokens, mask, present)


class LabelHead(nn.Module):
    """Vector `(B, in_dim)` to logits `(B, L)`: a linear probe beside an MLP, for few examples and for many."""

    def __init__(self, in_dim: int, width: int, labels: int, dropout: float):
        super().__init__()
        self.linear = nn.Linear(in_dim, labels)
        self.mlp = nn.Sequential(
            nn.LayerNorm(in_dim), nn.Linear(in_dim, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, labels)
        )

    def forward(self, vector: Tensor) -> Tensor:
        """See the class."""
        return self.linear(vector) + self.mlp(vector)


class ConcatFusion(nn.Module):
    """Vectors side by side, then a head."""

    def __init__(self, dims: list[int], width: int, labels: int, dropout: float):
        super().__init__()
        self.head = LabelHead(len(dims) * width, width, labels, dropout)

    def forward(self, pooled: list[Pooled]) -> Tensor:
        """Logits `(B, L)`."""
        return self.head(torch.cat([item.vector for item in pooled], dim=-1))


class ProductFusion(nn.Module):
    """Element-wise product of gated vectors, beside their sum, then a head.

    Each modality's factor is `1 + gate * tanh(x)` with a gate below one. It is never zero, so no modality can blot out
    the rest, and one that says nothing (x near 0) leaves the product as it is. Multiplied out, it holds each modality,
    each pair and the triple.
    """

    GATE_START = 2.0  # sigmoid(2) = 0.88: interactions are there from the start

    def __init__(self, dims: list[int], width: int, labels: int, dropout: float):
        super().__init__()
        self.factors = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.Tanh()) for _ in dims
        )
        self.gates = nn.Parameter(torch.full((len(dims), width), self.GATE_START))
        self.head = LabelHead(2 * width, width, labels, dropout)

    def forward(self, pooled: list[Pooled]) -> Tensor:
        """Logits `(B, L)`."""
        product = torch.ones_like(pooled[0].vector)
        for item, factor, gate in zip(pooled, self.factors, self.gates.sigmoid(), strict=True):
            product = product * (1 + gate * factor(item.vector))
        total = torch.stack([item.vector for item in pooled]).sum(dim=0)
        return self.head(torch.cat([product, total.to(product.dtype)], dim=-1))


class AttentionFusion(nn.Module):
    """A small transformer over a class token, each modality's vector, and all tokens.

    Where a modality is missing, its vector, which is the stand-in, is the only token it has.
    """

    def __init__(self, dims: list[int], width: int, labels: int, dropout: float):
        super().__init__()
        self.class_token = nn.Parameter(torch.randn(width) * _STAND_IN_STD)
        self.project = nn.ModuleList(nn.Linear(dim, width) for dim in dims)
        self.modality = nn.Parameter(torch.randn(len(dims), width) * _STAND_IN_STD)
        layer = nn.TransformerEncoderLayer(
            width, ATTENTION_HEADS, 4 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, ATTENTION_LAYERS, nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = LabelHead(width, width, labels, dropout)

    def forward(self, pooled: list[Pooled]) -> Tensor:
        """Logits `(B, L)`."""
        rows = len(pooled[0].vector)
        sequence = [self.class_token.expand(rows, 1, -1)]
        content = [pooled[0].mask.new_ones(rows, 1 + len(pooled))]  # the class token keeps softmax off empty rows
        sequence += [(item.vector + modality)[:, None] for item, modality in zip(pooled, self.modality, strict=True)]
        for item, project, modality in zip(pooled, self.project, self.modality, strict=True):
            sequence.append(project(item.tokens) + modality)
            content.append(item.mask)
        hidden = torch.cat(sequence, dim=1)  # (B, 1 + modalities + all tokens, W)
        encoded = self.encoder(hidden, src_key_padding_mask=~torch.cat(content, dim=1))
        return self.head(encoded[:, 0])


class LateFusion(nn.Module):
    """One head a modality; those that are present vote with learned weights.

    Where all are missing, all vote, from their stand-ins.
    """

    def __init__(self, dims: list[int], width: int, labels: int, dropout: float):
        super().__init__()
        self.heads = nn.ModuleList(LabelHead(width, width, labels, dropout) for _ in dims)
        self.votes = nn.Parameter(torch.zeros(len(dims)))
        self.log_scale = nn.Parameter(torch.zeros(()))  # agreement of several heads is worth more than their average

    def each(self, pooled: list[Pooled]) -> list[Tensor]:
        """Logits `(B, L)` of each modality by itself."""
        return [head(item.vector) for head, item in zip(self.heads, pooled, strict=True)]

    def forward(self, pooled: list[Pooled]) -> Tensor:
        """Logits `(B, L)`."""
        logits = torch.stack(self.each(pooled), dim=1)  # (B, modalities, L)
        present = torch.stack([item.present for item in pooled], dim=1)
        voting = present | ~present.any(dim=1, keepdim=True)
        weights = self.votes.expand(voting.shape).masked_fill(~voting, -torch.inf).softmax(dim=1)
        return (weights[..., None] * logits).sum(dim=1) * self.log_scale.exp()


FUSIONS: dict[FusionName, type[nn.Module]] = {
    "concat": ConcatFusion,
    "product": ProductFusion,
    "attention": AttentionFusion,
    "late": LateFusion,
}
