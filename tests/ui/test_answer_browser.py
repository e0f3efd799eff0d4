"""The Question answering tab as a person uses it, in Chromium against the real page."""

import json
from pathlib import Path

import pytest
from fpdf import FPDF

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_MS = 600_000
"""For a machine that does other things too."""
RESULT, BAD = "#xm-answer-result [data-answerable]", "#xm-answer-status .xm-notice"
SOUNDS = Path("/usr/share/asterisk/sounds/en")


def settled(page, question: str) -> None:
    """Wait for the answer to a question."""
    page.wait_for_function(
        "wanted => document.querySelector('#xm-answer-result .xm-asked')?.innerText.includes(wanted)", arg=question,
        timeout=LONG_MS,
    )  # fmt: skip
    page.wait_for_selector("#xm-answer-run:enabled")


def ask(page, question: str) -> None:
    page.fill("#xm-answer-question textarea", question)
    page.press("#xm-answer-question textarea", "Enter")
    settled(page, question)


@pytest.fixture
def manual(tmp_path) -> Path:
    """A PDF of three pages."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for text in (
        "The Brightwater kettle holds 1.7 litres. It weighs 1.2 kilograms and has a steel body.",
        "The filter must be cleaned every three weeks. Put it in vinegar for ten minutes and rinse it with cold water.",
        "The warranty of the kettle lasts four years. Keep the receipt, and send the kettle to the shop in Halden.",
    ):
        pdf.add_page()
        pdf.multi_cell(0, 6, text)
    pdf.output(str(tmp_path / "manual.pdf"))
    return tmp_path / "manual.pdf"


def test_the_health_example_answers_in_both_languages(visit):
    page = visit()
    page.click("#xm-answer-sample-health_en")
    settled(page, "lower high blood pressure")
    assert page.get_attribute(RESULT, "data-answerable") == "true"
    assert "salt" in page.inner_text("#xm-answer-evidence")
    assert "ask a doctor" in page.inner_text("#xm-answer-result")
    assert page.locator("#xm-answer-evidence mark").first.is_visible()
    page.click("#xm-answer-sample-health_zh")
    settled(page, "缓解高血压")
    assert page.get_attribute(RESULT, "data-answerable") == "true"
    assert "盐" in page.inner_text("#xm-answer-evidence")
    assert page.locator("#xm-answer-history li").count() == 2
    with page.expect_download() as download:
        page.click("#xm-answer-download")
    stored = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [one["language"] for one in stored] == ["en", "zh"]
    page.click("#xm-answer-good")
    page.wait_for_selector("#xm-answer-thanks p")


def test_a_pdf_is_asked_and_names_its_page(visit, manual):
    page = visit()
    page.set_input_files("#xm-answer-files input[type=file]", manual)
    page.wait_for_selector("#xm-answer-files .file-preview")
    page.wait_for_function("!document.querySelector('#xm-answer-health input').checked")
    ask(page, "How often must the filter be cleaned?")
    assert "three weeks" in page.inner_text(RESULT)
    assert "manual.pdf · page 2" in page.inner_text("#xm-answer-result")
    ask(page, "保修期有多久？")  # in the other language it may be less sure, but it knows where
    assert "four years" in page.inner_text("#xm-answer-evidence")
    assert "page 3" in page.inner_text("#xm-answer-evidence")


@pytest.mark.skipif(not SOUNDS.exists(), reason="needs Debian's asterisk-core-sounds-en-wav")
def test_a_recording_is_asked_by_voice(visit):
    page = visit()
    page.set_input_files("#xm-answer-files input[type=file]", SOUNDS / "vm-options.wav")
    page.wait_for_selector("#xm-answer-files .file-preview")
    page.click("#xm-answer-speak button")
    page.click("#xm-answer-spoken [aria-label='Upload file']")  # as a headless browser has no microphone
    page.set_input_files("#xm-answer-spoken input[type=file]", SOUNDS / "vm-savefolder.wav")
    settled(page, "folder")
    assert "folder" in page.input_value("#xm-answer-question textarea")
    ask(page, "What do you press to record your busy message?")
    player = page.locator("#xm-answer-evidence audio").first
    assert "#t=" in player.get_attribute("src")
    assert page.locator("#xm-answer-evidence figure[data-source=audio]").count() >= 1
    page.wait_for_function("document.querySelector('#xm-answer-evidence audio').duration > 1", timeout=LONG_MS)


def test_bad_input_is_explained(visit, tmp_path):
    page = visit()
    page.click(".xm-languages [data-lang=zh]")
    page.fill("#xm-answer-question textarea", " ")
    page.click("#xm-answer-run")
    page.wait_for_selector(BAD, timeout=LONG_MS)
    assert "还没有问题" in page.inner_text(BAD)
    (tmp_path / "old.doc").write_bytes(b"\xd0\xcf\x11\xe0" * 100)
    page.set_input_files("#xm-answer-files input[type=file]", tmp_path / "old.doc")
    page.wait_for_selector("#xm-answer-files .file-preview")
    page.fill("#xm-answer-question textarea", "为什么？")
    page.click("#xm-answer-run")
    page.wait_for_function("s => document.querySelector(s)?.innerText.includes('old.doc')", arg=BAD, timeout=LONG_MS)
    assert "不是可以提问的文件类型" in page.inner_text(BAD)


def test_fits_a_phone(visit):
    page = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page.locator("#xm-answer-sample-health_en").tap()
    settled(page, "lower high blood pressure")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
