import importlib.util
import re

import pytest

from xmodal.errors import UnknownModelError
from xmodal.models.registry import find_model, list_models


@pytest.mark.parametrize("name", list_models())
def test_every_model_is_described_in_full(name):
    spec = find_model(name)
    assert spec.tasks and spec.licence and spec.summary and spec.parameters_m
    assert spec.hub or spec.index
    assert spec.download_mb or not spec.hub
    assert not any(re.search(r"\.(bin|pth?|pkl|ckpt)\b", pattern) for pattern in spec.hub_files)


@pytest.mark.parametrize("name", [name for name in list_models() if find_model(name).index])
def test_every_index_file_is_pinned_and_has_a_digest(name):
    index = find_model(name).index
    assert {file.name for file in index.files} == set(index.sha256)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in index.sha256.values())
    assert all(re.fullmatch(r"\d+(\.\d+)+", file.version) for file in index.files)
    assert importlib.util.find_spec(f"xmodal.models.converters.{index.converter}")


def test_the_default_for_speech_works_without_the_hub():
    assert list_models("transcribe")[0] == "whisper-base"
    assert list_models("tag")[0] == "yamnet"


def test_an_unknown_name_says_what_would_work():
    with pytest.raises(UnknownModelError, match="whisper-base"):
        find_model("whisper")
    with pytest.raises(UnknownModelError, match="yamnet"):
        find_model("whisper-base", "tag")
