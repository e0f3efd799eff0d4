"""`xmodal transcribe` and `xmodal tag`."""

import argparse
import json
from pathlib import Path

_FORMATS = ("json", "txt", "srt", "vtt")


def add_transcribe(subparsers) -> None:
    """Add `transcribe AUDIO... [options]`."""
    parser = subparsers.add_parser("transcribe", help="speech to text with times", description="Speech to text.")
    parser.add_argument("audio", metavar="AUDIO", nargs="+", help="audio or video files")
    parser.add_argument("--language", default="auto", metavar="CODE", help="auto (default), en, zh, ...")
    parser.add_argument("--translate", action="store_true", help="give the text in English")
    parser.add_argument("--words", action="store_true", help="give each word's time too")
    parser.add_argument("--format", choices=_FORMATS, default="txt", help="what to print (default: txt)")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument(
        "--script",
        choices=("simplified", "traditional", "original"),
        default="simplified",
        help="Chinese characters (default: simplified)",
    )
    parser.add_argument("--no-vad", action="store_true", help="transcribe everything, not only what sounds like speech")
    parser.add_argument("--model", default="", metavar="NAME", help="see `xmodal models`, or an adapter")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write one file for each recording there")
    parser.set_defaults(run=run_transcribe)


def run_transcribe(args: argparse.Namespace) -> int:
    """Transcribe the files, print or write the transcripts."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.tasks.results import to_dict
    from xmodal.tasks.subtitles import format_transcript
    from xmodal.tasks.transcribe import TranscribeOptions, transcribe_files

    options = TranscribeOptions(
        model=args.model,
        language=args.language,
        translate=args.translate,
        words=args.words,
        script=args.script,
        vad=not args.no_vad,
    )
    fmt = "json" if args.json else args.format
    with ProgressLine() as report:
        results = transcribe_files(args.audio, options, report=report)
    if args.out:
        _write(args.out, [(result.file, format_transcript(result, fmt)) for result in results], fmt)
    elif fmt == "json":
        print(json.dumps([to_dict(result) for result in results], ensure_ascii=False, indent=2))
    else:
        for result in results:
            if len(results) > 1 and fmt == "txt":
                print(f"== {result.file}")
            print(format_transcript(result, fmt), end="")
    return 0


def add_tag(subparsers) -> None:
    """Add `tag AUDIO... [--top N]`."""
    parser = subparsers.add_parser("tag", help="name the sounds in a recording", description="Name sounds.")
    parser.add_argument("audio", metavar="AUDIO", nargs="+", help="audio or video files")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="labels for each file (default: 5)")
    parser.add_argument("--model", default=None, metavar="NAME", help="see `xmodal models`")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_tag)


def run_tag(args: argparse.Namespace) -> int:
    """Tag the files and print labels and time lines."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.tasks.results import to_dict
    from xmodal.tasks.tag import tag

    with ProgressLine() as report:
        results = [tag(path, model=args.model, top=args.top, report=report) for path in args.audio]
    if args.json:
        print(json.dumps([to_dict(result) for result in results], ensure_ascii=False, indent=2))
        return 0
    for result in results:
        print(f"== {result.file}")
        for item in result.labels:
            print(f"{item.score:6.1%}  {item.label}")
        for item in result.timeline:
            print(f"{item.start:8.2f} - {item.end:8.2f} s  {item.label} ({item.score:.0%})")
    return 0


def _write(folder: Path, texts: list[tuple[str, str]], fmt: str) -> None:
    """One file for each recording, named after it; a second one of the same name gets a number."""
    from xmodal.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        used: set[str] = set()
        for file, text in texts:
            stem, number = Path(file).stem, 1
            name = f"{stem}.{fmt}"
            while name in used:
                number += 1
                name = f"{stem}-{number}.{fmt}"
            used.add(name)
            (folder / name).write_text(text, encoding="utf-8")
            print(folder / name)
    except OSError as error:
        raise InputError(f"{folder} cannot be written to: {error.strerror}.", "Choose another folder.") from error
