import json

import pytest

from xmodal.data.label_names import chinese_name
from xmodal.models.sources import fetch


def test_every_class_of_the_image_tower_has_a_chinese_name():
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    names = [info.index_to_description(number).split(",")[0].strip() for number in range(1000)]
    assert all(max(chinese_name(name, "pictures")) >= "\u4e00" for name in names if name != "iPod")
    assert chinese_name("lion", "pictures") == "狮子"
    assert chinese_name("my own class", "pictures") == "my own class"


@pytest.mark.slow
def test_every_class_of_the_sound_model_has_a_chinese_name():
    labels = json.loads((fetch("yamnet").path / "labels.json").read_text(encoding="utf-8"))
    assert all(chinese_name(name, "sounds") != name for name in labels)
