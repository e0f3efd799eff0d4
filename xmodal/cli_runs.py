"""`xmodal runs`: what was trained and is being trained; cancel, resume, delete."""

import argparse
import json
from datetime import datetime


def add_runs(subparsers) -> None:
    """Add `runs [list | show ID | cancel ID | resume ID | delete ID]`."""
    parser = subparsers.add_parser("runs", help="list, stop, resume and delete training runs", description="Runs.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, run, text in (
        ("list", run_list, "all runs, newest first (the default)"),
        ("show", run_show, "one run: state, progress, metrics, the end of its log"),
        ("cancel", run_cancel, "stop a job at its next step, with a checkpoint"),
        ("resume", run_resume, "let a stopped or failed run go on, in the queue"),
        ("delete", run_delete, "delete a run and free its disk space"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        action.set_defaults(run=run)
        if name != "list":
            action.add_argument("id", metavar="ID", help="number of a job, or name of a run")
        if name == "delete":
            action.add_argument("--adapter", action="store_true", help="also the adapter that came out of it")


def run_list(args: argparse.Namespace) -> int:
    """Print a table of all runs."""
    from xmodal.jobs.runs import run_rows

    rows = run_rows()
    if args.json:
        return _print_json(rows)
    for row in rows:
        gain = f"{row['metric']} {_number(row['before'])} > {_number(row['after'])}" if row["after"] is not None else ""
        print(f"{row['id'] or '-':>4}  {row['state']:11}  {row['disk_mb']:7.1f} MB  {row['run']}  {gain}".rstrip())
    if not rows:
        print("Nothing was trained yet.")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print all that is known of a run."""
    from xmodal.jobs.runs import job_log, poll, show_run

    poll()
    shown = show_run(args.id)
    if args.json:
        return _print_json(shown)
    for key in ("id", "run", "name", "task", "owner", "state", "position", "problem", "advice", "adapter"):
        if shown.get(key):
            print(f"{key:9} {shown[key]}")
    if shown.get("submitted"):
        print(f"submitted {datetime.fromtimestamp(shown['submitted']):%Y-%m-%d %H:%M:%S}")
    if shown.get("progress") and shown["state"] == "running":
        from xmodal.cli_progress import describe
        from xmodal.progress import Progress

        print(f"progress  {describe(Progress(**shown['progress']))}")
    if shown["curve"]:
        last = shown["curve"][-1]
        print(f"curve     {len(shown['curve'])} steps, loss {_number(last['loss'])} at step {last['step']}")
    for side in ("before", "after"):
        for name, value in ((shown.get("metrics") or {}).get(side) or {}).items():
            print(f"{side:9} {name} {_number(value)}")
    log = job_log(shown["run"]).strip().splitlines()[-10:]
    print(*(["log", *(f"  {line}" for line in log)] if log else []), sep="\n")
    return 0


def run_cancel(args: argparse.Namespace) -> int:
    """Ask a job to stop."""
    from xmodal.jobs.queue import cancel
    from xmodal.jobs.records import find_job

    job = cancel(find_job(args.id).id)
    return _say(args, job, "stops at its next step" if job.state == "running" else f"is {job.state}")


def run_resume(args: argparse.Namespace) -> int:
    """Queue a run again and see to it that a worker lives."""
    from xmodal.jobs.runs import resume_run
    from xmodal.jobs.supervisor import ensure_worker

    job = resume_run(args.id)
    ensure_worker()
    return _say(args, job, f"is {job.state}; see `xmodal runs show {job.id}`")


def run_delete(args: argparse.Namespace) -> int:
    """Delete a run."""
    from xmodal.jobs.runs import delete

    freed = delete(args.id, adapter=args.adapter)
    if args.json:
        return _print_json({"deleted": args.id, "freed_bytes": freed})
    print(f"{args.id} is deleted, {freed / 1e6:.1f} MB are free again.")
    return 0


def _say(args: argparse.Namespace, job, text: str) -> int:
    if args.json:
        return _print_json(job.to_dict())
    print(f"job {job.id} {text}")
    return 0


def _print_json(content: object) -> int:
    print(json.dumps(content, ensure_ascii=False, indent=2))
    return 0


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
