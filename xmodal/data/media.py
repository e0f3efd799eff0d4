"""Sound out of any audio or video file, as a stream of mono blocks.

PyAV (FFmpeg) decodes, soxr resamples. Files are read block by block, so that hours of sound do not fill the memory.
Uploaded files are not trusted: only plain media containers are opened, never playlists that point elsewhere.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xmodal.errors import InputError
from xmodal.settings import settings

log = logging.getLogger(__name__)

SPEECH_RATE = 16_000
"""Samples a second of everything the speech and sound models hear."""

_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,eac3,flac,flv,gsm,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,"
    "mpeg,mpegts,nut,oga,ogg,opus,tta,voc,w64,wav,wv"
)
_USE_INSTEAD = "Use a WAV, FLAC, OGG, Opus, MP3, M4A, WebM or MP4 file."


@dataclass(frozen=True)
class MediaInfo:
    """What a file says of its sound.

    Attributes:
        duration: Seconds; 0 where the file does not say (some browser recordings).
        sample_rate: Samples a second.
        channels: How many.
        codec: FFmpeg's name of the audio codec.
        container: FFmpeg's name of the container.
    """

    duration: float
    sample_rate: int
    channels: int
    codec: str
    container: str


def probe(path: str | Path) -> MediaInfo:
    """Read a file's header.

    Raises:
        InputError: Not a media file, no sound in it, or longer than the limit.
    """
    with _open(path) as (container, stream):
        info = _describe(container, stream)
    _check_duration(Path(path), info.duration)
    return info


def iter_audio(path: str | Path, rate: int = SPEECH_RATE, block_s: float = 30.0) -> Iterator[np.ndarray]:
    """Decode a file to mono blocks.

    Args:
        path: Any audio or video file.
        rate: Samples a second wanted.
        block_s: Seconds in each block; the last one is shorter.

    Yields:
        float32 arrays of shape `(samples,)`, full scale at 1.

    Raises:
        InputError: Not a media file, no sound in it, nothing in it could be decoded, or longer than the limit.
    """
    import soxr

    path = Path(path)
    size = round(block_s * rate)
    pending, count, total = [], 0, 0
    with _open(path) as (container, stream):
        source_rate = stream.rate
        resampler = soxr.ResampleStream(source_rate, rate, 1) if source_rate != rate else None
        for samples in _with_flush(_decode(container, stream, source_rate), resampler):
            pending.append(samples)
            count += len(samples)
            total += len(samples)
            if count >= size:
                _check_duration(path, total / rate)
                joined = np.concatenate(pending)
                whole = count - count % size
                yield from joined[:whole].reshape(-1, size)
                pending, count = [joined[whole:]], count % size
    if total == 0:
        raise InputError(f"No sound could be decoded from {path.name}.", "The file may be damaged; try another copy.")
    if count:
        yield np.concatenate(pending)


def load_audio(path: str | Path, rate: int = SPEECH_RATE) -> np.ndarray:
    """A whole file as float32 `(samples,)`; for short clips (see `iter_audio` for long ones)."""
    return np.concatenate(list(iter_audio(path, rate)))


@contextmanager
def _open(path: str | Path):
    """The container and its first audio stream, errors in plain words."""
    import av

    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the name and the folder.")
    if path.stat().st_size == 0:
        raise InputError(f"The file {path.name} is empty.", "Choose a file with sound in it.")
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{path.absolute()}", options=options, metadata_errors="ignore")
    except PermissionError as error:
        raise InputError(f"The file {path.name} may not be read.", "Check its permissions.") from error
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{path.name} is not a sound or video file that can be read.", _USE_INSTEAD) from error
    with container:
        if not container.streams.audio:
            raise InputError(f"There is no sound in {path.name}.", "Choose a file with an audio track.")
        stream = container.streams.audio[0]
        if stream.codec_context is None or not stream.rate:
            raise InputError(f"The sound in {path.name} is in a format that cannot be decoded.", _USE_INSTEAD)
        yield container, stream


def _describe(container, stream) -> MediaInfo:
    if stream.duration and stream.time_base:
        duration = float(stream.duration * stream.time_base)
    else:
        duration = (container.duration or 0) / 1_000_000
    return MediaInfo(max(duration, 0.0), stream.rate, stream.channels, stream.codec_context.name, container.format.name)


def _decode(container, stream, rate: int) -> Iterator[np.ndarray]:
    """Mono float32 at the file's own rate. Damaged packets are skipped and logged, as players do."""
    import av

    resampler = av.AudioResampler(format="fltp", rate=rate)
    damaged = 0
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                damaged += 1
                continue
            for frame in frames:
                frame.pts = None
                for converted in resampler.resample(frame):
                    yield _to_mono(converted.to_ndarray())
        for converted in resampler.resample(None):
            yield _to_mono(converted.to_ndarray())
    except av.FFmpegError as error:
        log.warning("%s ends early: %s", container.name, error)
    if damaged:
        log.warning("%s: %d damaged packets were skipped", container.name, damaged)


def _to_mono(samples: np.ndarray) -> np.ndarray:
    """`(channels, samples)` to `(samples,)`, finite and within full scale."""
    mono = samples.mean(axis=0, dtype=np.float32)
    return np.clip(np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)


def _with_flush(blocks: Iterator[np.ndarray], resampler) -> Iterator[np.ndarray]:
    """Pass blocks through a soxr stream, and its last samples after them."""
    if resampler is None:
        yield from blocks
        return
    heard = False
    for block in blocks:
        heard = True
        yield resampler.resample_chunk(block)
    if heard:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _check_duration(path: Path, seconds: float) -> None:
    limit = settings().max_duration_min
    if seconds > limit * 60:
        raise InputError(
            f"{path.name} is longer than the limit of {limit:g} minutes.",
            "Cut it into parts, or raise XMODAL_MAX_DURATION_MIN.",
        )
