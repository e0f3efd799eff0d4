"""`xmodal train`, `xmodal evaluate` and `xmodal classify`."""

import argparse
import json
import signal
import threading
from dataclasses import asdict
from pathlib import Path


def add_train(subparsers) -> None:
    """Add `train RECIPE.yaml [--set KEY=VALUE]... [--resume RUN]`."""
    parser = subparsers.add_parser("train", help="train an adapter from a recipe", description="Train an adapter.")
    parser.add_argument("recipe", metavar="RECIPE.yaml", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as train.epochs=2")
    parser.add_argument("--resume", default="", metavar="RUN", help="go on with a stopped run")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the adapter")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_train)


def run_train(args: argparse.Namespace) -> int:
    """Train; Ctrl-C stops at the next step with a checkpoint."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.training.config import load_recipe
    from xmodal.training.engine import train

    recipe = load_recipe(args.recipe, args.set)
    cancel = threading.Event()
    previous = signal.signal(signal.SIGINT, lambda *_: cancel.set())
    try:
        with ProgressLine() as report:
            result = train(recipe, report, cancel, resume=args.resume, out=args.out)
    finally:
        signal.signal(signal.SIGINT, previous)
    if args.json:
        print(json.dumps(asdict(result), ensure_ascii=False, indent=2))
        return 0
    print(f"run {result.run}, adapter {result.adapter}, {result.seconds:.0f} s")
    _print_gain(result.metrics)
    return 0


def add_evaluate(subparsers) -> None:
    """Add `evaluate MODEL --data PATH`."""
    parser = subparsers.add_parser("evaluate", help="measure an adapter on a data set", description="Measure.")
    parser.add_argument("model", metavar="MODEL", help="name or folder of an adapter")
    parser.add_argument("--data", required=True, metavar="PATH", help="file, folder, zip, sample:NAME or hub:NAME")
    parser.add_argument("--task", default="classify", choices=("classify",))
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a line of JSON for each row")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Evaluate on all rows of the data set."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.data.config import make_data_config
    from xmodal.data.sets import load_data
    from xmodal.models.adapters import load_adapter
    from xmodal.training.engine import evaluate
    from xmodal.training.intervals import bootstrap_interval

    adapter = load_adapter(args.model)
    with ProgressLine() as report:
        data = load_data(make_data_config(source=args.data, task=args.task, check_fraction=1), report)
        metrics, lines = evaluate(adapter, data, report)
    if args.out:
        args.out.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8")
    values = {**metrics.values, "interval": bootstrap_interval(metrics.examples["accuracy"]).as_dict()}
    if args.json:
        content = {"metrics": values, "confusion": metrics.confusion, "names": metrics.names}
        print(json.dumps({**content, "examples": str(args.out or "")}, ensure_ascii=False, indent=2))
        return 0
    for name, value in metrics.values.items():
        print(f"{name:10} {value:.3f}" if value is not None else f"{name:10} -")
    print(f"accuracy lies between {values['interval']['low']:.3f} and {values['interval']['high']:.3f} (95 %)")
    return 0


def add_classify(subparsers) -> None:
    """Add `classify --model NAME [--text T] [--text-file F] [--image F] [--audio F]`."""
    parser = subparsers.add_parser("classify", help="name the class of text, image, sound", description="Classify.")
    parser.add_argument("--model", required=True, metavar="NAME", help="name or folder of an adapter")
    text = parser.add_mutually_exclusive_group()
    text.add_argument("--text", metavar="T")
    text.add_argument("--text-file", type=Path, metavar="F")
    parser.add_argument("--image", type=Path, metavar="F")
    parser.add_argument("--audio", type=Path, metavar="F")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_classify)


def run_classify(args: argparse.Namespace) -> int:
    """Classify what is given and print the scores."""
    from xmodal.errors import InputError
    from xmodal.tasks.classify import classify
    from xmodal.tasks.results import to_dict

    text = args.text
    if args.text_file:
        try:
            text = args.text_file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{args.text_file} cannot be read as UTF-8 text.", "Check the file.") from error
    result = classify(args.model, text=text, image=args.image, audio=args.audio)
    if args.json:
        print(json.dumps(to_dict(result), ensure_ascii=False, indent=2))
        return 0
    for label, score in sorted(result.scores.items(), key=lambda item: -item[1])[:10]:
        print(f"{score:6.1%}  {label}")
    if result.missing:
        print(f"not given: {', '.join(result.missing)}")
    return 0


def _print_gain(metrics: dict) -> None:
    before, after, gain = metrics["before"]["accuracy"], metrics["after"]["accuracy"], metrics["gain"]
    interval = metrics["interval_after"]
    verdict = "within the noise" if gain["within_noise"] else "beyond the noise"
    print(f"accuracy on {metrics['check_rows']} held-out rows: {before:.1%} before, {after:.1%} after")
    print(f"  95 % interval {interval['low']:.1%} to {interval['high']:.1%}; the change is {verdict}")
