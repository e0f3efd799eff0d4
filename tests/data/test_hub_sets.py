import io

import datasets
import httpx
import pytest
from PIL import Image

from xmodal.data import hub_sets
from xmodal.data.config import DataConfig
from xmodal.data.sets import load_data
from xmodal.errors import DownloadError, InputError


def test_a_hub_data_set_gives_plain_values(monkeypatch):
    def rows(count, first):
        pictures = []
        for i in range(count):
            out = io.BytesIO()
            Image.new("RGB", (8, 8), (first + i, 0, 0)).save(out, "PNG")
            pictures.append({"bytes": out.getvalue(), "path": None})
        features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
        return datasets.Dataset.from_dict(
            {"image": pictures, "label": [i % 2 for i in range(count)]}, features=features
        )

    asked = []
    monkeypatch.setattr(hub_sets, "_require", lambda name: asked.append(name))
    sets = datasets.DatasetDict(train=rows(10, 0), test=rows(4, 100))
    monkeypatch.setattr(datasets, "load_dataset", lambda name, configuration: asked.append(configuration) or sets)
    data = load_data(DataConfig(source="hub:someone/pets:small"))
    assert asked == ["someone/pets", "small"]
    assert (data.train.num_rows, data.check.num_rows, data.labels) == (10, 4, ("cat", "dog"))
    assert Image.open(data.train[0]["image"]).size == (8, 8)


def pets(monkeypatch, features, images):
    """A stranger's set of the Hub with these images and two classes."""
    rows = datasets.Dataset.from_dict({"image": images, "label": ["cat", "dog"] * 5}, features=features)
    monkeypatch.setattr(hub_sets, "_require", lambda name: None)
    monkeypatch.setattr(datasets, "load_dataset", lambda name, configuration: datasets.DatasetDict(train=rows))


@pytest.mark.parametrize("kind", [datasets.Value("string"), datasets.Image()])
@pytest.mark.parametrize("whole", [True, False])
def test_it_may_not_name_files_of_this_machine(tmp_path, monkeypatch, kind, whole):
    monkeypatch.chdir(tmp_path)
    names = [f"{i}.png" for i in range(10)]
    for i, name in enumerate(names):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / name)
    names = [str(tmp_path / name) if whole else f"../{tmp_path.name}/{name}" for name in names]
    images = names if kind == datasets.Value("string") else [{"bytes": None, "path": name} for name in names]
    pets(monkeypatch, datasets.Features({"image": kind, "label": datasets.Value("string")}), images)
    with pytest.raises(InputError, match="outside of its folder"):
        load_data(DataConfig(source="hub:someone/pets"))


def test_pictures_that_were_downloaded_as_files_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "datasets--someone--pets" / "snapshots" / "1"
    folder.mkdir(parents=True)
    for i in range(10):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(folder / f"{i}.png")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("string")})
    pets(monkeypatch, features, [{"bytes": None, "path": str(folder / f"{i}.png")} for i in range(10)])
    data = load_data(DataConfig(source="hub:someone/pets"))
    assert data.report.rows == 10 and not [w for w in data.report.warnings if w.kind == "unreadable_files"]


def test_no_hub(monkeypatch):
    def refuse(*args, **kwargs):
        raise httpx.ConnectError("no route")

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", refuse)
    with pytest.raises(DownloadError, match="cannot be reached"):
        load_data(DataConfig(source="hub:someone/pets"))
