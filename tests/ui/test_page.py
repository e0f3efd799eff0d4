import socket
import subprocess
import sys

import pytest

from xmodal.errors import SettingsError
from xmodal.ui import launch

BUILD = """
import sys
from xmodal.ui import launch
from xmodal.ui.page import build_page
page = build_page()
heavy = [name for name in ("torch", "transformers", "librosa", "matplotlib", "onnxruntime") if name in sys.modules]
named = sorted(fn.api_name for fn in page.fns.values() if fn.api_visibility == "public")
print(heavy, named)
"""


def test_page_builds_without_heavy_imports_and_with_its_endpoints():
    done = subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", BUILD], capture_output=True, text=True)
    assert done.stdout.strip() == "[] ['answer', 'classify', 'describe', 'tag', 'transcribe']", done.stderr[-2000:]


@pytest.fixture
def environment(monkeypatch):
    """Flags are written to the environment; this puts it back."""
    for name in ("HOST", "PORT", "SHARE", "AUTH", "MCP"):
        monkeypatch.setenv(f"XMODAL_{name}", "")
    yield monkeypatch
    launch.settings.cache_clear()


def test_a_busy_port_is_one_clear_sentence(environment, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert launch.main(["--port", str(port)]) == 2
    problem, advice = capsys.readouterr().err.strip().splitlines()
    assert f"Port {port}" in problem and "--port" in advice


@pytest.mark.parametrize("flags", [["--port", "70000"], ["--port", "x"], ["--auth", "nobody"]])
def test_bad_flags_are_explained(environment, capsys, flags):
    assert launch.main(["--port", "0", *flags]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


def test_auth_pairs():
    assert launch._read_auth("") is None
    assert launch._read_auth("a:b,c:d:e") == [("a", "b"), ("c", "d:e")]
    with pytest.raises(SettingsError):
        launch._read_auth("a:")
