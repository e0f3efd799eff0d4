"""`xmodal models`: list the models, fetch them, check their files."""

import argparse
import json
import logging
import sys

_DAMAGED = 1


def add_models(subparsers) -> None:
    """Add `models [list | fetch NAME... | verify [NAME...]]`."""
    parser = subparsers.add_parser("models", help="list, fetch and verify models")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, run, text in (
        ("list", run_list, "models, what they do and whether they are on this machine (the default)"),
        ("fetch", run_fetch, "download models, so that the first use does not wait"),
        ("verify", run_verify, "compare the files of the models on this machine with their digests"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        action.set_defaults(run=run)
        if name != "list":
            action.add_argument("names", metavar="NAME", nargs="+" if name == "fetch" else "*", help="name of a model")
        if name == "fetch":
            action.add_argument("--again", action="store_true", help="delete what is here first")


def run_list(args: argparse.Namespace) -> int:
    """Print all registered models."""
    from xmodal.models.registry import find_model, list_models
    from xmodal.models.sources import status

    rows = [_describe(find_model(name), status(name)) for name in list_models()]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    head = ("NAME", "TASKS", "SOURCE", "SIZE", "LANGUAGES", "LICENCE")
    table = [
        (row["name"], ", ".join(row["tasks"]), _source(row), _size(row), _languages(row), row["licence"])
        for row in rows
    ]
    _print_table([head, *table])
    return 0


def run_fetch(args: argparse.Namespace) -> int:
    """Fetch models, with a progress line on standard error."""
    from xmodal.cli_progress import ProgressLine
    from xmodal.models.registry import find_model
    from xmodal.models.sources import fetch, remove, status

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    specs = [find_model(name) for name in args.names]
    rows = []
    for spec in specs:
        if args.again:
            remove(spec.name)
        with ProgressLine() as report:
            fetched = fetch(spec, report)
        row = {**_describe(spec, status(spec)), "downloaded": fetched.downloaded, "fallback": fetched.fallback}
        rows.append(row)
        if not args.json:
            how = "fetched" if fetched.downloaded else "already here"
            print(f"{spec.name}: {how}, from the {fetched.source}, {row['disk_mb']:.0f} MB in {fetched.path}")
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Check the files of the named models, or of all on this machine; 1 if something is damaged or missing."""
    from xmodal.models.registry import find_model, list_models
    from xmodal.models.sources import verify

    names = [find_model(name).name for name in args.names] or list_models()
    checks = {name: verify(name) for name in names}
    rows = [
        {"name": name, "cached": check is not None, "damaged": list(check.damaged) if check else []}
        for name, check in checks.items()
        if check is not None or args.names
    ]
    bad = [row for row in rows if row["damaged"] or not row["cached"]]
    if args.json:
        print(json.dumps(rows, indent=2))
        return _DAMAGED if bad else 0
    for row in rows:
        if row["damaged"]:
            print(f"{row['name']}: DAMAGED: {', '.join(row['damaged'])}")
        else:
            print(f"{row['name']}: {'good' if row['cached'] else 'NOT ON THIS MACHINE'}")
    if not rows:
        print("No model is on this machine yet.")
    if bad:
        print("Fetch them with `xmodal models fetch --again NAME`.", file=sys.stderr)
    return _DAMAGED if bad else 0


def _describe(spec, state) -> dict:
    return {
        "name": spec.name,
        "tasks": list(spec.tasks),
        "modality": spec.modality,
        "summary": spec.summary,
        "cached": state.cached,
        "source": state.source,
        "sources": [name for name, has in (("hub", spec.hub), ("index", spec.index)) if has],
        "download_mb": spec.download_mb or spec.index.download_mb,
        "disk_mb": round(state.disk_mb, 1),
        "parameters_m": spec.parameters_m,
        "languages": list(spec.languages),
        "licence": spec.licence,
        "path": str(state.path) if state.path else "",
    }


def _source(row: dict) -> str:
    return f"cached ({row['source']})" if row["cached"] else " or ".join(row["sources"])


def _size(row: dict) -> str:
    return f"{row['disk_mb'] if row['cached'] else row['download_mb']:.0f} MB"


def _languages(row: dict) -> str:
    return ", ".join(row["languages"]) or "-"


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
