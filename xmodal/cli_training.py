"""`xmodal train`, `xmodal evaluate` and `xmodal classify`."""

import argparse
import json
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path


def add_train(subparsers) -> None:
    """Add `train [RECIPE.yaml] [--set KEY=VALUE]... [--resume RUN] [--cross-validate-only]`."""
    parser = subparsers.add_parser("train", help="train an adapter from a recipe", description="Train an adapter.")
    parser.add_argument("recipe", metavar="RECIPE.yaml", type=Path, nargs="?", help="not needed with --resume")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as train.epochs=2")
    parser.add_argument("--resume", default="", metavar="RUN", help="go on with a stopped run")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the adapter")
    parser.add_argument(
        "--cross-validate-only", action="store_true", help="only what cross_validation asks for; makes no adapter"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_train)


def run_train(args: argparse.Namespace) -> int:
    """Train; Ctrl-C or SIGTERM stops at the next step with a checkpoint, a second Ctrl-C at once."""
    cancel = threading.Event()

    def stop(number: int, _frame) -> None:
        cancel.set()
        signal.signal(number, previous[number])

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _train(args, cancel)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _train(args: argparse.Namespace, cancel: threading.Event) -> int:
    from xmodal.cli_progress import ProgressLine
    from xmodal.errors import XmodalError
    from xmodal.training.engine import train
    from xmodal.training.processes import is_main, leave

    try:
        recipe, main = _recipe(args), is_main()
        with ProgressLine() as report:
            result = train(
                recipe, report, cancel,
                resume=args.resume, out=args.out, cross_validate_only=args.cross_validate_only,
            )  # fmt: skip
    except XmodalError:
        if not is_main():
            return 2  # the main process says what is wrong
        raise
    leave()
    if not main:
        return 0
    if args.json:
        print(json.dumps(asdict(result), ensure_ascii=False, indent=2))
        return 0
    made = f", adapter {result.adapter}" if result.adapter else ""
    print(f"run {result.run}{made}, {result.seconds:.0f} s")
    _print_cross_validation(result.metrics.get("cross_validation"))
    if "after" in result.metrics:
        _print_gain(result.metrics)
    return 0


def _recipe(args: argparse.Namespace):
    from xmodal.errors import InputError
    from xmodal.training.config import load_recipe
    from xmodal.training.runs import read_run

    if args.recipe:
        return load_recipe(args.recipe, args.set)
    if not args.resume:
        raise InputError("No recipe was given.", "Give a YAML file, or --resume and the name of a run.")
    if args.set:
        raise InputError("A run is resumed with the settings it has.", "Leave out --set, or start a new run.")
    return read_run(args.resume).recipe


def add_evaluate(subparsers) -> None:
    """Add `evaluate MODEL --data PATH`."""
    parser = subparsers.add_parser("evaluate", help="measure an adapter on a data set", description="Measure.")
    parser.add_argument("model", metavar="MODEL", help="name or folder of an adapter")
    parser.add_argument("--data", required=True, metavar="PATH", help="file, folder, zip, sample:NAME or hub:NAME")
    tasks = ("classify", "answer", "transcribe", "describe")
    parser.add_argument("--task", choices=tasks, help="the adapter's own if not given")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a line of JSON for each row")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Evaluate on all rows of the data set."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.disk import disk_full_explained, replace_text
    from xmodal.errors import InputError
    from xmodal.models.adapters import load_adapter
    from xmodal.training.engine import evaluate, load_evaluation_data, main_metric
    from xmodal.training.intervals import bootstrap_interval

    adapter = load_adapter(args.model)
    if args.task and args.task != adapter.task:
        raise InputError(f"{adapter.name} is for the task {adapter.task}.", f"Leave out --task {args.task}.")
    with ProgressLine() as report:
        data = load_evaluation_data(adapter, args.data, report)
        metrics, lines = evaluate(adapter, data, report)
    if args.out:
        with disk_full_explained(args.out, "the rows"):
            replace_text(args.out, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    name = main_metric(adapter, metrics)
    interval = bootstrap_interval(metrics.examples[name]).as_dict()
    if args.json:
        content = {"metrics": {**metrics.values, "interval": interval}, "metric": name, "rows": len(data.check)}
        content |= {"confusion": metrics.confusion, "names": metrics.names, "examples": str(args.out or "")}
        print(json.dumps(content, ensure_ascii=False, indent=2))
        return 0
    for key, value in metrics.values.items():
        print(f"{key:17} {value:.3f}" if value is not None else f"{key:17} -")
    print(f"{name} on {len(data.check)} rows lies between {interval['low']:.3f} and {interval['high']:.3f} (95 %)")
    if data.report.fingerprint == adapter.data.get("fingerprint"):
        print("These are the rows the adapter was trained on, so the numbers are too good.", file=sys.stderr)
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
    from xmodal.training.metrics import as_text

    name, gain, interval = metrics["metric"], metrics["gain"], metrics["interval_after"]
    before, after, low, high = (
        as_text(name, value)
        for value in (metrics["before"][name], metrics["after"][name], interval["low"], interval["high"])
    )
    better = "better" if gain["better"] else "worse"
    verdict = "within the noise" if gain["within_noise"] else f"beyond the noise, {better}"
    print(f"{name} on {metrics['check_rows']} held-out rows: {before} before, {after} after")
    print(f"  95 % interval {low} to {high}; the change is {verdict}")


def _print_cross_validation(found: dict | None) -> None:
    from xmodal.training.metrics import as_text

    if found:
        parts = ", ".join(as_text(found["metric"], value) for value in found["folds"])
        mean, deviation = (as_text(found["metric"], found[key]) for key in ("mean", "deviation"))
        print(f"{found['metric']} in cross-validation: {mean} ± {deviation} ({parts})")
