"""`xmodal describe`."""

import argparse
import json


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
    """Describe the files and print what was found."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.tasks.describe import describe_files
    from xmodal.tasks.results import to_dict

    with ProgressLine() as report:
        options = {"length": args.length, "language": args.language, "model": args.model, "ocr": not args.no_ocr}
        results = describe_files(args.image, **options, report=report)
    if args.json:
        print(json.dumps([to_dict(result) for result in results], ensure_ascii=False, indent=2))
        return 0
    for result in results:
        if len(results) > 1:
            print(f"== {result.file}")
        print(result.description)
        print("Labels: " + ", ".join(f"{one.label} {one.score:.0%}" for one in result.labels))
        print("Colours: " + ", ".join(f"{one.name} {one.share:.0%}" for one in result.colours))
        for paragraph in result.written:
            print(f"Text: {paragraph}")
    return 0
