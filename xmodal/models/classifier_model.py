"""What the Trainer trains: a classifier head, with the towers under it where they are trained too."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_tensors
from xmodal.models.augment import hide_tokens
from xmodal.models.classifier import ClassifierConfig, ClassifierHead, Stage
from xmodal.models.towers import Tower

_SHORT = 192
"""Tokens up to which fused attention is slower in training on a CPU."""
LORA_PREFIX, TOWER_PREFIX = "lora_", "tower_"


@dataclass(frozen=True)
class LossConfig:
    """What training minimises beside the cross-entropy, and what it hides.

    Attributes:
        teacher: Weight of the teacher's logits; the labels have the rest of 1.
        temperature: Both are softened by it before they are compared.
        pull: Weight of the distance from the pretrained towers' pooled tokens.
        token_dropout: Share of the frozen towers' tokens that are hidden.
    """

    teacher: float = 0.0
    temperature: float = 1.0
    pull: float = 0.0
    token_dropout: float = 0.0


class ClassifierModel(nn.Module):
    """Head and towers behind the keyword arguments that the collator makes.

    Args:
        config: Of the head.
        towers: Those that are trained; frozen ones have given their tokens beforehand.
        class_weights: For the loss; None counts all rows alike.
        loss: What else is minimised.

    Attributes:
        stage: What is trained; see `ClassifierHead.stage_parameters`.
        own_heads: In the stage `heads`, heads of the modalities for fusions that have none; not stored.
        anchor_variance: Variance of each modality's anchors, which the distance from them is measured in.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        towers: dict[str, Tower],
        class_weights: Tensor | None = None,
        loss: LossConfig = LossConfig(),
    ):
        super().__init__()
        self.head = ClassifierHead(config)
        self.towers = nn.ModuleDict(towers)
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.loss, self.stage = loss, "all"
        self.own_heads: nn.ModuleDict | None = None
        self.anchor_variance: dict[str, float] = {}
        self._tower_parameters = [p for p in self.towers.parameters() if p.requires_grad]

    def enter_stage(self, stage: Stage) -> None:
        """Train only what belongs to a stage of the staged schedule, or `all`; the towers belong to `heads`."""
        config, self.stage, self.own_heads = self.head.config, stage, None
        self.head.requires_grad_(False)
        for parameter in self.head.stage_parameters(stage):
            parameter.requires_grad_(True)
        for parameter in self._tower_parameters:
            parameter.requires_grad_(stage != "fusion")
        if stage == "heads" and config.fusion != "late":
            device = next(self.head.parameters()).device
            self.own_heads = nn.ModuleDict(
                {m: nn.Linear(config.width, len(config.labels), device=device) for m in config.modalities}
            )

    def train(self, mode: bool = True) -> "ClassifierModel":
        """As for any module, but towers that rest in this stage keep still: no variation, no moving batch norms."""
        super().train(mode)
        if self.stage == "fusion":
            self.towers.eval()
        return self

    def forward(
        self,
        present: dict[str, Tensor],
        tokens: dict[str, Tensor] | None = None,
        masks: dict[str, Tensor] | None = None,
        inputs: dict[str, dict[str, Tensor]] | None = None,
        labels: Tensor | None = None,
        teacher: Tensor | None = None,
        prior: Tensor | None = None,
        anchors: dict[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Logits `(batch, labels)`, and the loss where labels are given.

        Args:
            present: `(batch,)` bool for each modality.
            tokens: `(batch, tokens, dim)` of frozen towers.
            masks: `(batch, tokens)` bool, with `tokens`.
            inputs: What trained towers take, for the rows that have the modality.
            labels: `(batch,)` class numbers.
            teacher: `(batch, labels)`, a teacher's logits.
            prior: `(batch, labels)`, log-probabilities of the n-grams, which the head's logits are added to.
            anchors: The pretrained tower's pooled tokens `(rows that have the modality, dim)`.
        """
        tokens, masks, distances = dict(tokens or {}), dict(masks or {}), []
        if self.training and self.loss.token_dropout:
            masks = {m: hide_tokens(mask, self.loss.token_dropout, m == "audio") for m, mask in masks.items()}
        for modality, values in (inputs or {}).items():
            tower = self.towers[modality]
            made, mask = tower(**(tower.vary(values) if tower.training else values))
            if anchors and self.stage != "fusion":
                distance = nn.functional.mse_loss(mean_token(made, mask), anchors[modality])
                distances.append(distance / self.anchor_variance[modality])
            tokens[modality] = _spread(made, present[modality])
            masks[modality] = _spread(mask, present[modality])
        if self.stage == "heads":
            each = [
                value.float() for value in self.head.modality_logits(tokens, masks, present, self.own_heads).values()
            ]
        else:
            each = [self.head(tokens, masks, present).float() + (0.0 if prior is None else prior)]
        logits = torch.stack(each).mean(dim=0)
        if labels is None:
            return {"logits": logits}
        loss = sum(self._loss(value, labels, teacher) for value in each) + self.loss.pull * sum(distances)
        return {"loss": loss, "logits": logits}

    def _loss(self, logits: Tensor, labels: Tensor, teacher: Tensor | None) -> Tensor:
        """Cross-entropy, mixed with what the teacher says (Hinton et al., 2015) if there is one."""
        loss = nn.functional.cross_entropy(logits, labels, self.class_weights)
        if teacher is None:
            return loss
        heat, weight = self.loss.temperature, self.loss.teacher
        soft, target = (logits / heat).log_softmax(-1), (teacher / heat).log_softmax(-1)
        distance = nn.functional.kl_div(soft, target, reduction="batchmean", log_target=True)
        return (1 - weight) * loss + weight * heat**2 * distance


class Collator:
    """Rows to a batch: cached tokens are padded, values for trained towers are prepared.

    Rows have a value for each modality, and where they are trained on a `label`, the `teacher`'s logits, the n-grams'
    `prior`, and `anchors` by modality if asked for.

    Args:
        modalities: Of the classifier, in its order.
        towers: The trained towers by modality.
        decode: Modality and a row's value to what a tower takes; files are opened a batch at a time.
    """

    def __init__(self, modalities: Sequence[str], towers: dict[str, Tower], decode: Callable[[str, Any], Any]):
        self.modalities, self.towers, self.decode = tuple(modalities), towers, decode

    def __call__(self, rows: list[dict]) -> dict:
        """See the class."""
        batch: dict[str, Any] = {
            "present": {m: torch.tensor([row[m] is not None for row in rows]) for m in self.modalities}
        }
        tokens, masks, inputs = {}, {}, {}
        for m in self.modalities:
            given = [row[m] for row in rows if row[m] is not None]
            if m in self.towers and given:
                inputs[m] = self.towers[m].prepare([self.decode(m, value) for value in given])
            elif given:
                tokens[m], masks[m] = _pad([row[m] for row in rows])
        batch |= {name: value for name, value in (("tokens", tokens), ("masks", masks), ("inputs", inputs)) if value}
        if "label" in rows[0]:
            batch["labels"] = torch.tensor([row["label"] for row in rows])
        for name in ("teacher", "prior"):
            if name in rows[0]:
                batch[name] = torch.stack([row[name] for row in rows])
        if "anchors" in rows[0] and inputs:
            batch["anchors"] = {m: torch.stack([r["anchors"][m] for r in rows if r[m] is not None]) for m in inputs}
        return batch


def prepare_tower(tower: Tower, trainable: str, top_layers: int, lora_rank: int, lora_layers: int = 0) -> Tower:
    """Set which of a tower's weights are trained: `full`, the `top` layers, or `lora` layers put in by peft.

    Towers from scratch are always trained in full. `lora_layers` is for how many of the upper layers; 0 for all.

    Raises:
        InputError: LoRA does not fit the tower's layers.
    """
    if not tower.pretrained:
        return tower.requires_grad_(True)
    if tower.frozen_only:
        raise InputError(f"{tower.name} cannot be trained further.", "Set train.trainable to head.")
    quicken(tower.network, getattr(tower, "max_length", 0) > _SHORT)
    tower.requires_grad_(trainable == "full")
    if trainable == "top":
        for layer in tower.layers()[-top_layers:]:
            layer.requires_grad_(True)
    elif trainable == "lora":
        add_lora(tower, lora_rank, lora_layers)
    return tower


def is_trained(tower: Tower, trainable: str) -> bool:
    """Whether a tower's weights change in training, and are stored."""
    return trainable != "head" or not tower.pretrained


def mean_token(tokens: Tensor, mask: Tensor) -> Tensor:
    """`(batch, tokens, dim)` and its mask to `(batch, dim)`, in float32."""
    kept = tokens.float().masked_fill(~mask[..., None], 0.0)
    return kept.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)


def quicken(network: nn.Module, long: bool = False) -> None:
    """Set a transformers network up for training on a CPU: 2.3 times faster a step for e5-small at 32 x 96 tokens.

    torch's fused attention is slow backwards there (half of the step) unless the texts are `long` (at 16 x 320 tokens
    a step takes 4.6 s with it, 5.8 s without), and random numbers for dropout take as long as the matrix products; the
    head has dropout of its own.
    """
    if next(network.parameters()).device.type == "cpu" and hasattr(network, "set_attn_implementation"):
        network.set_attn_implementation("sdpa" if long else "eager")
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def add_lora(tower: Tower, rank: int, layers: int = 0) -> None:
    """Put LoRA of that rank into a tower, on what is named in its `lora_targets`, of the upper `layers` or of all."""
    from peft import LoraConfig, inject_adapter_in_model

    count = len(tower.layers())
    chosen = list(range(max(count - layers, 0), count)) if layers else None
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=list(tower.lora_targets), layers_to_transform=chosen
    )
    try:
        inject_adapter_in_model(config, tower.network)
    except ValueError as error:
        raise InputError(
            f"LoRA does not fit the tower {tower.name}.", "Train the head, the top layers or everything instead."
        ) from error


def merge_lora(tower: Tower) -> Tower:
    """See `merge_layers`."""
    merge_layers(tower.network)
    return tower


def merge_layers(network: nn.Module) -> None:
    """Add the LoRA matrices to the weights they belong to and take them out: no more to be trained, but faster."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(network.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge()
            parent, _, last = name.rpartition(".")
            setattr(network.get_submodule(parent), last, module.get_base_layer())


def trained_tensors(model: ClassifierModel, trainable: str) -> dict[str, dict[str, Tensor]]:
    """What an adapter stores: the head, and of each trained tower its LoRA layers or changed weights."""
    stored = {"head": {name: value.detach().cpu().contiguous() for name, value in model.head.state_dict().items()}}
    return stored | tower_tensors(dict(model.towers.items()), trainable)


def tower_tensors(towers: dict[str, Tower], trainable: str) -> dict[str, dict[str, Tensor]]:
    """What an adapter stores of trained towers, by file stem; `restore_tower` puts it back."""
    stored = {}
    for modality, tower in towers.items():
        state = {name: p for name, p in tower.network.named_parameters() if p.requires_grad}
        if not _has_lora(tower, trainable):
            # Batch norms of a trained network have moved with it.
            lasting = tower.network.state_dict()
            state |= {name: b for name, b in tower.network.named_buffers() if name in lasting}
        prefix = LORA_PREFIX if _has_lora(tower, trainable) else TOWER_PREFIX
        stored[prefix + modality] = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    return stored


def restore_tower(tower: Tower, adapter: Adapter) -> Tower:
    """Put what an adapter stores of a trained tower back into a fresh one.

    Raises:
        InputError: It does not fit.
    """
    train = adapter.settings["train"]
    if _has_lora(tower, train["trainable"]):
        add_lora(tower, train["lora_rank"], train.get("lora_layers", 0))
    return load_tower_tensors(tower, adapter)


def load_tower_tensors(tower: Tower, adapter: Adapter) -> Tower:
    """As `restore_tower`, for a tower that has its LoRA layers already.

    Raises:
        InputError: It does not fit.
    """
    prefix = LORA_PREFIX if _has_lora(tower, adapter.settings["train"]["trainable"]) else TOWER_PREFIX
    try:
        unexpected = tower.network.load_state_dict(load_tensors(adapter, prefix + tower.modality), strict=False)[1]
    except RuntimeError:  # of another shape
        unexpected = True
    if unexpected:
        raise InputError(f"The adapter {adapter.name} does not fit the tower {tower.name}.", "Train it again.")
    return tower


def _has_lora(tower: Tower, trainable: str) -> bool:
    return trainable == "lora" and tower.pretrained


def _spread(values: Tensor, present: Tensor) -> Tensor:
    """Rows of those that are present to rows of the whole batch, zeros (False) elsewhere."""
    if bool(present.all()):
        return values
    out = values.new_zeros(len(present), *values.shape[1:])
    out[present] = values
    return out


def _pad(rows: list[Tensor | None]) -> tuple[Tensor, Tensor]:
    """Token rows of different lengths to `(batch, longest, dim)` and its mask."""
    dim = next(row.shape[1] for row in rows if row is not None)
    filled = [torch.zeros(1, dim) if row is None else row.float() for row in rows]
    mask = [torch.full((len(f),), row is not None) for f, row in zip(filled, rows, strict=True)]
    pad = nn.utils.rnn.pad_sequence
    return pad(filled, batch_first=True), pad(mask, batch_first=True)
