"""The real `python app.py` and Chromium, for tests of what a person does on the page."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Debian's chromium without windows is smaller to install; the tests take as long with either.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture
def empty_home(tmp_path, monkeypatch) -> Path:
    """A home without models, for what runs in this process."""
    from xmodal.settings import settings

    monkeypatch.setenv("XMODAL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home of our own, so that no rating ends up in the user's database; the models are the user's."""
    from xmodal.paths import models_dir

    folder = tmp_path_factory.mktemp("home")
    (folder / "models").symlink_to(models_dir(), target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def url(home, tmp_path_factory):
    environment = {**os.environ, "XMODAL_HOME": str(home), "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("uploads"))}
    log = (home / "log.txt").open("w+")
    command = [sys.executable, "app.py", "--port", "0"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = ""
    deadline = time.monotonic() + 180  # a busy machine
    while not address and server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
        found = re.search(r"http://\S+", (home / "log.txt").read_text())
        address = found.group() if found else ""
    assert address, (home / "log.txt").read_text()
    yield address
    server.send_signal(signal.SIGINT)
    server.wait(20)
    assert "Traceback" not in (home / "log.txt").read_text()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, url):
    """Opens the page; what it loads from elsewhere and its script errors fail the test."""
    complaints, contexts = [], []

    def open_page(**options):
        contexts.append(browser.new_context(**{"locale": "en-US", **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: request.url.startswith((url, "data:", "blob:")) or complaints.append(request.url)
        )
        page.goto(url)
        page.wait_for_selector("#xm-answer-run")
        page.wait_for_selector(".xm-languages [aria-pressed=true]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
