import json
import zipfile
from pathlib import Path

import pytest
import torch
from job_helpers import METRICS, make_recipe

from xmodal.errors import InputError, IntegrityError
from xmodal.jobs import claims
from xmodal.jobs.adapter_files import import_adapter, pack_adapter, rename_adapter
from xmodal.jobs.queue import cancel, resume, submit
from xmodal.models.adapters import Adapter, adapters_dir, load_adapter, load_tensors, save_adapter


@pytest.fixture
def adapter(home):
    del home
    made = Adapter("reviews", "classifier", "classify", {"text": {"model": "multilingual-e5-small"}}, labels=("a", "b"))
    return save_adapter(made, {"head": {"w": torch.arange(4.0)}}, adapters_dir() / "reviews")


def rewrite(path: Path, add: dict[str, bytes]) -> Path:
    """The zip with more files, or others in their place."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()} | add
    with zipfile.ZipFile(path, "w") as new:
        for name, data in files.items():
            new.writestr(name, data)
    return path


def test_comes_back_from_its_zip_under_a_free_name(adapter, tmp_path):
    found = import_adapter(pack_adapter(adapter, tmp_path))
    assert found.name == found.path.name == "reviews-2"
    assert torch.equal(load_tensors(load_adapter("reviews-2"), "head")["w"], torch.arange(4.0))
    assert "# reviews-2" in (found.path / "README.md").read_text()
    assert found.labels == adapter.labels


@pytest.mark.parametrize("member", ["reviews/evil.py", "reviews/model.bin", "reviews/weights.PKL"])
def test_files_that_can_run_code_are_refused(adapter, tmp_path, member):
    path = rewrite(pack_adapter(adapter, tmp_path), {member: b"import os"})
    with pytest.raises(IntegrityError, match="can run code"):
        import_adapter(path)
    assert [folder.name for folder in adapters_dir().iterdir()] == ["reviews"]


def test_other_refusals_leave_nothing_behind(adapter, tmp_path):
    packed = pack_adapter(adapter, tmp_path).read_bytes()
    size = (adapter.path / "head.safetensors").stat().st_size
    cases = {
        "not the one": {"reviews/head.safetensors": bytes(size)},
        "leads out": {"../evil.txt": b"x"},
        "more than one adapter": {"other/adapter.json": b"{}"},
        "named": {"reviews/adapter.json": json.dumps({**_values(adapter), "name": "../x"}).encode()},
    }
    for message, add in cases.items():
        path = tmp_path / "bad.zip"
        path.write_bytes(packed)
        with pytest.raises((InputError, IntegrityError), match=message):
            import_adapter(rewrite(path, add))
    (tmp_path / "empty.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match="not a zip file"):
        import_adapter(tmp_path / "empty.zip")
    assert [folder.name for folder in adapters_dir().iterdir()] == ["reviews"]
    assert not (tmp_path / "evil.txt").exists()


def test_what_the_description_does_not_list_is_left_out(adapter, tmp_path):
    path = rewrite(pack_adapter(adapter, tmp_path), {"reviews/notes.txt": b"x", "reviews/more/a.json": b"{}"})
    assert sorted(file.name for file in import_adapter(path).path.iterdir()) == [
        "README.md", "adapter.json", "head.safetensors",
    ]  # fmt: skip


def test_rename(adapter):
    found = rename_adapter("reviews", "hotel-reviews")
    assert load_adapter("hotel-reviews").name == found.name == "hotel-reviews"
    assert not adapter.path.exists()
    assert "--model hotel-reviews " in (found.path / "README.md").read_text()
    for bad in ("../x", "hotel-reviews", "a b"):
        with pytest.raises(InputError):
            rename_adapter("hotel-reviews", bad)
    with pytest.raises(InputError, match="of your own"):
        rename_adapter("nobody", "x")


def test_names_of_models_that_jobs_are_still_to_make_are_left_to_them(adapter, tmp_path):
    job = submit(make_recipe("reviews-2"), "ann")
    assert import_adapter(pack_adapter(adapter, tmp_path)).name == "reviews-3"
    cancel(job.id)  # it can go on
    with pytest.raises(InputError, match="a model named reviews-2"):
        rename_adapter("reviews", "reviews-2")
    assert load_adapter("reviews").name == "reviews"
    resume(job.id)
    claims.finish(job.id, claims.claim("cpu").attempt, str(adapters_dir() / "elsewhere"), METRICS, 1.0)
    assert rename_adapter("reviews", "reviews-2").name == "reviews-2"


def _values(adapter) -> dict:
    return json.loads((adapter.path / "adapter.json").read_text())
