"""The image tower as the generator looks through it: fewer places than its last feature map, but more of each.

The last map of a network trained to name things knows little of colour and of exact form. Each place of the grid
therefore also has what two earlier stages say there, the mean and spread of its pixels, and how much of it has which
colour. What the network's own last layer calls the picture is told in words.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from xmodal.device import Device
from xmodal.models.label_names import imagenet_names
from xmodal.models.registry import find_model
from xmodal.models.sources import fetch
from xmodal.models.towers import DEFAULT_TOWERS, ImageTower, Tower
from xmodal.progress import Reporter

_EARLIER = (8, 16)
"""Reductions of the earlier stages that are looked at."""
_SHARE_SCALE = 3.0
"""Makes roots of shares, which are small, as large as the other numbers of a place."""
_SURE, _PERHAPS = 0.5, 0.05
"""Scores from which a name is told as it is, and as one of those that it may be."""


class PictureTower(ImageTower):
    """See the module; a token for the whole picture, then `grid` x `grid` of its places, row by row.

    The whole picture is seen, not only its middle.

    Args:
        name: Registered name of the image tower.
        network: timm network without its classifier.
        transforms: As timm's `create_transform` takes them.
        grid: Places across and down.
        classifier: The network's last layer, `(num_features)` to the 1,000 classes of ImageNet; None if names are not
            wanted, or the network tells others.
        levels: Of red, green and blue, whose combinations a place's share is told of; 0 for none.

    Attributes:
        parts: Widths of a token's parts: the last stage, the earlier ones, and the colours.
    """

    def __init__(
        self, name: str, network: nn.Module, transforms: dict, grid: int, classifier: nn.Linear | None = None,
        levels: int = 0,
    ):  # fmt: skip
        Tower.__init__(self, name, network)
        self.classifier, self.levels = classifier, levels
        self.grid, self.tokens_version = grid, 1000 * levels + 100 + grid  # never those of `ImageTower`
        self.stages = [i for i, info in enumerate(_stages(network)) if info["reduction"] in _EARLIER]
        self.parts = [network.num_features, *(_stages(network)[i]["num_chs"] for i in self.stages), 6 + levels**3]
        self.dim = sum(self.parts)
        self.transforms = {**transforms, "crop_pct": 1.0, "crop_mode": "squash"}
        self.set_transforms(self.transforms)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See `Tower.forward`; `(batch, 1 + grid * grid, dim)`."""
        last, earlier = self.network.forward_intermediates(pixels, indices=self.stages)
        pixels = pixels.float()
        spread = nn.functional.adaptive_avg_pool2d(pixels**2, self.grid)
        spread = (spread - nn.functional.adaptive_avg_pool2d(pixels, self.grid) ** 2).clamp(min=0).sqrt()
        maps = [nn.functional.adaptive_avg_pool2d(one.float(), self.grid) for one in (last, *earlier, pixels)]
        places = torch.cat([*maps, spread, self._shares(pixels)], dim=1).flatten(2).transpose(1, 2)
        tokens = torch.cat([places.mean(1, keepdim=True), places], dim=1)
        return tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)

    def _shares(self, pixels: Tensor) -> Tensor:
        """How much of each place has which colour: `(batch, levels ** 3, grid, grid)`.

        A pixel counts for the levels next to it. Roots, as something small has a colour as well.
        """
        if not self.levels:
            return pixels.new_zeros(len(pixels), 0, self.grid, self.grid)
        mean, deviation = (pixels.new_tensor(self.transforms[name])[:, None, None] for name in ("mean", "std"))
        colours = (pixels[..., ::2, ::2] * deviation + mean).clamp(0, 1) * (self.levels - 1)
        levels = torch.arange(self.levels, device=pixels.device)[:, None, None]
        red, green, blue = ((1 - (one[:, None] - levels).abs()).clamp(min=0) for one in colours.unbind(1))
        counted = torch.einsum("brhw,bghw,bchw->brgchw", red, green, blue).flatten(1, 3)
        return _SHARE_SCALE * nn.functional.adaptive_avg_pool2d(counted, self.grid).sqrt()

    @torch.inference_mode()
    def tell_names(self, tokens: Tensor, most: int) -> list[str]:
        """What pictures show, by the classifier on their first token: `lion`, `perhaps lynx, cougar`, or nothing.

        Args:
            tokens: `(batch, places, dim)`.
            most: Names that may be told of one picture.
        """
        if self.classifier is None or not most:
            return [""] * len(tokens)
        whole = tokens[:, 0, : self.parts[0]].to(self.classifier.weight)
        best = self.classifier(whole).softmax(-1).topk(most)
        return [
            _say(scores, numbers) for scores, numbers in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]


def load_picture_tower(
    name: str = "", grid: int = 6, report: Reporter | None = None, device: Device | None = None, *,
    named: bool = False, levels: int = 0,
) -> PictureTower:  # fmt: skip
    """The tower by its registered name, frozen; with its classifier if it is to name pictures.

    Raises:
        UnknownModelError: There is none of that name.
    """
    spec = find_model(name or DEFAULT_TOWERS["image"], "label")
    fetched = fetch(spec, report)
    network, transforms = _open(fetched.path)
    classifier = network.get_classifier()
    network.reset_classifier(0)
    knows = named and classifier.out_features == len(imagenet_names())
    tower = PictureTower(spec.name, network, transforms, grid, classifier if knows else None, levels)
    tower.source, tower.revision = fetched.source, fetched.revision
    tower.eval().requires_grad_(False)
    return tower.to(device.name) if device else tower


def _open(folder: Path) -> tuple[nn.Module, dict]:
    import timm
    from timm.data import resolve_data_config

    network = timm.create_model(f"local-dir:{folder}", pretrained=True)
    return network, resolve_data_config({}, model=network)


def _say(scores: Sequence[float], numbers: Sequence[int]) -> str:
    """The best class if it is sure, else those that it may be."""
    names = imagenet_names()
    if scores[0] >= _SURE:
        return names[numbers[0]].lower()
    may_be = [names[number].lower() for score, number in zip(scores, numbers, strict=True) if score >= _PERHAPS]
    return f"perhaps {', '.join(may_be)}" if may_be else ""


def _stages(network: nn.Module) -> list[dict]:
    """timm's list of stages; some networks keep it in an object."""
    info = network.feature_info
    return info if isinstance(info, list) else info.info
