"""What a person does on the Classification tab, in Chromium, with classifiers trained just before."""

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from page_helpers import go_to_tab
from small_models import write_picture, write_tone

from xmodal.jobs.feedback import list_feedback

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TIMEOUT_MS = 120_000
TEXT, PICTURE, SOUND = (
    "#xm-classify-text textarea",
    "#xm-classify-image input[type=file]",
    "#xm-classify-audio input[type=file]",
)
FILE = "#xm-batch-file input[type=file]"
TRAIN = """
import sys, tempfile
from pathlib import Path
from small_models import train_mixed, train_reviews
from page_helpers import go_to_tab
with tempfile.TemporaryDirectory() as folder:
    train_reviews(Path(folder), Path(sys.argv[1]) / "reviews")
    train_mixed(Path(folder), Path(sys.argv[1]) / "mixed")
"""


@pytest.fixture(scope="module", autouse=True)
def adapters(home) -> Path:
    """The classifiers `reviews` and, newer, `mixed`."""
    folder, tests = home / "adapters", Path(__file__).parents[1]
    path = os.pathsep.join([str(tests), str(tests.parent)])
    environment = {**os.environ, "XMODAL_HOME": str(home), "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", TRAIN, str(folder)], env=environment, check=True, capture_output=True)
    return folder


@pytest.fixture
def tab(visit):
    """Opens the tab with a model chosen."""

    def open_tab(model: str, **options):
        page = visit(**options)
        go_to_tab(page, re.compile("^(Classification|分类)"))
        page.wait_for_selector("#xm-classify-card .xm-model", timeout=TIMEOUT_MS)
        choose_model(page, model)
        return page

    return open_tab


def choose_model(page, name: str) -> None:
    if page.input_value("#xm-classify-model input") != name:
        page.click("#xm-classify-model input")
        page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_selector(f"#xm-classify-card [data-model={name}]", timeout=TIMEOUT_MS)


def run(page, part: str = "classify", key: str = "") -> str:
    """Press the button, or a key in the text; returns what the status says once this run, not an earlier one, ended."""
    old = f"#xm-{part}-status .xm-facts, #xm-{part}-status .xm-notice"
    page.evaluate("old => document.querySelectorAll(old).forEach(end => { end.dataset.old = 1; })", old)
    if key:
        page.press(TEXT, key)
    else:
        page.click(f"#xm-{part}-run")
    return wait_for_end(page, part)


def wait_for_end(page, part: str = "classify") -> str:
    ends = ", ".join(f"#xm-{part}-status {kind}:not([data-old])" for kind in (".xm-facts", ".xm-notice"))
    page.wait_for_selector(ends, timeout=TIMEOUT_MS)
    return page.inner_text(f"#xm-{part}-status")


def upload_batch(page, path: Path) -> None:
    page.set_input_files(FILE, path)
    page.wait_for_selector("#xm-batch-preview table, #xm-batch-status .xm-notice", timeout=TIMEOUT_MS)


def download(page) -> list[dict]:
    with page.expect_download() as file:
        page.click("#xm-batch-download")
    with open(file.value.path(), encoding="utf-8-sig", newline="") as rows:
        return list(csv.DictReader(rows))


def test_text_by_keyboard_with_what_is_not_given_and_a_rating(tab, home):
    page = tab("mixed")
    card = page.inner_text("#xm-classify-card")
    assert "bad, good" in card and "text, picture, recording" in card and "Accuracy" in card
    page.fill(TEXT, "The garden was lovely.")
    run(page, key="Enter")
    result = page.inner_text("#xm-classify-result")
    assert result.startswith("good")
    assert "Not given: picture, recording – the answer is made without them." in result
    assert page.locator(".xm-signed").count() == 0
    page.fill(TEXT, "The garden was awful.")
    run(page, key="Control+Enter")
    assert page.inner_text("#xm-classify-result").startswith("bad")
    page.click("#xm-classify-bad")
    page.wait_for_selector("#xm-classify-thanks p")
    page.fill(".xm-rating textarea:visible, .xm-rating input:visible", "not so bad")
    page.keyboard.press("Enter")
    page.wait_for_selector(".xm-rating textarea:visible, .xm-rating input:visible", state="detached")
    row = list_feedback("classify", home / "xmodal.sqlite")[-1]
    assert (row.model, row.output, row.rating, row.comment) == ("mixed", "bad", -1, "not so bad")
    assert len(row.input_sha256) == 64


def test_what_each_input_did_in_both_languages(tab, tmp_path):
    page = tab("mixed")
    page.fill(TEXT, "The garden was lovely.")
    page.set_input_files(PICTURE, write_picture(tmp_path / "a.png", "good"))
    page.wait_for_selector("#xm-classify-preview img")
    page.set_input_files(SOUND, write_tone(tmp_path / "a.wav", "good"))
    page.wait_for_selector("#xm-classify-audio #waveform, #xm-classify-audio .component-wrapper")
    run(page)
    assert page.locator(".xm-signed").count() == 3
    assert re.search(r"The text (spoke for “good” \(\d+ points\)|made no difference)", page.inner_text(".xm-sentences"))
    assert page.locator(".xm-missing").count() == 0
    page.click("[data-lang=zh]")
    page.wait_for_function("document.querySelector('#xm-classify-run').innerText === '分类'")
    page.wait_for_timeout(500)
    seen = page.inner_text("body")
    for text in ("分类模型", "可区分 2 类", "单个", "批量文件", "各项输入的作用", "类别正确吗", "文本", "图片", "录音"):
        assert text in seen
    for text in ("Classifier", "Accuracy", "Result", "Picture", "points", "A file of many"):
        assert text not in seen


def test_a_bad_picture_is_a_notice_and_an_example_works_after_it(tab, tmp_path):
    page = tab("mixed")
    assert "There is nothing to classify yet" in run(page)
    (tmp_path / "<b>a.png").write_text("no picture")
    page.set_input_files(PICTURE, tmp_path / "<b>a.png")
    page.wait_for_selector("#xm-classify-preview img")
    assert "is not a picture that can be read" in run(page)
    assert page.locator("#xm-classify-result .xm-answer").count() == 0
    choose_model(page, "reviews")
    page.wait_for_selector("#xm-classify-image", state="hidden")
    page.click("#xm-classify-example-zh_bad")
    page.wait_for_selector("#xm-classify-result .xm-answer", timeout=TIMEOUT_MS)
    assert "客服" in page.input_value(TEXT)
    assert page.is_hidden("#xm-classify-example-music")


def test_a_model_trained_meanwhile_appears_when_the_tab_is_opened(tab, adapters):
    page = tab("reviews")
    shutil.copytree(adapters / "reviews", adapters / "again")
    try:
        go_to_tab(page, "Audio")
        go_to_tab(page, "Classification")
        page.wait_for_timeout(1_000)
        choose_model(page, "again")
        page.fill(TEXT, "It was lovely.")
        run(page)
        assert page.inner_text("#xm-classify-result").startswith("good")
    finally:
        shutil.rmtree(adapters / "again")


def test_a_gbk_table_with_labels(tab, tmp_path):
    rows = ["评论,标签", "酒店很好,good", "手机很差,bad", "=1+1,bad", ",good"]
    (tmp_path / "评论.csv").write_bytes("\n".join(rows).encode("gbk"))
    page = tab("reviews")
    page.get_by_role("tab", name="A file of many").click()
    upload_batch(page, tmp_path / "评论.csv")
    page.wait_for_function("document.querySelector('#xm-batch-column-text input').value === '评论'")
    assert "gb18030" in page.inner_text("#xm-batch-status")
    assert "3 of 4 rows" not in page.inner_text("#xm-batch-summary")
    run(page, "batch")
    page.get_by_text("3 of 4 rows classified").wait_for()
    summary = page.inner_text("#xm-batch-summary")
    assert "compared with the column “标签” (3 rows)" in summary
    assert "Row 4: There is no text in this row." in summary
    found = download(page)
    assert [row["评论"] for row in found] == ["酒店很好", "手机很差", "'=1+1", ""]
    assert [row["label"] for row in found[:2]] == ["good", "bad"]
    assert found[3]["problem"] == "There is no text in this row."


def test_a_zip_with_a_damaged_file_and_then_a_bomb(tab, tmp_path):
    write_picture(tmp_path / "a.png", "good")
    write_picture(tmp_path / "b.png", "bad")
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.png", "b.png"):
            archive.write(tmp_path / name, name)
        archive.writestr("c.png", (tmp_path / "a.png").read_bytes()[:50])
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 30_000_000)
    page = tab("mixed")
    page.get_by_role("tab", name="A file of many").click()
    upload_batch(page, tmp_path / "set.zip")
    run(page, "batch")
    page.get_by_text("2 of 3 rows classified").wait_for()
    assert [row["label"] for row in download(page)] == ["good", "bad", ""]
    page.click("#xm-batch-file [aria-label]:not([aria-label=''])")
    page.wait_for_selector("#xm-batch-preview table", state="detached")
    page.set_input_files(FILE, tmp_path / "bomb.zip")
    page.wait_for_selector("#xm-batch-status .xm-notice", timeout=TIMEOUT_MS)
    assert "zip bomb" in page.inner_text("#xm-batch-status")


def test_a_column_nobody_could_guess_can_be_chosen(tab, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "It was lovely.,1\n" * 40)
    page = tab("reviews")
    page.get_by_role("tab", name="A file of many").click()
    upload_batch(page, tmp_path / "a.csv")
    assert "Choose the column below" in page.inner_text("#xm-batch-status")
    page.click("#xm-batch-column-text input")
    page.get_by_role("option", name="a", exact=True).click()
    run(page, "batch")
    page.get_by_text("40 of 40 rows").wait_for()


def test_stopping_a_long_table_keeps_the_rows_done(tab, tmp_path):
    rows = [f"Number {i}: it was {('lovely', 'awful')[i % 2]}, whatever {i * 7919} people say." for i in range(5_000)]
    (tmp_path / "long.csv").write_text("text\n" + "\n".join(f'"{row}"' for row in rows))
    page = tab("reviews")
    page.get_by_role("tab", name="A file of many").click()
    upload_batch(page, tmp_path / "long.csv")
    page.click("#xm-batch-run")
    page.wait_for_selector("#xm-batch-summary .xm-facts", timeout=TIMEOUT_MS)
    page.click("#xm-batch-stop")
    page.wait_for_selector("#xm-batch-download", timeout=TIMEOUT_MS)
    assert "Stopped" in wait_for_end(page, "batch")
    found = download(page)
    done = [row for row in found if row["label"]]
    assert len(found) == 5_000 and 32 <= len(done) < 5_000
    assert found[-1]["problem"] == "Not reached."
    assert page.is_enabled("#xm-batch-run")


def test_fits_a_phone(tab, tmp_path):
    page = tab("mixed", viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page.fill(TEXT, "The garden was lovely.")
    run(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    (tmp_path / "a.csv").write_text("text,label\n" + "It was lovely and much longer than a line on a phone.,good\n" * 3)
    page.get_by_role("tab", name="A file of many").click()
    upload_batch(page, tmp_path / "a.csv")
    run(page, "batch")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_endpoint_takes_names_only(url, adapters):
    from gradio_client import Client

    client = Client(url, verbose=False)
    found = client.predict(model="reviews", text="It was lovely.", image=None, audio=None, api_name="/classify")
    assert list(found) == ["label", "scores", "missing", "contributions", "model", "seconds"]
    assert found["label"] == "good"
    for model in (str(adapters / "reviews"), "../adapters/reviews", ""):
        with pytest.raises(Exception, match="There is no model named"):
            client.predict(model=model, text="x", image=None, audio=None, api_name="/classify")
    with pytest.raises(Exception, match="Nothing was given"):
        client.predict(model="reviews", text="", image=None, audio=None, api_name="/classify")
