"""Word error rate, times, languages and silence, on recordings that no model here was trained on."""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from tests.benchmarks.prompts import Placed, load_prompts, long_recording, word_error_rate
from xmodal.tasks.results import TranscribeResult
from xmodal.tasks.transcribe import TranscribeOptions, transcribe, transcribe_files

RATE = 16_000


def main() -> None:
    """Print all numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mandarin", type=Path, help="folder with metadata.csv (file_name, transcription)")
    parser.add_argument("--clips", type=int, default=500, help="Mandarin clips, evenly drawn")
    parser.add_argument("--only", choices=("prompts", "long", "silence", "mandarin"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.only in (None, "prompts"):
            one_by_one()
        if args.only in (None, "long"):
            long_file(Path(folder))
        if args.only in (None, "silence"):
            silence(Path(folder))
    if args.mandarin and args.only in (None, "mandarin"):
        mandarin(args.mandarin, args.clips)


def one_by_one() -> None:
    """Each prompt as a file of its own, language detected."""
    prompts = load_prompts()
    results = [transcribe(p.path) for p in prompts]
    print(f"prompts: {len(prompts)}, {sum(r.duration for r in results):.0f} s")
    print(f"  word error rate: {word_error_rate([p.text for p in prompts], [r.text for r in results]):.2f} %")
    print(f"  language right: {sum(r.language == 'en' for r in results)}/{len(results)}")
    for prompt, result in zip(prompts, results, strict=True):
        if result.language != "en":
            print(f"    {prompt.path.name}: {result.language}")


def long_file(folder: Path) -> None:
    """Ten minutes of prompts with 2 s gaps against the same prompts one by one."""
    samples, placed, used = long_recording(load_prompts())
    soundfile.write(folder / "long.wav", samples, RATE)
    result = transcribe(folder / "long.wav")
    single = transcribe_files([p.path for p in used])
    references = [p.text for p in placed]
    print(f"long file: {len(samples) / RATE:.0f} s, {len(placed)} prompts, {len(result.segments)} segments")
    print(f"  word error rate in one file: {word_error_rate([' '.join(references)], [result.text]):.2f} %")
    print(f"  the same one by one: {word_error_rate([' '.join(references)], [' '.join(r.text for r in single)]):.2f} %")
    lost, starts, ends = compare_times(placed, result, [r.segments for r in single])
    print(f"  prompts without a segment: {lost}")
    for name, errors in (("start", starts), ("end", ends)):
        print(f"  {name} error: median {np.median(errors):.2f} s, largest {max(errors):.2f} s, "
              f"over 0.5 s: {sum(e > 0.5 for e in errors)}/{len(errors)}")  # fmt: skip


def compare_times(placed: list[Placed], result: TranscribeResult, singles) -> tuple[int, list[float], list[float]]:
    """How far segments are from where the speech of each prompt starts and ends.

    Speech rarely fills its file, so the truth is the prompt's place plus where speech lies in the file alone.
    """
    lost, starts, ends = 0, [], []
    for prompt, segments in zip(placed, singles, strict=True):
        inside = [s for s in result.segments if s.start < prompt.end and s.end > prompt.start]
        if not inside:
            lost += 1
        elif segments:
            starts.append(abs(inside[0].start - prompt.start - segments[0].start))
            ends.append(abs(inside[-1].end - prompt.start - segments[-1].end))
    return lost, starts, ends


def silence(folder: Path) -> None:
    """Ten minutes each of digital silence and of white noise."""
    noise = np.random.default_rng(0).normal(0, 0.05, 600 * RATE).astype(np.float32)
    brown = np.cumsum(noise) - np.linspace(0, noise.sum(), len(noise))
    brown = (0.3 * brown / np.abs(brown).max()).astype(np.float32)
    for name, samples in (("silence", np.zeros_like(noise)), ("white noise", noise), ("brown noise", brown)):
        for vad in (True, False):
            soundfile.write(folder / "quiet.wav", samples if vad else samples[: 60 * RATE], RATE)
            result = transcribe(folder / "quiet.wav", TranscribeOptions(vad=vad))
            filtered = "speech filter on, 10 min" if vad else "speech filter off, 1 min"
            print(f"{name} ({filtered}): {result.text!r}")


def mandarin(folder: Path, clips: int) -> None:
    """Character error rate, in simplified characters, and how often the language is found."""
    rows = list(csv.DictReader((folder / "metadata.csv").read_text(encoding="utf-8").splitlines()))
    rows = rows[:: max(len(rows) // clips, 1)][:clips]
    results = transcribe_files([folder / row["file_name"] for row in rows])
    found = sum(r.language == "zh" for r in results)
    print(f"mandarin: {len(rows)} clips, language found: {found} ({100 * found / len(rows):.1f} %)")
    others = {}
    for result in results:
        others[result.language] = others.get(result.language, 0) + 1
    print(f"  languages: {others}")
    report_characters(rows, results, "detected")
    given = transcribe_files([folder / row["file_name"] for row in rows], TranscribeOptions(language="zh"))
    report_characters(rows, given, "given")


def report_characters(rows: list[dict], results: list[TranscribeResult], language: str) -> None:
    """Print the character error rate, in simplified characters and without punctuation."""
    import jiwer

    rate = jiwer.cer([_plain(row["transcription"]) for row in rows], [_plain(r.text) for r in results])
    print(f"  character error rate, simplified, language {language}: {100 * rate:.1f} %")


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


if __name__ == "__main__":
    main()
