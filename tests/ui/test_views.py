import re
from pathlib import Path

import numpy as np
import pytest

from xmodal.errors import InputError
from xmodal.progress import Progress
from xmodal.tasks.results import LabelScore, Segment, TimedLabel, TranscribeResult
from xmodal.ui import views
from xmodal.ui.audio_run import draw_player
from xmodal.ui.picture import draw_picture
from xmodal.ui.plots import Overview

EVIL = "<img src=x onerror=alert(1)>\"'&"
OVERVIEW = Overview(10.0, np.array([0.0, 0.5, 1.0]), "data:image/png;base64,AAAA")


def make_result(*segments: Segment, language: str = "en") -> TranscribeResult:
    return TranscribeResult("a.wav", " ".join(s.text for s in segments), language, 10.0, segments, "whisper-base", 1.0)


@pytest.mark.parametrize(
    "drawn",
    [
        views.transcript(make_result(Segment(0, 1, EVIL), language=EVIL)),
        views.sounds([LabelScore(EVIL, 0.5)]),
        views.progress(Progress("download", EVIL, 1, 2, "MB", 3)),
        views.notice(*views.words_of(InputError(EVIL, EVIL))),
        draw_picture(OVERVIEW, [Segment(0, 1, EVIL)], [TimedLabel(0, 1, EVIL, 0.5)]),
        draw_player(f"/tmp/{EVIL}.wav"),
    ],
    ids=["transcript", "sounds", "progress", "notice", "picture", "player"],
)
def test_foreign_text_is_escaped(drawn):
    assert "<img src=x" not in drawn
    assert "onerror=alert(1)>" not in drawn


def test_segments_are_buttons_that_know_their_time():
    drawn = views.transcript(make_result(Segment(75.456, 80, " hello ")))
    assert '<button type="button" class="xm-segment" data-start="75.46" data-end="80.00">' in drawn
    assert ">1:15<" in drawn and ">hello<" in drawn


def test_no_speech_and_no_sounds_are_said():
    assert "No speech was found" in views.transcript(make_result())
    assert "No sound was recognised" in views.sounds([])


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (75.4, "1:15"), (3675, "1:01:15")])
def test_clock(seconds, text):
    assert views.clock(seconds) == text


def test_progress_shows_share_size_and_rate():
    drawn = views.progress(Progress("download", "whisper-base", 50, 200, "MB", 12.5))
    assert 'aria-valuenow="25"' in drawn and "50 / 200 MB" in drawn and "12.5 MB/s" in drawn
    assert "aria-valuenow" not in views.progress(Progress("load", "whisper-base"))


def test_every_stage_that_is_reported_has_a_text():
    sources = [path.read_text("utf-8") for path in (Path(__file__).parents[2] / "xmodal").rglob("*.py")]
    stages = {stage for text in sources for stage in re.findall(r'Progress\(\s*"(\w+)"', text)}
    assert {"read", "download", "train", "words"} <= stages
    for stage in stages:
        assert "xm-status" in views.progress(Progress(stage, "x"))


def test_an_unexpected_error_is_owned_up_to():
    what, _ = views.words_of(ValueError("secret path"))
    assert "inside xmodal" in what and "secret" not in what


def test_player_is_video_for_video_and_url_is_quoted():
    assert draw_player("/tmp/a.mp4").startswith("<video ")
    assert "/tmp/%E4%BD%A0%20%231%3F.wav" in draw_player("/tmp/你 #1?.wav")
    assert draw_player("/tmp/a.opus").startswith("<audio ")


def test_picture_merges_touching_segments_and_keeps_the_strongest_sounds():
    segments = [Segment(i, i + 1, "x") for i in range(5)] + [Segment(8, 9, "x")]
    timeline = [TimedLabel(0, 1, f"s{i}", i / 10) for i in range(10)]
    drawn = draw_picture(OVERVIEW, segments, timeline)
    assert drawn.count("<i style") == 2 + 6
    assert ">s9<" in drawn and ">s3<" not in drawn
