"""Transcription of real clips by the real Whisper base."""

import threading

import numpy as np
import pytest
import soundfile
from recordings import speech_clip, write_media

import xmodal
from xmodal.data.media import load_audio
from xmodal.errors import CancelledError, InputError, UnknownModelError
from xmodal.tasks.results import to_dict
from xmodal.tasks.transcribe import TranscribeOptions, iter_transcribe, transcribe, transcribe_files


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        ({"language": "klingon"}, InputError, "klingon"),
        ({"script": "runes"}, InputError, "runes"),
        ({"model": "ears"}, UnknownModelError, "ears"),
        ({"model": "yamnet"}, UnknownModelError, "does not do 'transcribe'"),
    ],
)
def test_options_that_cannot_be_used(choices, error, words):
    with pytest.raises(error, match=words):
        transcribe(speech_clip(), **choices)


def test_a_bad_file_among_several_is_named_before_any_work(tmp_path):
    (tmp_path / "empty.wav").touch()
    with pytest.raises(InputError, match=r"empty\.wav"):
        transcribe_files([speech_clip(), tmp_path / "empty.wav"])


@pytest.mark.slow
class TestRealWhisper:
    def test_english_is_detected_and_understood(self):
        result = transcribe(speech_clip("heath_ledger.mp3"))
        assert result.language == "en"
        assert "never do it for free" in result.text
        assert result.segments[0].start < result.segments[-1].end <= result.duration
        assert list(to_dict(result)) == ["file", "text", "language", "duration", "segments", "model", "seconds"]

    def test_words_lie_in_order_within_their_segments(self):
        result = transcribe(speech_clip(), words=True)
        assert result.segments
        for segment in result.segments:
            assert "".join(w.text for w in segment.words) == segment.text.replace(" ", "")
            times = [t for w in segment.words for t in (w.start, w.end)]
            assert times == sorted(times)
            assert segment.start <= times[0]
            assert times[-1] <= segment.end

    def test_pauses_are_cut_out_and_times_stay_true(self, tmp_path):
        clip = load_audio(speech_clip("heath_ledger.mp3"))
        pause = np.zeros(16_000 * 20, np.float32)
        soundfile.write(tmp_path / "a.wav", np.concatenate([pause, clip, pause, pause, clip, pause]), 16_000)
        result = transcribe(tmp_path / "a.wav")
        alone = transcribe(speech_clip("heath_ledger.mp3"))
        assert result.text.lower().count("never do it for free") == 2
        second = 60 + len(clip) / 16_000
        assert all(20 <= s.start < s.end <= 20.5 + len(clip) / 16_000 or second <= s.start for s in result.segments)
        starts = [s.start for s in result.segments if s.start >= second]
        assert starts[0] - second == pytest.approx(alone.segments[0].start, abs=0.5)

    def test_streaming_ends_with_the_whole_result(self):
        *growing, last = iter_transcribe(speech_clip())
        whole = transcribe(speech_clip())
        assert last.text == whole.text
        assert all(last.text.startswith(result.text) for result in growing)

    def test_silence_gives_an_empty_transcript(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.zeros(16_000 * 40, np.float32), 16_000)
        for vad in (True, False):
            result = transcribe(tmp_path / "a.wav", TranscribeOptions(vad=vad))
            assert (result.text, result.segments, result.duration) == ("", (), 40.0)

    def test_several_files_share_a_batch_and_keep_their_order(self, tmp_path):
        write_media(tmp_path / "tone.webm", "libopus")
        names = [speech_clip("heath_ledger.mp3"), tmp_path / "tone.webm", speech_clip("cate_blanch_2.mp3")]
        results = transcribe_files(names)
        assert [r.file for r in results] == [str(n) for n in names]
        assert "free" in results[0].text
        assert results[1].text == ""
        assert results[2].text

    def test_two_users_at_once_get_what_each_gets_alone(self):
        clips = [speech_clip("heath_ledger.mp3"), speech_clip("cate_blanch_2.mp3")]
        alone = [transcribe(clip).text for clip in clips]
        together = {}
        threads = [
            threading.Thread(target=lambda c=clip: together.__setitem__(c, transcribe(c).text)) for clip in clips * 2
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [together[clip] for clip in clips] == alone

    def test_cancel_stops_it(self):
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(CancelledError):
            transcribe(speech_clip(), cancel=cancel)

    def test_progress_is_told_in_seconds(self):
        told = []
        xmodal.transcribe(speech_clip(), report=told.append)
        last = [p for p in told if p.stage == "transcribe"][-1]
        assert last.unit == "s"
        assert last.done == pytest.approx(last.total, abs=0.2)
        assert last.rate > 0
