"""Recordings made up for the tests; none is stored in the repository."""

from fractions import Fraction
from pathlib import Path

import numpy as np


def tone(seconds: float = 1.0, rate: int = 48_000, hertz: float = 440.0) -> np.ndarray:
    """A sine at 0.3 of full scale, float32 `(samples,)`."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_media(path: Path, codec: str = "aac", rate: int = 48_000, sound: bool = True, video: bool = False) -> Path:
    """A second of tone and / or ten black frames in the container that the suffix names."""
    import av

    with av.open(str(path), "w") as container:
        if video:
            pictures = container.add_stream("mpeg4", rate=10)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
        if sound:
            audio = container.add_stream(codec, rate=rate, layout="mono")
        if video:
            for i in range(10):
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                frame.pts, frame.time_base = i, Fraction(1, 10)
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode())
        if sound:
            if not audio.codec_context.is_open:
                audio.codec_context.open()
            frame = av.AudioFrame.from_ndarray(tone()[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
            context = audio.codec_context
            resampler = av.AudioResampler(context.format.name, "mono", rate, context.frame_size)
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(audio.encode(part))
            container.mux(audio.encode())
    return path


def speech_clip(name: str = "cate_blanch.mp3") -> Path:
    """A real clip of English speech that comes with Gradio."""
    import gradio

    return Path(gradio.__file__).parent / "media_assets" / "audio" / name
