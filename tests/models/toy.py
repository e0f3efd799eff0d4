"""A toy model in a toy package: real wheels, read by the real pip from a folder or a local server.

Run as a program it fetches the toy model described by the JSON file given, in a process of its own.
"""

import hashlib
import io
import json
import logging
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

from xmodal.models.registry import IndexFile, IndexSource, ModelSpec

LABELS = [f"sound {i}" for i in range(521)]
WEIGHTS = bytes(range(256)) * 400


def toy_zip() -> bytes:
    """What the YAMNet converter takes: a zip with the network and its weights."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # With a fixed date (ZipInfo's own), so that the digest is the same each time.
        archive.writestr(zipfile.ZipInfo("../../job/model.onnx"), b"network")
        archive.writestr(zipfile.ZipInfo("../../job/model.data"), WEIGHTS)
    return buffer.getvalue()


def toy_csv() -> bytes:
    rows = [f"{i},/m/{i},{label}" for i, label in enumerate(LABELS)]
    return "\n".join(["index,mid,display_name", *rows]).encode()


def write_wheel(folder: Path, package: str, members: dict[str, bytes], version: str = "1.0.0") -> Path:
    """A wheel that pip accepts; stored uncompressed, so that damage is met where it was made."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def write_wheels(folder: Path) -> list[Path]:
    """The toy model's two packages: the zip is cut in two parts, one in each."""
    data, half = toy_zip(), len(toy_zip()) // 2
    first = {"toy_one/part1": data[:half], "toy_one/classes.csv": toy_csv(), "toy_one/__init__.py": b"1/0"}
    return [
        write_wheel(folder, "xmodal-toy-one", first),
        write_wheel(folder, "xmodal-toy-two", {"toy_two/part2": data[half:]}),
    ]


def toy_spec(name: str = "toy", sha256: str = "", hub: str = "") -> ModelSpec:
    return ModelSpec(
        name=name,
        tasks=("tag",),
        modality="audio",
        licence="MIT",
        parameters_m=0.1,
        summary="toy",
        hub=hub,
        download_mb=1,
        index=IndexSource(
            files=(
                IndexFile("xmodal-toy-one", "1.0.0", "toy_one/part1", "toy.zip"),
                IndexFile("xmodal-toy-two", "1.0.0", "toy_two/part2", "toy.zip"),
                IndexFile("xmodal-toy-one", "1.0.0", "toy_one/classes.csv", "yamnet_class_map.csv"),
            ),
            sha256={
                "toy.zip": sha256 or hashlib.sha256(toy_zip()).hexdigest(),
                "yamnet_class_map.csv": hashlib.sha256(toy_csv()).hexdigest(),
            },
            converter="yamnet",
            download_mb=1,
        ),
    )


def save_spec(spec: ModelSpec, path: Path) -> Path:
    path.write_text(json.dumps(asdict(spec)))
    return path


def load_spec(path: Path) -> ModelSpec:
    data = json.loads(path.read_text())
    index = data.pop("index")
    index["files"] = tuple(IndexFile(**file) for file in index["files"])
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return ModelSpec(**{**data, **lists, "index": IndexSource(**index)})


if __name__ == "__main__":
    from xmodal.models.sources import fetch

    logging.basicConfig(level=logging.WARNING)
    print(json.dumps({"downloaded": fetch(load_spec(Path(sys.argv[1]))).downloaded}))
