"""The classifier family: what is trained on top of one, two or three towers to give each label a score."""

from dataclasses import asdict, dataclass, fields
from typing import Literal

import torch
from torch import Tensor, nn

from xmodal.errors import InputError
from xmodal.modalities import MODALITIES
from xmodal.models.fusion import ATTENTION_HEADS, FUSION_NAMES, FUSIONS, FusionName, LateFusion, TokenPool

Stage = Literal["heads", "fusion", "all"]


@dataclass(frozen=True)
class ClassifierConfig:
    """All that is needed to build a `ClassifierHead`.

    Attributes:
        towers: Modality to the registered name of its tower; put in the order text, image, audio.
        dims: Modality to the width of its tower's tokens.
        labels: The classes, in the order of the logits.
        fusion: How modalities are combined.
        width: The width that all modalities are projected to.
        dropout: Probability that a value is dropped in training.
        modality_dropout: Probability that a present modality is hidden in training; a row always keeps one.
        fill_missing: A missing modality counts as the mean of the training tokens instead of a learned stand-in.
    """

    towers: dict[str, str]
    dims: dict[str, int]
    labels: tuple[str, ...]
    fusion: FusionName = "concat"
    width: int = 256
    dropout: float = 0.1
    modality_dropout: float = 0.0
    fill_missing: bool = False

    def __post_init__(self):
        _check(self)
        order = [modality for modality in MODALITIES if modality in self.towers]
        object.__setattr__(self, "towers", {modality: self.towers[modality] for modality in order})
        object.__setattr__(self, "dims", {modality: int(self.dims[modality]) for modality in order})
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities in their fixed order."""
        return tuple(self.towers)

    def to_dict(self) -> dict:
        """Plain values, for JSON."""
        return {**asdict(self), "labels": list(self.labels)}

    @classmethod
    def from_dict(cls, values: dict) -> "ClassifierConfig":
        """What `to_dict` wrote.

        Raises:
            InputError: A key is unknown or absent, or a value cannot be used.
        """
        known = [field.name for field in fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise InputError(
                f"A classifier has no setting named {', '.join(map(repr, unknown))}.",
                f"Use only: {', '.join(known)}; or update xmodal, if a newer version wrote this.",
            )
        absent = [key for key in ("towers", "dims", "labels") if key not in values]
        if absent:
            raise InputError(f"A classifier needs {' and '.join(absent)}.", "Add it to the settings.")
        return cls(**values)


class ClassifierHead(nn.Module):
    """Pools, fusion and label head: everything that is trained on top of the towers.

    Args:
        config: Its shape.
    """

    def __init__(self, config: ClassifierConfig):
        super().__init__()
        self.config = config
        self.pools = nn.ModuleDict(
            {m: TokenPool(dim, config.width, config.dropout, config.fill_missing) for m, dim in config.dims.items()}
        )
        dims = list(config.dims.values())
        self.fusion = FUSIONS[config.fusion](dims, config.width, len(config.labels), config.dropout)

    def forward(self, tokens: dict[str, Tensor], masks: dict[str, Tensor], present: dict[str, Tensor]) -> Tensor:
        """Logits `(batch, labels)`.

        Args:
            tokens: Modality to `(batch, tokens, dim)`, any float type. A modality left out is missing in all rows.
            masks: Modality to `(batch, tokens)`, True where there is content; a row without any is missing.
            present: Modality to `(batch,)`; one left out is present wherever its mask has content.

        Raises:
            InputError: A modality has no tower here, or there is nothing to tell the number of rows from.
        """
        return self.fusion(self._pool(tokens, masks, present))

    def modality_logits(
        self,
        tokens: dict[str, Tensor],
        masks: dict[str, Tensor],
        present: dict[str, Tensor],
        heads: nn.ModuleDict | None = None,
    ) -> dict[str, Tensor]:
        """Each modality's own logits `(batch, labels)`, from its stand-in where it is missing.

        Args:
            tokens: As for `forward`.
            masks: As for `forward`.
            present: As for `forward`.
            heads: Modality to what makes logits of its vector; late fusion has its own.

        Raises:
            InputError: No heads are given and the fusion has none, or as for `forward`.
        """
        if heads is None and not isinstance(self.fusion, LateFusion):
            raise InputError(
                f"With {self.config.fusion} fusion the modalities have no heads of their own.",
                "Set fusion to late, or give heads.",
            )
        pooled = self._pool(tokens, masks, present)
        if heads is None:
            return dict(zip(self.config.modalities, self.fusion.each(pooled), strict=True))
        return {m: heads[m](item.vector) for m, item in zip(self.config.modalities, pooled, strict=True)}

    def stage_parameters(self, stage: Stage) -> list[nn.Parameter]:
        """What a stage of the staged schedule trains.

        `heads` is all that belongs to one modality (pools, stand-ins, with late fusion its head), `fusion` the rest.
        """
        if stage == "all":
            return list(self.parameters())
        own = list(self.pools.parameters())
        if isinstance(self.fusion, LateFusion):
            own += list(self.fusion.heads.parameters())
        if stage == "heads":
            return own
        taken = {id(parameter) for parameter in own}
        return [parameter for parameter in self.parameters() if id(parameter) not in taken]

    def set_fillers(self, means: dict[str, Tensor]) -> None:
        """The mean `(dim,)` of each modality's training tokens, for `fill_missing`."""
        for modality, mean in means.items():
            self.pools[modality].filler.copy_(mean)

    def calibrate(self, statistics: dict[str, tuple[Tensor, Tensor]]) -> None:
        """Standardise tokens by the mean and deviation `(dim,)` of each modality's training tokens; optional."""
        for modality, (mean, deviation) in statistics.items():
            self.pools[modality].calibrate(mean, deviation)

    def _pool(self, tokens: dict[str, Tensor], masks: dict[str, Tensor], present: dict[str, Tensor]) -> list:
        strange = [modality for modality in tokens if modality not in self.pools]
        if strange:
            raise InputError(
                f"This classifier has no tower for {' and '.join(strange)}.",
                f"Give it {', '.join(self.config.modalities)} only.",
            )
        rows = _count_rows(tokens, present)
        device = next(self.parameters()).device
        inputs = {}
        for modality, dim in self.config.dims.items():
            if modality in tokens:
                values, mask = tokens[modality], masks[modality].bool()
                there = present[modality].bool() if modality in present else mask.any(dim=1)
            else:  # one empty token, so that the parameters take part all the same
                values = torch.zeros(rows, 1, dim, device=device)
                mask = torch.zeros(rows, 1, dtype=torch.bool, device=device)
                there = mask[:, 0]
            inputs[modality] = (values, mask, there & mask.any(dim=1))
        shown = self._hide_some(torch.stack([there for _, _, there in inputs.values()], dim=1))
        return [
            self.pools[modality](values, mask, shown[:, index])
            for index, (modality, (values, mask, _)) in enumerate(inputs.items())
        ]

    def _hide_some(self, present: Tensor) -> Tensor:
        """Modality dropout on `(batch, modalities)`, in training only."""
        if not self.training or not self.config.modality_dropout:
            return present
        luck = torch.rand(present.shape, device=present.device).masked_fill(~present, -1.0)
        keep = luck >= self.config.modality_dropout
        luckiest = torch.zeros_like(present).scatter(1, luck.argmax(dim=1, keepdim=True), True)
        return present & (keep | luckiest)


@torch.no_grad()
def contributions(
    head: ClassifierHead,
    tokens: dict[str, Tensor],
    masks: dict[str, Tensor],
    present: dict[str, Tensor],
    label_index: int,
) -> dict[str, float]:
    """How far a label's probability drops when each modality is hidden, for a batch of one row.

    Negative where a modality speaks against the label. Modalities that are missing anyway are left out.
    """
    was_training = head.training
    head.eval()
    try:
        full = _probability(head, tokens, masks, present, label_index)
        drops = {}
        for modality in head.config.modalities:
            if modality not in tokens or not masks[modality].any() or not present.get(modality, masks[modality]).any():
                continue
            rest = {key: value for key, value in tokens.items() if key != modality}
            hidden = {**present, modality: torch.zeros(1, dtype=torch.bool, device=tokens[modality].device)}
            drops[modality] = full - _probability(head, rest, masks, hidden, label_index)
        return drops
    finally:
        head.train(was_training)


def _probability(head: ClassifierHead, tokens: dict, masks: dict, present: dict, label_index: int) -> float:
    return head(tokens, masks, present).float().softmax(dim=-1)[0, label_index].item()


def _count_rows(tokens: dict[str, Tensor], present: dict[str, Tensor]) -> int:
    for value in (*tokens.values(), *present.values()):
        return len(value)
    raise InputError("There is nothing to classify.", "Give at least one of text, image and audio.")


def _check(config: ClassifierConfig) -> None:
    """Refuse what no classifier can be built from."""
    if not config.towers or set(config.towers) - set(MODALITIES):
        raise InputError(
            f"A classifier cannot have the towers {list(config.towers)}.",
            f"Use one or more of {', '.join(MODALITIES)}.",
        )
    if set(config.dims) != set(config.towers):
        raise InputError(
            f"There are widths for {sorted(config.dims)}, but towers for {sorted(config.towers)}.",
            "Give the width of each tower.",
        )
    if isinstance(config.labels, str) or not config.labels or len(set(config.labels)) != len(config.labels):
        raise InputError(f"The labels {config.labels!r} cannot be told apart.", "Give a list of different labels.")
    if config.fusion not in FUSION_NAMES:
        raise InputError(f"There is no fusion named {config.fusion!r}.", f"Choose one of: {', '.join(FUSION_NAMES)}.")
    if config.width < 1 or config.width % ATTENTION_HEADS:
        raise InputError(f"The width {config.width} cannot be used.", f"Choose a multiple of {ATTENTION_HEADS}.")
    for key in ("dropout", "modality_dropout"):
        if not 0 <= getattr(config, key) < 1:
            raise InputError(f"The {key} {getattr(config, key)} cannot be used.", "Choose a number from 0 to below 1.")
