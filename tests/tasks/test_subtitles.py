import json

import pysubs2
import pytest

from xmodal.errors import InputError
from xmodal.tasks.results import Segment, TranscribeResult, Word
from xmodal.tasks.subtitles import format_transcript

SEGMENTS = (
    Segment(0.5, 2.25, "Hello <b>you</b> & {others}.", (Word(0.5, 1.0, "Hello"),)),
    Segment(3661.0, 3663.999, "降低高血压 😀"),
)
RESULT = TranscribeResult("a.wav", "…", "en", 3670.0, SEGMENTS, "whisper-base", 1.0)


@pytest.mark.parametrize("fmt", ["srt", "vtt"])
def test_subtitles_can_be_read_back(fmt):
    read = pysubs2.SSAFile.from_string(format_transcript(RESULT, fmt), format_=fmt)
    assert [(e.start, e.end) for e in read] == [(500, 2250), (3_661_000, 3_663_999)]
    assert read[1].plaintext == "降低高血压 😀"
    assert "others" in read[0].plaintext


def test_srt_has_the_usual_look():
    lines = format_transcript(RESULT, "srt").splitlines()
    assert lines[:3] == ["1", "00:00:00,500 --> 00:00:02,250", "Hello <b>you</b> & (others)."]
    assert "01:01:01,000 --> 01:01:03,999" in lines


def test_vtt_begins_with_its_name():
    assert format_transcript(RESULT, "vtt").startswith("WEBVTT")


def test_json_has_the_contract_keys():
    data = json.loads(format_transcript(RESULT, "json"))
    assert list(data) == ["file", "text", "language", "duration", "segments", "model", "seconds"]
    assert list(data["segments"][0]) == ["start", "end", "text", "words"]
    assert "words" not in data["segments"][1]


def test_text_has_a_line_for_each_segment():
    assert format_transcript(RESULT, "txt").splitlines() == [s.text for s in SEGMENTS]


def test_another_format_is_refused():
    with pytest.raises(InputError, match="docx"):
        format_transcript(RESULT, "docx")
