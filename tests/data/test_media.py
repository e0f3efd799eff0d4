import numpy as np
import pytest
import soundfile
from recordings import tone, write_media

from xmodal.data import media
from xmodal.errors import InputError
from xmodal.settings import settings


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.wav", "PCM_16"), ("a.wav", "PCM_U8"), ("a.wav", "FLOAT"), ("a.flac", None), ("a.ogg", None), ("a.mp3", None),
     ("b's \"quoted\" 中文 name.flac", None)],
)  # fmt: skip
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (48_000, 2), (96_000, 6)])
def test_any_format_rate_and_channel_count_gives_the_same_tone(tmp_path, name, subtype, rate, channels):
    if name.endswith("mp3") and (rate > 48_000 or channels > 2):
        pytest.skip("MP3 does not exist in this rate and channel count")
    path = tmp_path / name
    soundfile.write(path, np.stack([tone(1.0, rate)] * channels, axis=1), rate, subtype=subtype)
    samples = media.load_audio(path)
    assert samples.dtype == np.float32
    assert abs(len(samples) - 16_000) < 900
    middle = samples[4_000:12_000]
    assert np.abs(middle).max() == pytest.approx(0.3, abs=0.05)  # lossy codecs overshoot
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * 2 == pytest.approx(440, abs=4)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "video"),
    [("a.m4a", "aac", 44_100, False), ("a.webm", "libopus", 48_000, False), ("a.opus", "libopus", 48_000, False),
     ("a.mp4", "aac", 48_000, True)],
)  # fmt: skip
def test_containers_with_and_without_video(tmp_path, name, codec, rate, video):
    path = write_media(tmp_path / name, codec, rate, video=video)
    info = media.probe(path)
    assert info.sample_rate == rate
    assert info.channels == 1
    assert info.duration == pytest.approx(1.0, abs=0.1)
    assert len(media.load_audio(path)) == pytest.approx(16_000, abs=1_000)


def test_blocks_are_of_one_size_and_join_without_a_seam(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(2.5, 44_100), 44_100)
    blocks = list(media.iter_audio(path, block_s=1.0))
    assert [len(block) for block in blocks] == [16_000, 16_000, 8_000]
    assert np.abs(np.diff(np.concatenate(blocks))).max() < 0.06


def test_a_clip_of_a_twentieth_of_a_second(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(0.05), 48_000)
    assert len(media.load_audio(path)) == 800


def test_a_truncated_file_gives_what_is_there(tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, tone(4.0), 48_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 + 13])
    assert 1.5 < len(media.load_audio(path)) / 16_000 < 2.5


def test_values_that_are_not_numbers_become_silence(tmp_path):
    path = tmp_path / "a.wav"
    samples = tone(0.5, 16_000)
    samples[100:200] = np.nan
    samples[300] = np.inf
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    decoded = media.load_audio(path)
    assert np.isfinite(decoded).all()
    assert not decoded[100:200].any()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.wav", b"", "empty"),
        ("text.wav", b"hello world, this is no sound " * 100, "not a sound or video file"),
        ("header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "not a sound or video file"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n", "not a sound or video file"),
        ("list.ffconcat", b"ffconcat version 1.0\nfile /etc/passwd\n", "not a sound or video file"),
    ],
)
def test_bad_files_are_named_with_a_reason(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        media.load_audio(tmp_path / name)
    assert name in caught.value.problem
    assert caught.value.advice


def test_video_without_sound(tmp_path):
    with pytest.raises(InputError, match="no sound"):
        media.probe(write_media(tmp_path / "a.mp4", sound=False, video=True))


@pytest.mark.parametrize("path", ["nowhere.wav", "http://127.0.0.1/a.wav", "."])
def test_what_is_not_a_file(path):
    with pytest.raises(InputError, match="There is no file"):
        media.probe(path)


def test_duration_limit(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(2.0), 48_000)
    monkeypatch.setenv("XMODAL_MAX_DURATION_MIN", "0.02")
    settings.cache_clear()
    try:
        with pytest.raises(InputError, match=r"longer than the limit of 0\.02 minutes"):
            media.probe(path)
        with pytest.raises(InputError, match="longer than the limit"):
            list(media.iter_audio(path, block_s=0.5))
    finally:
        settings.cache_clear()


def test_three_hours_do_not_fill_the_memory(tmp_path):
    """Decoding is a stream: ten times the sound takes no more memory."""
    import tracemalloc

    path = tmp_path / "a.flac"
    soundfile.write(path, np.tile(tone(1.0, 8_000), 600), 8_000)
    tracemalloc.start()
    total = sum(len(block) for block in media.iter_audio(path, block_s=10))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 600 * 16_000
    assert peak < 8_000_000  # the whole would be 38 MB
