"""Pushing to a Hub of our own on this machine, which keeps what it is sent."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from xmodal.errors import InputError, UploadError
from xmodal.models import hub
from xmodal.models.adapters import Adapter, save_adapter
from xmodal.models.hub_push import push_adapter


class Handler(BaseHTTPRequestHandler):
    """The few answers that an upload of small files needs."""

    def do_HEAD(self):
        self.answer({})

    def do_GET(self):
        self.answer({"id": "me/reviews", "sha": "0" * 40, "siblings": []})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers["Authorization"] != "Bearer good":
            self.answer({"error": "no"}, 403 if self.headers["Authorization"] == "Bearer reader" else 401)
        elif self.path == "/api/repos/create":
            self.server.private = json.loads(body).get("private", json.loads(body).get("visibility") == "private")
            self.answer({"url": f"{self.server.url}/me/reviews"})
        elif self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            files = [file["path"] for file in json.loads(body)["files"]]
            self.answer({"files": [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in files]})
        else:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            self.answer(
                {"commitUrl": f"{self.server.url}/me/reviews/commit/0", "commitOid": "0" * 40, "hookOutput": ""}
            )

    def answer(self, content: dict, status: int = 200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *args):
        del args


@pytest.fixture
def server(monkeypatch):
    from huggingface_hub import constants

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url, made.files, made.private = f"http://127.0.0.1:{made.server_port}", {}, None
    threading.Thread(target=made.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", made.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub.forget_reachability()
    yield made
    made.shutdown()
    hub.forget_reachability()


@pytest.fixture
def adapter(tmp_path):
    made = save_adapter(
        Adapter("reviews", "classifier", "classify", {}), {"head": {"w": torch.zeros(4)}}, tmp_path / "r"
    )
    (made.path / "notes.txt").write_text("private")
    return made


def test_sends_the_adapters_files_and_nothing_else(server, adapter):
    assert push_adapter(adapter, "me/reviews", "good") == f"{server.url}/me/reviews"
    assert set(server.files) == {"adapter.json", "README.md", "head.safetensors"}
    assert server.files["head.safetensors"] == (adapter.path / "head.safetensors").read_bytes()
    assert server.private is True


@pytest.mark.parametrize(
    ("repo", "token", "message"),
    [
        ("me/reviews", "bad", "does not know this access token"),
        ("me/reviews", "reader", "may not write"),
        ("me/reviews", " ", "No access token"),
        ("../x", "good", "not the name of a repository"),
        ("reviews", "good", "not the name of a repository"),
    ],
)
def test_refusals_are_explained(server, adapter, repo, token, message):
    with pytest.raises(InputError, match=message):
        push_adapter(adapter, repo, token)
    assert server.files == {}


def test_a_hub_that_cannot_be_reached_is_said(server, adapter, monkeypatch):
    from huggingface_hub import constants

    del server
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UploadError, match="cannot be reached"):
        push_adapter(adapter, "me/reviews", "good")
