"""The Image description tab as a person uses it, in Chromium against the real page.

What the description says depends on the models on this machine; the labels do not.
"""

import csv
import json
import re
import shutil
from pathlib import Path

import gradio as gr
import pytest
from page_helpers import go_to_tab
from signs import write_sign

from xmodal.jobs.feedback import list_feedback

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_MS = 600_000
"""For a machine that does other things too."""
IMAGES = Path(gr.__file__).parent / "media_assets" / "images"
LION = IMAGES / "lion.jpg"
FILE, FILES = "#xm-describe-file input[type=file]", "#xm-pictures-files input[type=file]"


@pytest.fixture
def visit(visit):
    """Opens the page on the tab."""

    def open_tab(**options):
        page = visit(**options)
        go_to_tab(page, re.compile("^(Image description|图像描述)"))
        page.wait_for_selector("#xm-describe-run")
        return page

    return open_tab


def ended(page, part: str = "describe") -> str:
    ends = ", ".join(f"#xm-{part}-status {kind}" for kind in (".xm-facts", ".xm-notice"))
    page.wait_for_selector(ends, timeout=LONG_MS)
    return page.inner_text(f"#xm-{part}-status")


def choose_many(page, files) -> None:
    page.get_by_role("tab", name=re.compile("Many pictures|多张图片")).click()
    page.set_input_files(FILES, files)
    page.wait_for_selector("#xm-pictures-files .file-preview")


def download(page, button: str) -> str:
    with page.expect_download() as file:
        page.click(button)
    return Path(file.value.path()).read_text(encoding="utf-8-sig")


def paste(page, path: Path) -> None:
    """As Ctrl+V does with a copied picture."""
    page.evaluate(
        """bytes => {
          const carrier = new DataTransfer();
          carrier.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
          const options = { clipboardData: carrier, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new ClipboardEvent("paste", options));
        }""",
        list(path.read_bytes()),
    )


def test_an_example_is_described_with_labels_colours_and_where_it_was_seen(visit, home):
    page = visit()
    page.click("#xm-describe-example-lion")
    assert "Model:" in ended(page)
    told = page.inner_text("#xm-describe-text .xm-said")
    assert len(told) > 8 and told in page.inner_text("#xm-describe-alt")
    assert page.inner_text("#xm-describe-labels li").startswith("lion")
    assert page.locator("#xm-describe-colours li").count() >= 3
    assert "brown" in page.inner_text("#xm-describe-colours")
    assert page.is_checked(".xm-look input")
    page.click(".xm-look label")
    page.wait_for_function("getComputedStyle(document.querySelector('.xm-look .xm-heat')).opacity === '0'")
    found = json.loads(download(page, "#xm-describe-json"))
    assert (found["description"], found["labels"][0]["label"]) == (told, "lion")
    page.click("#xm-describe-good")
    page.wait_for_selector("#xm-describe-thanks p")
    row = list_feedback("describe", home / "xmodal.sqlite")[-1]
    assert (row.output, row.rating) == (told, 1) and row.inputs["image"].endswith("lion.jpg")


def test_a_pasted_picture_is_read_after_a_file_that_cannot_be(visit, tmp_path):
    page = visit()
    page.click("#xm-describe-run")
    assert "There is no picture yet" in ended(page)
    (tmp_path / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    page.set_input_files(FILE, tmp_path / "drawing.svg")
    page.get_by_text("Export it as PNG").first.wait_for()
    assert page.locator("#xm-describe-preview img").count() == 0
    paste(page, write_sign(tmp_path / "sign.png", "Room 217"))
    page.wait_for_selector("#xm-describe-preview img", timeout=LONG_MS)
    page.click("#xm-describe-run")
    ended(page)
    assert "217" in page.inner_text("#xm-describe-written")
    assert "217" in page.inner_text("#xm-describe-alt")


def test_five_pictures_one_of_them_broken(visit, tmp_path):
    names = ["=lion.jpg", "猎豹.jpg", "cut.jpg", "tower.jpg", "moving.gif"]
    for name, image in zip(names, ("lion.jpg", "cheetah.jpg", "lion.jpg", "tower.jpg", "screenshot.gif"), strict=True):
        shutil.copy(IMAGES / image, tmp_path / name)
    (tmp_path / "cut.jpg").write_bytes(LION.read_bytes()[:5_000])
    page = visit()
    choose_many(page, [tmp_path / name for name in names])
    page.uncheck("#xm-pictures-ocr input")
    page.click("#xm-pictures-run")
    assert "4 of 5 pictures described" in ended(page, "pictures")
    assert page.locator("#xm-pictures-rows li").count() == 5
    assert page.locator("#xm-pictures-rows img").count() == 4
    assert "damaged or cut off" in page.inner_text("#xm-pictures-rows [data-problem]")
    rows = list(csv.DictReader(download(page, "#xm-pictures-csv").splitlines()))
    assert [row["file"].lstrip("'") for row in rows] == names
    assert rows[0]["file"] == "'=lion.jpg" and rows[0]["labels"].startswith("lion")
    assert rows[1]["labels"].startswith("cheetah")
    assert "damaged" in rows[2]["problem"] and not rows[2]["description"]
    lines = [json.loads(line) for line in download(page, "#xm-pictures-jsonl").splitlines()]
    assert [line["file"] for line in lines] == names and lines[0]["labels"][0]["label"] == "lion"


def test_a_stop_keeps_what_is_done(visit, tmp_path):
    files = [shutil.copy(IMAGES / "tower.jpg", tmp_path / f"{i}.jpg") for i in range(40)]
    page = visit()
    choose_many(page, files)
    page.click("#xm-pictures-run")
    page.wait_for_selector("#xm-pictures-rows li", timeout=LONG_MS)
    page.click("#xm-pictures-stop")
    assert "Stopped" in ended(page, "pictures")
    done = page.locator("#xm-pictures-rows li").count()
    assert 1 <= done < len(files)
    rows = list(csv.DictReader(download(page, "#xm-pictures-csv").splitlines()))
    assert [row["problem"] for row in rows] == [""] * done + ["Not reached."] * (len(files) - done)
    assert page.is_enabled("#xm-pictures-run")


def test_in_chinese_on_a_phone(visit, tmp_path):
    page = visit(locale="zh-CN", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.locator("#xm-describe-example-lion").tap()
    assert "模型" in ended(page)
    seen = page.inner_text("body")
    for text in ("开始描述", "替代文本", "标签", "棕色", "图中的文字", "没有找到文字", "描述正确吗", "文件"):
        assert text in seen
    for text in ("Alt text", "Labels", "No writing", "Describe"):
        assert text not in seen
    assert "brown" not in page.inner_text("#xm-describe-colours")
    assert "狮子" in page.inner_text("#xm-describe-labels") and "图中是狮子。" in page.inner_text("#xm-describe-text")
    page.locator("#xm-describe-language label").nth(1).tap()
    page.locator("#xm-describe-run").tap()
    page.wait_for_selector("#xm-describe-alt >> text=图中是狮子。", timeout=LONG_MS)
    ended(page)
    assert page.inner_text("#xm-describe-text") == "图中是狮子。"
    assert page.locator("#xm-describe-picture img").count() == 2  # the picture, and where the lion is
    (tmp_path / "notes.png").write_text("no picture")
    choose_many(page, [tmp_path / "notes.png", LION])
    page.locator("#xm-pictures-language label").nth(1).tap()
    page.locator("#xm-pictures-run").tap()
    ended(page, "pictures")
    rows = page.inner_text("#xm-pictures-rows")
    assert "不是可以读取的图片" in rows and "图中是狮子。" in rows
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_endpoint_describes_what_can_be_read(url, tmp_path):
    from gradio_client import Client, handle_file

    (tmp_path / "cut.jpg").write_bytes(LION.read_bytes()[:5_000])
    client = Client(url, verbose=False)
    images = [handle_file(LION), handle_file(tmp_path / "cut.jpg")]
    good, bad = client.predict(images=images, ocr=False, api_name="/describe")
    assert set(good) == {"file", "description", "labels", "alt", "colours", "written", "model", "seconds", "notes"}
    assert (good["file"], good["labels"][0]["label"], good["written"]) == ("lion.jpg", "lion", [])
    assert set(bad) == {"file", "problem"} and "damaged" in bad["problem"]
    (chinese,) = client.predict(images=images[:1], language="zh", ocr=False, api_name="/describe")
    assert chinese["description"] == "图中是狮子。"
    with pytest.raises(Exception, match="no length 'huge'"):
        client.predict(images=images, length="huge", api_name="/describe")
