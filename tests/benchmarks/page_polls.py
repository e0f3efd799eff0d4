"""How soon the page's poll is answered while a real training runs: round trips as the browser sees them.

python -m tests.benchmarks.page_polls [--seconds 60]

Starts the app with a home of its own that shares the models, trains on a sample set from the Fine-tune tab, and times
each request that the page makes by itself meanwhile.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from xmodal.paths import models_dir

CHROMIUM = "/usr/bin/chromium"
LONG_MS = 600_000


def start_app(home: Path) -> tuple[subprocess.Popen, str]:
    """The app on a free port, and its address."""
    (home / "models").symlink_to(models_dir(), target_is_directory=True)
    environment = {**os.environ, "XMODAL_HOME": str(home)}
    with (home / "log.txt").open("w") as log:
        app = subprocess.Popen(
            [sys.executable, "app.py", "--port", "0"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    while not (found := re.search(r"http://\S+", (home / "log.txt").read_text())):
        assert app.poll() is None, (home / "log.txt").read_text()
        time.sleep(0.2)
    return app, found.group()


def listen(page: Page, seconds: float) -> list[float]:
    """Milliseconds of each request that the page makes in that time."""
    times = []

    def note(request) -> None:
        if "/run/" in request.url or "/queue/join" in request.url:
            times.append(request.timing["responseEnd"])

    page.on("requestfinished", note)
    page.wait_for_timeout(seconds * 1000)
    page.remove_listener("requestfinished", note)
    return times


def report(name: str, times: list[float]) -> None:
    """A line with the median and the longest."""
    if not times:
        print(f"{name:18} no polls")
        return
    slow = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    print(f"{name:18} {len(times):3} polls, median {statistics.median(times):4.0f} ms, 95 % below {slow:4.0f} ms, "
          f"longest {max(times):4.0f} ms", flush=True)  # fmt: skip


def main() -> None:
    """Print the round trips while a training runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        app, url = start_app(Path(folder))
        try:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(locale="en-US")
            page.goto(url)
            page.get_by_role("tab", name="Fine-tune").click()
            page.click("#xm-tune-sample-tone-sounds")
            page.wait_for_selector("#xm-tune-train:enabled", timeout=LONG_MS)
            page.click("#xm-tune-train")
            page.wait_for_selector("#xm-tune-state [data-state=running]", timeout=LONG_MS)
            report("while it trains", listen(page, args.seconds))
            print("state:", page.get_attribute("#xm-tune-state .xm-state", "data-state"))
            browser.close()
        finally:
            app.terminate()
            app.wait(30)


if __name__ == "__main__":
    main()
