import numpy as np
import torch
from recordings import speech_clip, tone

from xmodal.data.media import load_audio
from xmodal.models.vad import find_speech


def test_speech_is_found_where_it_is():
    clip = load_audio(speech_clip("heath_ledger.mp3"))
    silence = np.zeros(16_000 * 2, np.float32)
    spans = find_speech(np.concatenate([silence, clip, silence]), 28)
    assert spans[0][0] > 1.9 * 16_000
    assert spans[-1][1] < 2.2 * 16_000 + len(clip)
    assert sum(end - start for start, end in spans) > 0.6 * len(clip)


def test_no_speech_in_silence_and_in_a_tone():
    assert find_speech(np.zeros(16_000 * 5, np.float32), 28) == []
    assert find_speech(tone(5.0, 16_000), 28) == []


def test_torch_keeps_its_threads():
    """Importing silero_vad sets torch to one thread, which halves the speed of everything else."""
    import subprocess
    import sys

    code = (
        "import numpy, torch; torch.set_num_threads(2); from xmodal.models.vad import find_speech;"
        "find_speech(numpy.zeros(16000, numpy.float32), 28); print(torch.get_num_threads())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "2"
    assert torch.get_num_threads() >= 1
