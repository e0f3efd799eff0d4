from pathlib import Path

import gradio
import numpy as np
import pytest
import soundfile

from xmodal.errors import DownloadError, InputError
from xmodal.tasks import recordings
from xmodal.tasks.results import LabelScore, Segment, TagResult, TimedLabel, TranscribeResult

SENTENCE = Path(gradio.__file__).parent / "media_assets" / "audio" / "heath_ledger.mp3"


def fake(monkeypatch, segments=(), labels=(), timeline=()):
    said = TranscribeResult("a.wav", "", "en", 9.0, tuple(segments), "m", 0.1)
    heard = TagResult("a.wav", tuple(labels), tuple(timeline), "m", 0.1)
    monkeypatch.setattr(recordings, "transcribe", lambda *_, **__: said)
    monkeypatch.setattr(recordings, "tag", lambda *_, **__: heard)
    return recordings.read_recording(Path("a.wav"))


def test_sentences_have_their_times_and_sounds_are_told_once(monkeypatch):
    found = fake(
        monkeypatch,
        [Segment(0.5, 2.0, " Hello there. "), Segment(2.0, 2.5, "  ")],
        [LabelScore("Dog", 0.9), LabelScore("Speech", 0.8), LabelScore("Rain", 0.1)],
        [TimedLabel(1, 2, "Dog", 0.9), TimedLabel(4, 5, "Dog", 0.9), TimedLabel(1, 9, "Speech", 0.9),
         TimedLabel(60, 61, "Dog", 0.5)],
    )  # fmt: skip
    assert [(part.text, part.time) for part in found.parts] == [
        ("Hello there.", (0.5, 2.0)),
        ("The recording has the sound of Dog.", None),
        ("Dog is heard.", (1, 5)),
        ("Dog is heard.", (60, 61)),
    ]
    assert found.kind == "audio"


def test_where_nothing_is_heard_that_is_said(monkeypatch):
    with pytest.raises(InputError, match="Neither speech nor a sound"):
        fake(monkeypatch, labels=[LabelScore("Silence", 0.9)])


def test_without_the_model_of_sounds_what_is_said_is_there(monkeypatch):
    def tag(*_, **__):
        raise DownloadError("There is no network.", "Connect.")

    said = TranscribeResult("a.wav", "", "en", 9.0, (Segment(0.5, 2.0, "Hello."),), "m", 0.1)
    monkeypatch.setattr(recordings, "transcribe", lambda *_, **__: said)
    monkeypatch.setattr(recordings, "tag", tag)
    found = recordings.read_recording(Path("a.wav"))
    assert (found.text, found.partial) == ("Hello.", True)
    assert found.warnings == ("The sounds in a.wav could not be named: There is no network.",)


@pytest.mark.slow
class TestReal:
    def test_a_sentence_has_its_words_and_times(self):
        found = recordings.read_recording(SENTENCE)
        spoken = [part for part in found.parts if not part.heading]
        assert len(" ".join(part.text for part in spoken).split()) > 5
        assert all(0 <= part.time[0] < part.time[1] for part in spoken)

    def test_a_silent_question_is_refused(self, tmp_path):
        soundfile.write(tmp_path / "silent.wav", np.zeros(32_000, np.float32), 16_000)
        with pytest.raises(InputError, match="No words were heard"):
            recordings.hear_question(tmp_path / "silent.wav")
