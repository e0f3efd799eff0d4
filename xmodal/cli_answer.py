"""`xmodal answer`."""

import argparse
import json
from pathlib import Path


def add_answer(subparsers) -> None:
    """Add `answer QUESTION [--text FILE]... [--image FILE]... [--audio FILE]... [options]`."""
    parser = subparsers.add_parser(
        "answer",
        help="answer a question from documents, pictures and recordings",
        description="Answer a question from documents, pictures and recordings; without any, from health texts.",
    )
    parser.add_argument("question", metavar="QUESTION", nargs="?", default="", help="in English or Chinese")
    parser.add_argument(
        "--text", action="append", default=[], metavar="FILE",
        help="a text, PDF, Word or HTML file, or a csv of questions and answers; can be repeated, as the next two",
    )  # fmt: skip
    parser.add_argument("--image", action="append", default=[], metavar="FILE", help="a picture")
    parser.add_argument("--audio", action="append", default=[], metavar="FILE", help="a recording")
    parser.add_argument("--question-audio", type=Path, metavar="FILE", help="a recording of the question")
    parser.add_argument("--ocr", action="store_true", help="read scanned pages of PDF files")
    parser.add_argument("--model", default="", metavar="NAME", help="an adapter that answers questions")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_answer)


def run_answer(args: argparse.Namespace) -> int:
    """Answer and say where it is written."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.tasks.answer import answer
    from xmodal.tasks.results import to_dict

    with ProgressLine() as report:
        result = answer(
            args.question, text=args.text, image=args.image, audio=args.audio, question_audio=args.question_audio,
            model=args.model, ocr=args.ocr, report=report,
        )  # fmt: skip
    if args.json:
        print(json.dumps(to_dict(result), ensure_ascii=False, indent=2))
        return 0
    if args.question_audio:
        print(f"Question: {result.question}")
    print(f"{result.answer or 'The sources do not say.'} ({result.confidence:.0%} sure)")
    for one in result.evidence:
        print(f"{one.score:6.1%}  {one.text}  [{_place(one)}]")
    for note in result.notes:
        print(f"Note: {note}")
    return 0


def _place(evidence) -> str:
    """Where it is: the source and its page, moment or heading."""
    words = [evidence.file]
    if evidence.page:
        words.append(f"page {evidence.page}")
    if evidence.time:
        words.append(f"{evidence.time[0]:.1f} - {evidence.time[1]:.1f} s")
    if evidence.heading:
        words.append(evidence.heading)
    return ", ".join(words)
