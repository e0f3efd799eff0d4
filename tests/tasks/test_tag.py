import numpy as np
import pytest
import soundfile
from recordings import speech_clip, tone

from xmodal.errors import InputError, UnknownModelError
from xmodal.tasks import tag as tagging
from xmodal.tasks.tag import summarise, tag, timeline


class Network:
    """Hears the loudness of each second: class 1 where there is sound, class 0 (silence) where there is none."""

    labels = ("Silence", "Sound")
    window_s, hop_s = 1.0, 0.5

    def scores(self, samples):
        rows = [samples[i : i + 16_000] for i in range(0, max(len(samples) - 16_000, 0) + 1, 8_000)]
        heard = np.array([np.abs(row).max() > 0.1 for row in rows], dtype=np.float32)
        return np.stack([1 - heard, heard], axis=1)


def test_a_short_sound_in_a_long_silence_is_not_lost():
    scores = np.zeros((100, 2), np.float32)
    scores[:, 0] = 1
    scores[40:43] = (0, 0.9)
    assert summarise(scores, ["Silence", "Bark"]).tolist() == pytest.approx([0, 0.9])


def test_silence_is_named_where_there_is_nothing_else():
    scores = np.tile(np.array([[0.95, 0.01]], np.float32), (20, 1))
    assert summarise(scores, ["Silence", "Bark"])[0] == pytest.approx(0.95)


def test_timeline_joins_runs_and_bridges_one_gap():
    scores = np.zeros((20, 2), np.float32)
    scores[[2, 3, 5, 12], 1] = (0.5, 0.8, 0.6, 0.4)
    found = timeline(scores, Network(), np.array([0, 1]), 30.0)
    assert [(t.start, t.end, t.score) for t in found] == [(1.0, 3.5, 0.8), (6.0, 7.0, 0.4)]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 59.9, 60.0, 125.3])
def test_blocks_are_scored_without_a_seam(tmp_path, seconds):
    """The stretches of all blocks are those of the whole recording at once."""
    path = tmp_path / "a.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32), 16_000)
    network = Network()
    hop = round(network.hop_s * 16_000)
    pieces = [samples for samples, _ in tagging._stretches(path, network)]
    count = sum(max(0, (len(p) - round(1.03 * 16_000)) // hop) + 1 for p in pieces)
    assert count == pytest.approx(max(1, (seconds - 1.03) / 0.5 + 1), abs=1.1)


def test_unusable_requests(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 48_000)
    with pytest.raises(InputError, match="0 labels"):
        tag(path, top=0)
    with pytest.raises(UnknownModelError, match="no model named"):
        tag(path, model="ears")
    with pytest.raises(UnknownModelError, match="does not do 'tag'"):
        tag(path, model="whisper-base")


@pytest.mark.slow
def test_real_sounds_are_named():
    music = tag(speech_clip("sax.wav"), top=3)
    assert {"Saxophone", "Music"} & {item.label for item in music.labels}
    speech = tag(speech_clip(), top=3)
    assert speech.labels[0].label == "Speech"
    assert any(item.label == "Speech" and item.end > item.start for item in speech.timeline)
    assert len(speech.labels) == 3


@pytest.mark.slow
def test_real_silence_is_called_silence(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(80_000, np.float32), 16_000)
    assert tag(path).labels[0].label == "Silence"
