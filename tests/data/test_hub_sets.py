import io

import datasets
import httpx
import pytest
from PIL import Image

from xmodal.data import hub_sets
from xmodal.data.config import DataConfig
from xmodal.data.sets import load_data
from xmodal.errors import DownloadError


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


def test_no_hub(monkeypatch):
    def refuse(*args, **kwargs):
        raise httpx.ConnectError("no route")

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", refuse)
    with pytest.raises(DownloadError, match="cannot be reached"):
        load_data(DataConfig(source="hub:someone/pets"))
