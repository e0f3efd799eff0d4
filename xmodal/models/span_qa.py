"""The span_qa family: a text tower that reads question and passage together, and a head that marks the answer.

The first position stands for "the passage does not tell" (Devlin et al. 2019, section 4.3): a span is weighed against
it within its own window, so that scores of different windows can be compared.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace

import torch
from torch import Tensor, nn

from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_tensors
from xmodal.models.classifier_model import merge_lora, restore_tower
from xmodal.models.towers import TextTower, load_tower
from xmodal.progress import Reporter

_HIDDEN = torch.finfo(torch.float32).min
CROSSED = "crossed"


@dataclass(frozen=True)
class SpanConfig:
    """How passages are read, and when to say that they do not tell.

    Attributes:
        tower: Registered name of the text tower.
        dim: Width of its tokens.
        dropout: Of the head, in training.
        max_length: Tokens of a window: question, passage part and special tokens.
        stride: Tokens that a window shares with the next one of the same passage.
        max_answer: Tokens of an answer at most; 99.5 % of CMRC 2018's have 55 or fewer, those of SQuAD 20.
        null_threshold: There is no answer where the score of none is above that of the best span by more than this.
        span_odds: Factor and summand that turn the log odds of a span into those of its being right.
        answerable_odds: The same from the score of the best span against none, for there being an answer.
        by_language: The last three for questions in a language, or, as `crossed`, about texts in another one; where
            there were enough to fit them to.
    """

    tower: str
    dim: int
    dropout: float = 0.1
    max_length: int = 384
    stride: int = 128
    max_answer: int = 64
    null_threshold: float = 0.0
    span_odds: tuple[float, float] = (1.0, 0.0)
    answerable_odds: tuple[float, float] = (0.5, 0.0)
    by_language: dict[str, dict] = field(default_factory=dict)

    def __post_init__(self):
        # A quarter is for the question; the overlap must leave room to move on.
        if self.stride >= self.max_length // 2:
            object.__setattr__(self, "stride", self.max_length // 4)
        for name in ("span_odds", "answerable_odds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def for_languages(self, question: str, text: str) -> "SpanConfig":
        """The same with what was fitted to questions in a language about texts in a language."""
        return replace(self, **self.by_language.get(language_group(question, text), {}), by_language={})

    def to_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "SpanConfig":
        """What `to_dict` wrote.

        Raises:
            InputError: A key is unknown or absent.
        """
        known = {one.name for one in fields(cls)}
        wrong = sorted(set(values) - known) or sorted({"tower", "dim"} - set(values))
        if wrong:
            raise InputError(f"The span head's setting {wrong[0]} is unknown or missing.", "Update xmodal.")
        return cls(**values)


def language_group(question: str, text: str) -> str:
    """The key of `SpanConfig.by_language`; both directions across languages are one, as each has few rows to fit to."""
    return question if question == text else CROSSED


class SpanModel(nn.Module):
    """Tower and head behind the keyword arguments that `SpanCollator` makes.

    Args:
        config: See `SpanConfig`; kept as `span_config`, and replaced when the threshold has been found.
        tower: The text tower, prepared for training or restored.
    """

    def __init__(self, config: SpanConfig, tower: TextTower):
        super().__init__()
        self.span_config = config
        self.tower = tower
        self.head = nn.Sequential(nn.LayerNorm(config.dim), nn.Dropout(config.dropout), nn.Linear(config.dim, 2))

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        return sum(p.numel() * p.element_size() for p in self.parameters())

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        allowed: Tensor,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Start and end logits `(batch, tokens)`, and the loss where the positions are given.

        Args:
            input_ids: `(batch, tokens)`.
            attention_mask: `(batch, tokens)`; 0 for padding.
            allowed: `(batch, tokens)` bool: the passage, and position 0 for no answer.
            start_positions: `(batch,)` first token of the answer; 0 where the window has none.
            end_positions: `(batch,)` last token.
        """
        tokens, _ = self.tower(input_ids=input_ids, attention_mask=attention_mask)
        with torch.autocast(tokens.device.type, enabled=False):  # bfloat16 would make ties of what is compared
            logits = self.head(tokens.float()).masked_fill(~allowed[..., None], _HIDDEN)
        start, end = logits.unbind(-1)
        if start_positions is None:
            return {"start": start, "end": end}
        loss = nn.functional.cross_entropy(start, start_positions) + nn.functional.cross_entropy(end, end_positions)
        return {"loss": loss / 2, "start": start, "end": end}


class SpanCollator:
    """Windows to a batch.

    Args:
        pad: Number of the padding token.
    """

    def __init__(self, pad: int):
        self.pad = pad

    def __call__(self, rows: Sequence[dict]) -> dict[str, Tensor]:
        """Pad windows of `input_ids`, `first` (of the passage's tokens) and `count`, and `start`, `end` in training."""
        longest = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), longest), self.pad)
        attention, allowed = torch.zeros_like(ids), torch.zeros(ids.shape, dtype=torch.bool)
        allowed[:, 0] = True
        for i, row in enumerate(rows):
            size = len(row["input_ids"])
            ids[i, :size], attention[i, :size] = torch.as_tensor(row["input_ids"]), 1
            allowed[i, row["first"] : row["first"] + row["count"]] = True
        batch = {"input_ids": ids, "attention_mask": attention, "allowed": allowed}
        if "start" in rows[0]:
            batch["start_positions"] = torch.tensor([row["start"] for row in rows])
            batch["end_positions"] = torch.tensor([row["end"] for row in rows])
        return batch


def best_spans(start: Tensor, end: Tensor, max_answer: int, top: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The best spans of each window, found among all of up to `max_answer` tokens.

    Args:
        start: Logits `(batch, tokens)`, hidden ones very low.
        end: As `start`.
        max_answer: Tokens at most.
        top: How many spans.

    Returns:
        First and last token `(batch, top)`, the log odds of each span against no answer, and its log probability among
        all spans and no answer. Where a window has fewer spans, the odds of the rest are below -1e30.
    """
    length = start.shape[1]
    scores = start[:, :, None] + end[:, None, :]
    position = torch.arange(length, device=start.device)
    size = position[None, :] - position[:, None]
    possible = (size >= 0) & (size < max_answer) & (position[:, None] > 0)
    scores = scores.masked_fill(~possible, -torch.inf).flatten(1)
    best, where = scores.topk(min(top, scores.shape[1]), dim=1)
    first, last = where // length, where % length
    odds = best - (start[:, :1] + end[:, :1])
    chance = start.log_softmax(-1).gather(1, first) + end.log_softmax(-1).gather(1, last)
    return first, last, odds, chance


def load_span_model(adapter: Adapter, report: Reporter | None = None) -> SpanModel:
    """An adapter of the family `span_qa` with its tower, ready to mark answers.

    Raises:
        InputError: The adapter is of another family, or does not fit its tower.
    """
    if adapter.family != "span_qa":
        raise InputError(f"The adapter {adapter.name} does not mark answers.", "Choose one whose task is `answer`.")
    config = SpanConfig.from_dict(adapter.settings["head"])
    tower = load_tower("text", config.tower, max_length=config.max_length, report=report)
    if adapter.settings["train"]["trainable"] != "head":
        merge_lora(restore_tower(tower, adapter))
    model = SpanModel(config, tower)
    model.head.load_state_dict(load_tensors(adapter, "head"))
    return model.to(pick_device().name).eval()
