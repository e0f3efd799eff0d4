"""The command line: `python -m xmodal COMMAND`.

Each command is a pair of functions, `add_<command>(subparsers)` and `run_<command>(args)`, in a `cli_*` module. Those
import what they run inside the second one, so that `--help` answers without loading torch.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from xmodal.cli_answer import add_answer
from xmodal.cli_audio import add_tag, add_transcribe
from xmodal.cli_describe import add_describe
from xmodal.cli_models import add_models
from xmodal.cli_runs import add_runs
from xmodal.cli_training import add_classify, add_evaluate, add_train
from xmodal.errors import XmodalError

_COMMANDS = (
    add_answer, add_describe, add_transcribe, add_tag, add_classify, add_train, add_evaluate, add_models, add_runs,
)  # fmt: skip
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; each sets `run` to its function."""
    parser = argparse.ArgumentParser(
        prog="xmodal", description="Ask, describe, transcribe and classify across text, images and audio."
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add_command in _COMMANDS:
        add_command(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; the process's own if not given.

    Returns:
        The exit status: what the command returned; 2 for an error a person can act on, written as two lines to
        standard error; 130 after Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    try:
        status = args.run(args)
        sys.stdout.flush()
    except XmodalError as error:
        print(f"{error.problem}\n{error.advice}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`) has left; keep Python from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
