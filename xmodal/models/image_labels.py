"""Names of what a picture shows: the image tower with its own last layer, the 1,000 classes of ImageNet."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from PIL import Image


class ImageLabeller(nn.Module):
    """A timm network with its classifier.

    Args:
        folder: What the converter, or timm on the Hub, wrote.

    Attributes:
        labels: Name of each class in plain words, such as `cheetah`.
    """

    def __init__(self, folder: Path):
        import timm
        from timm.data import ImageNetInfo, create_transform, resolve_data_config

        super().__init__()
        self.network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
        self.transform = create_transform(**resolve_data_config({}, model=self.network))
        names = ImageNetInfo()
        count = self.network.num_classes
        self.labels = [names.index_to_description(number).split(",")[0].strip() for number in range(count)]

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        return sum(p.numel() * p.element_size() for p in self.parameters())

    @torch.inference_mode()
    def scores(self, image: "Image.Image") -> torch.Tensor:
        """Probabilities `(classes,)` of an RGB picture."""
        device = next(self.network.parameters()).device
        return self.network(self.transform(image)[None].to(device)).float().softmax(-1)[0].cpu()
