"""Each test has its own home, its own Hugging Face cache, and an index that is a folder; none reaches a network."""

import http.server
import threading
from pathlib import Path

import pytest
import toy

from xmodal.models import hub
from xmodal.settings import settings


@pytest.fixture(autouse=True)
def isolated(request, tmp_path, monkeypatch):
    """Slow tests are left alone: they use the models already fetched."""
    if request.node.get_closest_marker("slow"):
        yield
        return
    from huggingface_hub import constants

    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "XMODAL_SOURCE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    environment = {
        "XMODAL_HOME": tmp_path / "home",
        "HF_HOME": tmp_path / "hf",
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheels,
        "PIP_CONFIG_FILE": "/dev/null",
        "PYTHONPATH": Path(__file__).parents[2],
        "no_proxy": "127.0.0.1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    hub.forget_reachability()
    yield
    settings.cache_clear()
    hub.forget_reachability()


@pytest.fixture
def wheels(tmp_path) -> Path:
    """The folder that is the package index, with the toy packages in it."""
    toy.write_wheels(tmp_path / "wheels")
    return tmp_path / "wheels"


@pytest.fixture
def serve():
    """Start a local HTTP server with the handler class given; returns its address."""
    servers = []

    def start(handler) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def use_source(monkeypatch):
    """Set `XMODAL_SOURCE`."""

    def use(source: str) -> None:
        monkeypatch.setenv("XMODAL_SOURCE", source)
        settings.cache_clear()

    return use
