import dataclasses
import errno
import json
import os
import pickle
import time

import pytest
import torch
import yaml

from xmodal.errors import DiskFullError, InputError, IntegrityError, UnknownModelError
from xmodal.models import adapters
from xmodal.models.adapters import (
    Adapter,
    adapters_dir,
    delete_adapter,
    list_adapters,
    load_adapter,
    load_tensors,
    save_adapter,
)
from xmodal.models.store import sha256_of


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """The repository's own adapters play no part."""
    folder = tmp_path / "assets"
    monkeypatch.setattr(adapters, "shipped_dir", lambda: folder)
    return folder


def make_adapter(name="mood", **changes) -> Adapter:
    values = {
        "family": "classifier",
        "task": "classify",
        "base": {"text": {"model": "multilingual-e5-small", "source": "index", "revision": "abc123"}},
        "labels": ("好", "bad"),
        "settings": {"head": {"width": 8, "labels": ["好", "bad"]}, "train": {"epochs": 3}},
        "data": {
            "source": "reviews.csv",
            "fingerprint": "f00",
            "rows": 90,
            "licence": "CC0",
            "languages": ["zh", "en"],
        },
        "metrics": {
            "before": {"accuracy": 0.5, "f1": None},
            "after": {"accuracy": 0.9, "f1": 0.875},
            "interval_before": {"value": 0.5, "low": 0.4, "high": 0.6, "level": 0.95},
            "interval_after": {"value": 0.9, "low": 0.85, "high": 0.95, "level": 0.95},
            "gain": {"difference": 0.4, "low": 0.3, "high": 0.5, "within_noise": False},
            "check_rows": 200,
        },
        "recipe": "task: classify\nseed: 0\n",
        "versions": {"torch": "2"},
    }
    return Adapter(name, **{**values, **changes})


def make_tensors() -> dict:
    torch.manual_seed(0)
    shared = torch.randn(3, 4)
    return {
        "head": {"w": torch.randn(4, 5).t(), "half": torch.randn(3).bfloat16(), "n": torch.tensor(7)},
        "lora-text": {"a": shared, "b": shared},
    }


def save(name="mood", folder=None, **changes) -> Adapter:
    return save_adapter(make_adapter(name, **changes), make_tensors(), folder or adapters_dir() / name)


def rewrite(adapter: Adapter, **changes) -> None:
    path = adapter.path / "adapter.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def test_round_trip_is_bit_equal():
    saved = save()
    loaded = load_adapter("mood")
    assert loaded == saved == load_adapter(saved.path) == load_adapter(str(saved.path))
    expected = dataclasses.replace(make_adapter(), created=saved.created, files=saved.files, path=saved.path)
    assert loaded == expected and saved.created.endswith("+00:00")
    for stem, state in make_tensors().items():
        tensors = load_tensors(loaded, stem)
        assert tensors.keys() == state.keys()
        for key, value in state.items():
            assert tensors[key].dtype == value.dtype and torch.equal(tensors[key], value)
    assert sorted(p.name for p in saved.path.iterdir()) == [
        "README.md", "adapter.json", "head.safetensors", "lora-text.safetensors",
    ]  # fmt: skip


def test_values_that_json_lacks_do_not_lose_a_training():
    metrics = {"after": {"auc": float("nan"), "f1": torch.tensor(0.5), "classes": (1, 2)}}
    assert save(metrics=metrics).metrics == {"after": {"auc": None, "f1": 0.5, "classes": [1, 2]}}


def test_saving_again_replaces_all_of_it():
    save()
    save_adapter(make_adapter(task="other"), {"head": {"w": torch.ones(1)}}, adapters_dir() / "mood")
    loaded = load_adapter("mood")
    assert loaded.task == "other" and list(loaded.files) == ["head.safetensors"]
    assert [p.name for p in adapters_dir().iterdir()] == ["mood"]


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not an adapter"):
        save(folder=tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").exists()


@pytest.mark.parametrize(
    ("error", "raised"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "No space left on device"), DiskFullError)],
)
@pytest.mark.parametrize("existing", [False, True])
def test_an_interrupted_save_leaves_what_was_there(monkeypatch, error, raised, existing):
    if existing:
        save(task="first")

    def fail(*args):
        raise error

    monkeypatch.setattr("xmodal.models.cards.write_card", fail)
    with pytest.raises(raised):
        save(task="second")
    assert [p.name for p in adapters_dir().iterdir()] == (["mood"] if existing else [])
    assert not existing or load_adapter("mood").task == "first"


def test_what_a_killed_process_left_is_swept_later():
    left = adapters_dir() / ".mood.abc"
    left.mkdir()
    save()
    assert left.exists()  # may be at work
    os.utime(left, (time.time() - 7200,) * 2)
    save()
    assert not left.exists()


def test_an_altered_file_is_refused():
    file = save().path / "head.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(IntegrityError, match="not the one that was saved"):
        load_adapter("mood")
    file.write_bytes(data[:-1])
    with pytest.raises(IntegrityError, match="missing or cut short"):
        load_adapter("mood")


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


def entry_of(path) -> dict:
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}


def test_pickles_are_refused_under_any_name():
    adapter = save()
    lying = adapter.path / "head.bin"
    lying.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(IntegrityError, match="can run code"):
        load_adapter("mood")
    rewrite(adapter, files={"head.bin": entry_of(lying)})
    with pytest.raises(IntegrityError, match="must be safetensors"):
        load_adapter("mood")
    disguised = lying.rename(adapter.path / "head.safetensors")
    rewrite(adapter, files={"head.safetensors": entry_of(disguised)})
    with pytest.raises(IntegrityError, match="cannot be read"):
        load_tensors(load_adapter("mood"), "head")


@pytest.mark.parametrize("file", ["../other.safetensors", "/etc/x.safetensors", "a/b.safetensors", "..safetensors"])
def test_files_outside_the_folder_are_refused(file):
    adapter = save()
    rewrite(adapter, files={file: {"sha256": "0", "bytes": 0}})
    with pytest.raises(IntegrityError, match="in the same folder"):
        load_adapter("mood")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "mot de passe", "名字", "x" * 101])
def test_names_that_no_folder_can_bear_are_refused(name, tmp_path):
    with pytest.raises(InputError, match="cannot be named"):
        save(name, folder=tmp_path / "x")
    with pytest.raises(InputError, match="cannot be named"):
        delete_adapter(name)
    with pytest.raises(InputError, match="cannot be named"):
        save_adapter(make_adapter(), {f"../{name}": {}}, tmp_path / "x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "has the format 2"),
        ({"mood": 1}, "unknown keys: mood"),
        ({"labels": "ab"}, "a labels that cannot be used"),
        ({"family": "oracle"}, "a family that cannot be used"),
        ({"files": {"head.safetensors": {}}}, "no digest of head"),
    ],
)
def test_a_description_that_cannot_be_used_says_why(changes, message):
    rewrite(save(), **changes)
    with pytest.raises(InputError, match=message):
        load_adapter("mood")
    assert list_adapters() == []


def test_unknown_names_and_stems():
    with pytest.raises(UnknownModelError, match="Train one"):
        load_adapter("nope")
    adapter = save()
    with pytest.raises(UnknownModelError, match="Choose one of: mood"):
        load_adapter("nope")
    with pytest.raises(InputError, match=r"It has: head.safetensors"):
        load_tensors(adapter, "tail")


def test_listing_and_deleting_the_own_and_the_shipped(shipped):
    save("zoo", folder=shipped / "zoo", task="tag")
    save("mood", folder=shipped / "mood", task="shipped")
    save("mood")
    save("heard", family="transcriber", task="transcribe")
    (adapters_dir() / "broken").mkdir()
    (adapters_dir() / "broken" / "adapter.json").write_text("{")
    assert [a.name for a in list_adapters()] == ["zoo", "heard", "mood"]
    assert [a.name for a in list_adapters(family="classifier", task="classify")] == ["mood"]
    delete_adapter("mood")
    assert load_adapter("mood").task == "shipped"
    with pytest.raises(InputError, match="comes with xmodal"):
        delete_adapter("mood")
    with pytest.raises(UnknownModelError):
        delete_adapter("nothing")
    assert sorted(p.name for p in adapters_dir().iterdir()) == ["broken", "heard"]


def test_the_card_is_what_the_hub_reads():
    adapter = save_adapter(make_adapter(), make_tensors(), adapters_dir() / "mood", card_extra="## More\n\nThanks.")
    _, front, body = (adapter.path / "README.md").read_text("utf-8").split("---\n", 2)
    front = yaml.safe_load(front)
    assert front["license"] == "mit" and front["base_model"] == ["intfloat/multilingual-e5-small"]
    assert front["language"] == ["zh", "en"] and front["pipeline_tag"] == "text-classification"
    assert "| accuracy | 0.500 [0.400, 0.600] | 0.900 [0.850, 0.950] |" in body
    assert "| f1 | – | 0.875 |" in body and "0.400 [0.300, 0.500], which is more than noise" in body
    for part in ("## What it is for", "licence: CC0", "seed: 0", "## Limits", "`好`", "## More"):
        assert part in body


def test_a_card_of_an_unknown_base_without_metrics():
    base = {"image": {"model": "someone/net"}, "audio": {"model": "whisper-base"}}
    card = (save(base=base, metrics={}, recipe="", data={}).path / "README.md").read_text("utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["license"] == "other" and "someone/net" in front["base_model"] and "pipeline_tag" not in front
    assert "None were measured" in card
