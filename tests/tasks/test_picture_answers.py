import threading

import pytest
from PIL import Image

from xmodal.data.documents import Document, Part
from xmodal.errors import CancelledError
from xmodal.tasks import picture_answers
from xmodal.tasks.picture_answers import look_for_answers
from xmodal.ui.messages import stored


@pytest.fixture
def shown(tmp_path):
    """Two pictures as documents."""
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    return [Document(name, (Part("x"),), kind="image", file=tmp_path / name) for name in ("a.png", "b.png")]


def test_one_that_cannot_be_looked_at_is_noted_beside_what_was_seen(shown, monkeypatch):
    monkeypatch.setattr(picture_answers, "ask_picture", lambda *_: ("a lion", 0.8, "m"))
    found, notes = look_for_answers(shown, "What is it?", None)
    assert ([one.file for one in found], notes) == (["a.png", "b.png"], ())
    shown[1].file.write_bytes(b"damaged")
    found, (note,) = look_for_answers(shown, "What is it?", None)
    assert [(one.file, one.text, one.score) for one in found] == [("a.png", "a lion", 0.8)]
    assert "could not be looked at: b.png is not a picture" in note and "有图片未能查看：b.png" in stored(note)


def test_looking_stops_when_asked(shown, monkeypatch):
    cancel, asked = threading.Event(), []

    def ask(image, question, *_):
        asked.append(question)
        cancel.set()
        return "a lion", 0.8, "m"

    monkeypatch.setattr(picture_answers, "ask_picture", ask)
    with pytest.raises(CancelledError):
        look_for_answers(shown, "What is it?", None, cancel=cancel)
    assert asked == ["What is it?"]
