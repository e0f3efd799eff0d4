"""The kinds of input, in the order in which they are shown."""

from typing import Literal, get_args

Modality = Literal["text", "image", "audio"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)
