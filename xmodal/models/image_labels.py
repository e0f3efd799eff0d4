"""Names of what a picture shows: the image tower with its own last layer, the 1,000 classes of ImageNet."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from xmodal.models.label_names import imagenet_names

if TYPE_CHECKING:
    from PIL import Image

_MAP_SIDE = 192
_NARROW = 4
"""Long over short side from which a picture is cut before it is made smaller: the network sees its middle only."""


class ImageLabeller(nn.Module):
    """A timm network with its classifier.

    Args:
        folder: What the converter, or timm on the Hub, wrote.

    Attributes:
        labels: Name of each class in plain words, such as `cheetah`.
        seen: Side of the middle square that the network sees, as a share of the picture's short side.
    """

    def __init__(self, folder: Path):
        import timm
        from timm.data import create_transform, resolve_data_config

        super().__init__()
        self.network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
        settings = resolve_data_config({}, model=self.network)
        self.transform, self.seen = create_transform(**settings), settings["crop_pct"]
        self.labels = list(imagenet_names()[: self.network.num_classes])

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        return sum(p.numel() * p.element_size() for p in self.parameters())

    @torch.inference_mode()
    def scores(self, images: Sequence["Image.Image"]) -> torch.Tensor:
        """Probabilities `(pictures, classes)` of RGB pictures."""
        return self.network(torch.cat([self._pixels(image) for image in images])).float().softmax(-1).cpu()

    @torch.inference_mode()
    def where(self, image: "Image.Image", number: int) -> np.ndarray:
        """How much each place of an RGB picture spoke for a class (class activation map, arxiv.org/abs/1512.04150).

        Args:
            image: The picture.
            number: Of the class.

        Returns:
            `(height, width)` of the picture's proportions, from 0 to 1; 0 also where the network does not look.
        """
        features = self.network.forward_features(self._pixels(image))[0]  # (dim, rows, columns)
        weights = self.network.classifier.weight[number]  # (dim,)
        spoke = torch.einsum("d,drc->rc", weights, features).float().clamp(min=0).cpu().numpy()
        return _lay_out(spoke / max(float(spoke.max()), 1e-6), image.size, self.seen)

    def _pixels(self, image: "Image.Image") -> torch.Tensor:
        """A batch of one `(1, 3, side, side)`."""
        short = min(image.size)
        if max(image.size) > _NARROW * short:
            left, top = ((side - short) // 2 for side in image.size)
            image = image.crop((left, top, left + short, top + short))
        return self.transform(image)[None].to(next(self.network.parameters()).device)


def _lay_out(seen: np.ndarray, size: tuple[int, int], share: float) -> np.ndarray:
    """The map of the middle square `(rows, columns)` put where it belongs in a picture of that width and height."""
    from PIL import Image

    scale = _MAP_SIDE / max(size)
    width, height = (max(round(side * scale), 1) for side in size)
    side = max(round(share * min(width, height)), 1)
    middle = Image.fromarray(seen.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    whole = np.zeros((height, width), np.float32)
    top, left = (height - side) // 2, (width - side) // 2
    whole[top : top + side, left : left + side] = np.clip(np.asarray(middle), 0, 1)
    return whole
