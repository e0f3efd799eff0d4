import argparse
import io
import json
import subprocess
import sys
import time

import pytest

from xmodal import cli, cli_progress
from xmodal.errors import InputError
from xmodal.models import sources
from xmodal.models.registry import list_models
from xmodal.progress import Progress
from xmodal.settings import settings


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XMODAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_help_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom xmodal.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('torch', 'transformers', 'numpy', 'gradio') if name in sys.modules])"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 1
    assert done.stdout.endswith("[]\n")


def test_list_is_the_default(capsys):
    assert cli.main(["models"]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in list_models())
    assert cli.main(["models", "list"]) == 0
    assert capsys.readouterr().out == table


@pytest.mark.parametrize(
    "arguments", [["models", "--json"], ["models", "list", "--json"], ["models", "--json", "list"]]
)
def test_list_json(capsys, arguments):
    assert cli.main(arguments) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list_models()
    assert {"tasks", "source", "cached", "licence", "languages", "download_mb"} <= set(rows[0])


def test_an_error_is_two_lines_and_exit_2(capsys):
    assert cli.main(["models", "fetch", "no-such-model"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "no-such-model" in lines[0]
    assert "whisper-base" in lines[1]


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 130), (InputError("Bad.", "Do better."), 2)])
def test_exit_status(monkeypatch, error, status):
    def run(args):
        raise error

    monkeypatch.setattr(
        cli, "build_parser", lambda: type("P", (), {"parse_args": lambda self, argv: argparse.Namespace(run=run)})()
    )
    assert cli.main([]) == status


def test_verify(capsys, monkeypatch):
    assert cli.main(["models", "verify"]) == 0
    assert "No model" in capsys.readouterr().out
    assert cli.main(["models", "verify", "yamnet"]) == 1
    checks = {"yamnet": sources.Verification("yamnet", "index", ("model.data",))}
    monkeypatch.setattr(sources, "verify", checks.get)
    assert cli.main(["models", "verify"]) == 1
    assert "yamnet: DAMAGED: model.data" in capsys.readouterr().out
    assert cli.main(["models", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [{"name": "yamnet", "cached": True, "damaged": ["model.data"]}]


def test_progress_line_shows_size_and_rate():
    text = cli_progress.describe(Progress("download", "toy", 50, 100, "MB", 12.34))
    assert text.startswith("download toy [")
    assert text.endswith("50/100 MB, 12.3 MB/s, 0:00:04 left")
    assert cli_progress.describe(Progress("download", "toy", 100, 100, "MB", 12.34)).endswith("12.3 MB/s")
    assert cli_progress.describe(Progress("convert", "toy")) == "convert toy"


def test_progress_in_a_file_is_not_rewritten():
    stream = io.StringIO()
    with cli_progress.ProgressLine(stream) as report:
        for done in range(10):
            report(Progress("download", "toy", done, 10, "MB"))
    assert stream.getvalue().count("\n") == 1
    assert "\r" not in stream.getvalue()


def test_progress_on_a_terminal_is_one_line():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with cli_progress.ProgressLine(stream) as report:
        for done in range(10):
            report(Progress("download", "toy", done, 10, "MB"))
    assert stream.getvalue().count("\r") == 10
    assert stream.getvalue().count("\n") == 1
