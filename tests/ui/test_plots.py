import base64
import io
import tracemalloc

import numpy as np
import pytest
import soundfile
from PIL import Image

from xmodal.errors import CancelledError
from xmodal.ui import plots


def write_tone(path, seconds: float, hertz: float = 1000.0):
    time = np.arange(int(seconds * 16_000)) / 16_000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * hertz * time), 16_000)
    return path


def pixels(overview: plots.Overview) -> np.ndarray:
    """Brightness `(mels, columns)`, low tones last."""
    data = base64.b64decode(overview.spectrogram.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)), np.float32).sum(axis=2)


@pytest.mark.parametrize("seconds", [0.05, 1, 30.1, 95])
def test_length_and_columns(tmp_path, seconds):
    overview = plots.draw_overview(write_tone(tmp_path / "a.wav", seconds))
    assert overview.duration == pytest.approx(seconds, abs=0.01)
    assert 1 <= len(overview.peaks) <= plots.COLUMNS
    assert overview.peaks.max() == pytest.approx(0.5, abs=0.02)


def test_a_tone_is_a_bright_line_at_its_height(tmp_path):
    rows = [
        int(pixels(plots.draw_overview(write_tone(tmp_path / f"{hertz}.wav", 5, hertz))).mean(axis=1).argmax())
        for hertz in (200, 1000, 4000)
    ]
    assert rows == sorted(rows, reverse=True)


def test_silence_is_dark(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    assert pixels(plots.draw_overview(tmp_path / "a.wav")).max() < 30


def test_a_long_file_is_streamed(tmp_path):
    path = write_tone(tmp_path / "a.flac", 900)
    plots.draw_overview(write_tone(tmp_path / "b.wav", 1))
    tracemalloc.start()
    plots.draw_overview(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The samples alone would be 58 MB.
    assert peak < 40e6


def test_reports_and_stops(tmp_path):
    import threading

    path, steps, cancel = write_tone(tmp_path / "a.wav", 70), [], threading.Event()
    plots.draw_overview(path, report=steps.append)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    cancel.set()
    with pytest.raises(CancelledError):
        plots.draw_overview(path, cancel=cancel)
