"""`xmodal describe`."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path


def add_describe(subparsers) -> None:
    """Add `describe IMAGE... [options]`."""
    parser = subparsers.add_parser("describe", help="describe pictures in words", description="Describe pictures.")
    parser.add_argument("image", metavar="IMAGE", nargs="+", help="picture files")
    parser.add_argument("--length", choices=("short", "long"), default="short", help="default: short")
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="zh: only the labels, in Chinese")
    parser.add_argument("--model", default="", metavar="NAME", help="an adapter that describes pictures")
    parser.add_argument("--no-ocr", action="store_true", help="do not look for writing in the pictures")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_describe)


def run_describe(args: argparse.Namespace) -> int:
    """Describe the files and print what was found of each as it comes; 2 where some could not be described."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.errors import XmodalError
    from xmodal.tasks.describe import iter_describe
    from xmodal.tasks.results import to_dict

    counts = Counter(Path(image).name for image in args.image)
    options = {"length": args.length, "language": args.language, "model": args.model, "ocr": not args.no_ocr}
    failed, done = False, []
    try:
        with ProgressLine() as report:
            for path, found in iter_describe(args.image, **options, report=report):
                report.end()
                name = str(path) if counts[path.name] > 1 else path.name
                if isinstance(found, XmodalError):
                    failed = True
                    done.append({"file": name, "problem": str(found)})
                    print(f"{found.problem}\n{found.advice}", file=sys.stderr)
                    continue
                done.append({**to_dict(found), "file": name})
                if not args.json:
                    _print(found, name if len(args.image) > 1 else "")
    finally:  # what was done stays if it is stopped
        if args.json and done:
            print(json.dumps(done, ensure_ascii=False, indent=2))
    return 2 if failed else 0


def _print(result, name: str) -> None:
    if name:
        print(f"== {name}")
    print(result.description)
    print("Labels: " + ", ".join(f"{one.label} {one.score:.0%}" for one in result.labels))
    print("Colours: " + ", ".join(f"{one.name} {one.share:.0%}" for one in result.colours))
    for paragraph in result.written:
        print(f"Text: {paragraph}")
    for note in result.notes:
        print(f"Note: {note}", flush=True)
