"""The Fine-tune tab as a person uses it, in Chromium against the real page: data, training, result, use."""

import re
import zipfile

import pytest
from page_helpers import go_to_tab

from xmodal.data.samples import fetch_sample, find_sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_MS = 600_000
"""For a machine that does other things too."""
BAD = ".xm-notice"


def open_tab(page) -> None:
    go_to_tab(page, "Fine-tune")
    page.wait_for_selector("#xm-tune-sample-tone-sounds", state="attached")


def look(page) -> None:
    page.wait_for_selector(f"#xm-tune-report .xm-table, #xm-tune-data-status {BAD}", timeout=LONG_MS)
    page.wait_for_selector("#xm-tune-train:enabled, #xm-tune-data-status .xm-notice", timeout=LONG_MS)


@pytest.fixture(scope="module")
def other_sounds(tmp_path_factory):
    """A zip of 24 sounds with what they are."""
    folder = fetch_sample(find_sample("tone-sounds"))
    lines = (folder / "metadata.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("file_name")
    made = tmp_path_factory.mktemp("other") / "sounds.zip"
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("metadata.csv", "\n".join(lines[:25]))
        for line in lines[1:25]:
            name = line.split(",")[place]
            out.write(folder / name, name)
    return made


def test_sample_set_head_curve_before_and_after_and_use(visit, other_sounds):
    page = visit()
    open_tab(page)
    page.click("#xm-tune-sample-tone-sounds")
    look(page)
    assert "288 to train on" in page.inner_text("#xm-tune-report")
    assert page.locator("#xm-tune-report audio").count() == 5
    assert re.search(r"about \d+ (s|min)", page.inner_text("#xm-tune-costs"))
    page.click("#xm-tune-advanced button")
    for field, value in (("data-max_rows", "64"), ("epochs", "15")):
        page.fill(f"#xm-tune-{field} input", value)
        page.press(f"#xm-tune-{field} input", "Tab")
    page.click("#xm-tune-recipe-box button")
    page.wait_for_function("document.querySelector('#xm-tune-recipe')?.innerText.includes('epochs: 15')")

    page.click("#xm-tune-train")
    page.wait_for_selector("#xm-tune-state .xm-state")
    assert page.get_attribute("#xm-tune-state .xm-state", "data-state") in ("queued", "running")
    page.reload()
    go_to_tab(page, "Fine-tune")  # shows the run that goes on
    page.wait_for_selector("#xm-tune-curve polyline", timeout=LONG_MS, state="attached")
    page.wait_for_selector("#xm-tune-result .xm-verdict", timeout=LONG_MS)
    before, after = (page.inner_text(f"#xm-tune-result .xm-{side}") for side in ("before", "after"))
    assert float(before.rstrip("%")) < 50 < float(after.rstrip("%"))
    assert page.get_attribute(".xm-verdict", "data-verdict") == "better"
    assert page.locator("#xm-tune-result .xm-confusion tbody tr").count() == 8

    with page.expect_download() as download:
        page.click("#xm-tune-pack")
    assert download.value.suggested_filename == "tone-sounds-head.zip"
    with zipfile.ZipFile(download.value.path()) as found:
        assert "tone-sounds-head/adapter.json" in found.namelist()

    page.click("#xm-tune-evaluate-box button")
    page.set_input_files("#xm-tune-evaluate-file input[type=file]", other_sounds)
    page.wait_for_selector("#xm-tune-evaluate-file .file-preview")
    page.click("#xm-tune-evaluate")
    page.wait_for_selector(f"#xm-tune-evaluated .xm-answer, #xm-tune-evaluated {BAD}", timeout=LONG_MS)
    assert "24 rows" in page.inner_text("#xm-tune-evaluated")

    page.click("#xm-tune-compare")
    page.wait_for_selector("#xm-runs-list input[data-pick]")
    go_to_tab(page, "Fine-tune")
    page.click("#xm-tune-use")
    page.wait_for_selector("#xm-classify-card .xm-model", timeout=LONG_MS)
    page.wait_for_function("document.querySelector('#xm-classify-model input').value === 'tone-sounds-head'")


@pytest.mark.thorough
def test_a_bad_file_is_explained_below_it_and_stopping_works(visit, tmp_path):
    page = visit()
    page.click(".xm-languages [data-lang=zh]")  # tabs that are drawn later are to follow
    go_to_tab(page, "微调")
    page.get_by_role("tab", name="自己的文件").click()
    (tmp_path / "no.zip").write_bytes(b"no zip" * 50)
    page.set_input_files("#xm-tune-file input[type=file]", tmp_path / "no.zip")
    page.wait_for_selector(f"#xm-tune-data-status {BAD}", timeout=LONG_MS)
    assert "不是可以读取的 zip 文件" in page.inner_text(f"#xm-tune-data-status {BAD}")
    assert page.is_disabled("#xm-tune-train")
    page.get_by_role("tab", name="示例数据").click()
    page.click("#xm-tune-sample-tone-sounds")
    page.wait_for_selector("#xm-tune-report .xm-table", timeout=LONG_MS)
    page.wait_for_selector("#xm-tune-train:enabled")
    page.click("#xm-tune-train")
    page.wait_for_selector("#xm-tune-cancel", timeout=LONG_MS)
    page.click("#xm-tune-cancel")
    page.wait_for_selector("#xm-tune-resume", timeout=LONG_MS)
    assert page.get_attribute("#xm-tune-state .xm-state", "data-state") == "cancelled"


def test_fits_a_phone(visit):
    page = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    go_to_tab(page, "Fine-tune")
    for step in ("1 Set up", "2 Training"):
        page.get_by_role("tab", name=step).tap()
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
