"""A start for a generator's connector that needs no language model: what it makes of a picture lies near its words.

A step through the language model costs two hundred times as much as one of the connector alone. So the connector first
learns which words people use of a picture, in many passes, and says it in the language model's own embeddings; what is
left to learn is how to make a sentence of them. Words are told from the whole picture or from any of its places
(multiple instance learning, as in Fang et al. 2015, "From captions to visual concepts and back").
"""

import math
import threading
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xmodal.models.generator import GeneratorModel
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.features import autocast

_PASSES, _STEPS, _BATCH, _RATE, _READER_RATE = 4, 100, 64, 1e-3, 3e-2
"""More passes do not tell words of other photographs better (6,591 of Flickr8k: best after three); few pictures need
so many steps at least."""
_LEAST, _MOST = 8, 0.4
"""Pictures that a word must be told of, and the share of them from which it says nothing."""


def start_on_words(
    model: GeneratorModel, seen: Sequence[Tensor], texts: Sequence[Sequence[Sequence[int]]], seed: int = 0,
    report: Reporter | None = None, cancel: threading.Event | None = None,
) -> float:  # fmt: skip
    """Train the connector in place.

    Args:
        model: Its connector is changed; its embeddings are not.
        seen: What the tower makes of each picture, `(places, dim)`.
        texts: Of each picture, the tokens of each text.
        seed: Of the order.
        report: Told of the progress.
        cancel: Stops it.

    Returns:
        The mean loss of the last pass; 0 where there are too few words to learn from.
    """
    words = _choose_words(texts)
    if not words:
        return 0.0
    place = {word: i for i, word in enumerate(words)}
    reader = _WordReader(model, words, seen[0].shape[0])
    optimizer = torch.optim.AdamW([
        {"params": list(model.connector.parameters())},
        {"params": list(reader.parameters()), "lr": _READER_RATE, "weight_decay": 0.0},
    ], lr=_RATE, weight_decay=0.01)  # fmt: skip
    each = math.ceil(len(seen) / _BATCH)
    passes = max(_PASSES, math.ceil(_STEPS / each))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [_RATE, _READER_RATE], total_steps=each * passes, pct_start=0.1
    )
    generator, losses = torch.Generator().manual_seed(seed), []
    for number in range(passes):
        losses.clear()
        for part in torch.randperm(len(seen), generator=generator).split(_BATCH):
            check_cancelled(cancel)
            tokens = torch.stack([seen[i] for i in part]).float().to(model.device)
            wanted = torch.stack([_shares(texts[i], place) for i in part]).to(model.device)
            with autocast(model.device):
                told = reader(model.connector(tokens))
            loss = nn.functional.binary_cross_entropy_with_logits(told.float(), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if report:
            report(Progress("words", "", number + 1, passes, "passes"))
    return sum(losses) / len(losses)


class _WordReader(nn.Module):
    """How much what the connector makes `(batch, places, width)` is like each word: `(batch, words)`."""

    def __init__(self, model: GeneratorModel, words: dict[int, float], places: int):
        super().__init__()
        embeddings = model.get_input_embeddings().weight.detach().float()
        known = embeddings[torch.tensor(list(words), device=embeddings.device)]
        self.register_buffer("embeddings", nn.functional.normalize(known - embeddings.mean(0), dim=1))
        self.scale = nn.Parameter(torch.tensor(20.0, device=embeddings.device))
        rates = torch.tensor(list(words.values()), device=embeddings.device)
        self.rarity = nn.Parameter((rates / places).log() - 1)

    def forward(self, made: Tensor) -> Tensor:
        """See the class."""
        alike = nn.functional.normalize(made, dim=-1) @ self.embeddings.T
        return (self.scale * alike + self.rarity).logsumexp(1)


def _choose_words(texts: Sequence[Sequence[Sequence[int]]]) -> dict[int, float]:
    """Tokens that tell pictures apart, with their share of the pictures: of a few at least, and not of nearly all."""
    counts = Counter(token for of_picture in texts for token in {token for text in of_picture for token in text})
    return {token: count / len(texts) for token, count in sorted(counts.items())
            if _LEAST <= count <= _MOST * len(texts)}  # fmt: skip


def _shares(texts: Sequence[Sequence[int]], place: dict[int, int]) -> Tensor:
    """Share of a picture's texts that have each word."""
    shares = torch.zeros(len(place))
    for text in texts:
        for token in {token for token in text if token in place}:
            shares[place[token]] += 1 / len(texts)
    return shares
