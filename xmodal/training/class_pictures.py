"""Pictures that nobody took: what an image tower would see of the things that its classifier has a name for.

A row of the classifier's weights points to where features are of its class. Added to what was seen of other pictures
until the classifier is sure, it teaches a generator a thousand names that its photographs do not show.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from xmodal.data.english import with_article
from xmodal.data.held_names import is_held_out
from xmodal.models.generator_text import SHORT
from xmodal.models.label_names import imagenet_names
from xmodal.models.picture_tower import PictureTower

WHAT = "what is in the picture?"
_OWN = 0.5
"""Share of another picture's own deviation that stays, so that no two are alike."""
_SURE = (0.4, 0.95)
_STEP, _MOST_STEPS = 0.25, 80


@torch.inference_mode()
def make_class_pictures(
    tower: PictureTower, seen: Sequence[Tensor], count: int, seed: int = 0
) -> list[tuple[Tensor, str]]:
    """Tokens `(places, dim)` with the class's name; none of names that are held out, or where the tower has none.

    Args:
        tower: With its classifier.
        seen: Its tokens of real pictures, which the rest of a made-up one is taken from.
        count: How many.
        seed: Of the draws.
    """
    if tower.classifier is None:
        return []
    random = torch.Generator().manual_seed(seed)
    weights, bias = tower.classifier.weight.float().cpu(), tower.classifier.bias.float().cpu()
    width, names = tower.parts[0], imagenet_names()
    taught = [i for i, name in enumerate(names) if not is_held_out(name)]
    mean = torch.stack([tokens[0, :width].float() for tokens in seen[:: max(1, len(seen) // 1000)]]).mean(0)
    made = []
    for turn in range(count):
        if turn % len(taught) == 0:
            order = torch.randperm(len(taught), generator=random)
        number = taught[order[turn % len(taught)]]
        base = seen[int(torch.randint(len(seen), (1,), generator=random))].float().clone()
        base[1:, :width] = mean + _OWN * (base[1:, :width] - mean)
        way = torch.nn.functional.normalize(weights[number], dim=0)
        where = _spot(tower.grid, random)[:, None]  # (places, 1)
        sure = _SURE[0] + (_SURE[1] - _SURE[0]) * float(torch.rand(1, generator=random))
        for step in range(_MOST_STEPS):
            features = (base[1:, :width] + _STEP * step * where * way).clamp(min=0)
            whole = features.mean(0)
            if (weights @ whole + bias).softmax(0)[number] >= sure:
                break
        base[1:, :width], base[0, :width] = features, whole
        made.append((base.to(seen[0].dtype), names[number].lower()))
    return made


def name_lessons(name: str) -> dict[str, list[str]]:
    """Instructions with the texts that are right for a picture of which only the name is known."""
    called = with_article(name)
    return {SHORT: [called, f"a picture of {called}"], WHAT: [called]}


def _spot(grid: int, random: torch.Generator) -> Tensor:
    """How much of the thing is in each place `(grid * grid)`, most around one of them; 1 in the mean."""
    row, column, wide = (torch.rand(3, generator=random) * torch.tensor([grid - 1, grid - 1, 2.0])).tolist()
    places = torch.arange(grid, dtype=torch.float32)
    away = (places[:, None] - row) ** 2 + (places[None, :] - column) ** 2
    spot = torch.exp(-away / (2 * (1 + wide) ** 2)).flatten()
    return spot / spot.mean()
