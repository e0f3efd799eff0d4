"""YAMNet in 8 bits: the ONNX network out of its zip, and AudioSet's 521 class names, as one folder."""

import csv
import json
import shutil
import zipfile
from pathlib import Path, PurePosixPath

_ZIP = ".zip"
_WANTED = ("model.onnx", "model.data")
_CLASSES = 521
# Input: log-mel patches as uint8; output: logits as uint8; value = (stored - zero_point) * scale. The figures are those
# of the file's QuantizeLinear nodes.
_CONFIG = {
    "model_type": "yamnet_onnx",
    "sample_rate": 16000,
    "mel_bands": 64,
    "mel_min_hz": 125.0,
    "mel_max_hz": 7500.0,
    "window_s": 0.025,
    "hop_s": 0.01,
    "log_offset": 0.001,
    "patch_frames": 96,
    "patch_hop_s": 0.48,
    "input_name": "audio",
    "input_scale": 0.04794,
    "input_zero_point": 144,
    "output_scale": 0.7565417,
    "output_zero_point": 190,
    "num_classes": _CLASSES,
}


def convert(files: dict[str, Path], out: Path) -> None:
    """Write `model.onnx`, its weights `model.data`, `labels.json` (names in output order) and `config.json` to `out`.

    Args:
        files: One `.zip` and `yamnet_class_map.csv` of the index package.
        out: An existing empty folder.

    Raises:
        ValueError: A file is missing in the zip, or there are not 521 classes.
    """
    unzip(next(path for path in files.values() if path.suffix == _ZIP), out)
    with open(files["yamnet_class_map.csv"], newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["index"]))
    labels = [row["display_name"] for row in rows]
    if len(labels) != _CLASSES:
        raise ValueError(f"expected {_CLASSES} classes, found {len(labels)}")
    (out / "labels.json").write_text(json.dumps(labels, ensure_ascii=False, indent=0), encoding="utf-8")
    (out / "config.json").write_text(json.dumps(_CONFIG, indent=2), encoding="utf-8")


def unzip(path: Path, out: Path) -> None:
    """Copy the two wanted files out of the zip under fixed names, whatever folders its entries claim."""
    with zipfile.ZipFile(path) as archive:
        members = {PurePosixPath(name).name: name for name in archive.namelist() if not name.endswith("/")}
        for name in _WANTED:
            if name not in members:
                raise ValueError(f"{path.name} lacks {name}")
            with archive.open(members[name]) as source, open(out / name, "wb") as target:
                shutil.copyfileobj(source, target)
