"""What a person does, in Chromium, against the real `python app.py` with the real starter models."""

import json
import re
import urllib.request
from pathlib import Path

import gradio as gr
import pytest
from page_helpers import go_to_tab

from xmodal.jobs.feedback import list_feedback

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILE = "#xm-file input[type=file]"
SPEECH = gr.get_audio("cate_blanch.mp3")
MODEL_TIMEOUT_MS = 300_000
"""The first run may have to fetch the models."""


@pytest.fixture
def visit(visit):
    """Opens the page on the Audio tab."""

    def open_tab(**options):
        page = visit(**options)
        go_to_tab(page, re.compile("^(Audio|音频)"))
        page.wait_for_selector("#xm-run")
        return page

    return open_tab


def choose(page, path) -> None:
    page.set_input_files(FILE, path)
    page.wait_for_selector("#xm-player audio, #xm-player video")


def run(page) -> None:
    page.click("#xm-run")
    page.wait_for_selector(".xm-facts, .xm-notice", timeout=MODEL_TIMEOUT_MS)


def test_upload_transcript_sounds_download_and_rating(visit, home):
    page = visit()
    choose(page, SPEECH)
    run(page)
    page.wait_for_selector("#xm-download-srt")
    assert "dagger" in page.inner_text("#xm-transcript")
    assert "Speech" in page.inner_text("#xm-sounds")
    assert "Language: English" in page.inner_text("#xm-status")
    assert page.locator("#xm-picture .xm-lane").count() >= 1

    for name in ("srt", "vtt", "txt", "json"):
        with page.expect_download() as download:
            page.click(f"#xm-download-{name}")
        assert download.value.suggested_filename == f"cate_blanch.{name}"
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert "dagger" in text
        if name == "srt":
            assert re.search(r"\d\d:\d\d:\d\d,\d\d\d --> ", text)
        if name == "json":
            assert json.loads(text)["language"] == "en"

    page.click("#xm-good")
    page.wait_for_selector("#xm-thanks p")
    page.fill(".xm-rating textarea, .xm-rating input", "well heard")
    page.press(".xm-rating textarea, .xm-rating input", "Enter")
    page.wait_for_selector(".xm-rating textarea, .xm-rating input", state="hidden")
    row = list_feedback(path=home / "xmodal.sqlite")[-1]
    assert (row.task, row.rating, row.comment) == ("transcribe", 1, "well heard")
    assert "dagger" in row.output and len(row.input_sha256) == 64


def test_a_segment_plays_from_its_start_by_keyboard(visit):
    page = visit()
    page.click("#xm-audio-example_speech")
    page.wait_for_selector(".xm-facts", timeout=MODEL_TIMEOUT_MS)
    segment = page.locator(".xm-segment").last
    segment.focus()
    page.keyboard.press("Enter")
    start = float(segment.get_attribute("data-start"))
    page.wait_for_function(
        "start => (p => !p.paused && p.currentTime >= start)(document.querySelector('#xm-player audio'))",
        arg=start,
    )
    page.wait_for_selector(".xm-segment[aria-current]")


def test_text_renamed_wav_is_a_notice_and_the_app_goes_on(visit, tmp_path):
    fake = tmp_path / "notes <b>'你好'.wav"
    fake.write_text("This is not sound. " * 50)
    page = visit()
    choose(page, fake)
    run(page)
    notice = page.inner_text(".xm-notice")
    assert "is not a sound or video file" in notice and "Use a WAV" in notice
    assert page.locator(".xm-notice b").count() == 0
    page.click("#xm-audio-example_sentence")
    page.wait_for_selector(".xm-facts", timeout=MODEL_TIMEOUT_MS)
    assert "never do it for free" in page.inner_text("#xm-transcript")


def test_nothing_chosen_is_said(visit):
    page = visit()
    run(page)
    assert "There is no recording yet" in page.inner_text(".xm-notice")
    assert page.is_enabled("#xm-run")


def test_a_video_is_played_and_heard(visit):
    page = visit()
    choose(page, gr.get_video("world.mp4"))
    assert page.locator("#xm-player video").count() == 1
    run(page)
    assert "No speech was found" in page.inner_text("#xm-transcript")


def test_language_is_the_browsers_and_can_be_switched(visit):
    page = visit(locale="zh-CN")
    assert page.inner_text("#xm-run") == "开始"
    page.click("[data-lang=en]")
    page.wait_for_function("document.querySelector('#xm-run').innerText === 'Run'")
    page.reload()
    go_to_tab(page, "Audio")
    page.wait_for_function("document.querySelector('#xm-run')?.innerText === 'Run'")
    page.click("[data-lang=zh]")
    page.wait_for_function("document.querySelector('#xm-run').innerText === '开始'")
    page.wait_for_timeout(500)
    seen = page.inner_text("body")
    for text in ("音频", "文件", "麦克风", "选项", "停止", "文字稿", "时间线", "声音", "运行设备"):
        assert text in seen
    for text in ("Microphone", "Options", "Transcript", "Runs on"):
        assert text not in seen


def test_fits_a_phone(visit):
    page = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page.tap("#xm-audio-example_sentence")
    page.wait_for_selector(".xm-facts", timeout=MODEL_TIMEOUT_MS)
    page.click("#xm-options button")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_two_visitors_do_not_mix(visit):
    first, second = visit(), visit()
    first.click("#xm-audio-example_speech")
    second.click("#xm-audio-example_sentence")
    for page, words in ((first, "dagger"), (second, "for free")):
        page.wait_for_selector(".xm-facts", timeout=MODEL_TIMEOUT_MS)
        assert words in page.inner_text("#xm-transcript")
    assert "dagger" not in second.inner_text("#xm-transcript")


def test_endpoints_answer_with_the_contracts_keys(url):
    from gradio_client import Client, handle_file

    client = Client(url, verbose=False)
    said = client.predict(audio=handle_file(SPEECH), words=True, api_name="/transcribe")
    assert set(said) == {"file", "text", "language", "duration", "segments", "model", "seconds"}
    assert set(said["segments"][0]) == {"start", "end", "text", "words"}
    heard = client.predict(audio=handle_file(SPEECH), top=2, api_name="/tag")
    assert set(heard) == {"file", "labels", "timeline", "model", "seconds"} and len(heard["labels"]) == 2
    silent = client.predict(audio=handle_file(SPEECH), script="traditional", vad=False, api_name="/transcribe")
    assert silent["text"]
    with pytest.raises(Exception, match="language 'xx' is not known"):
        client.predict(audio=handle_file(SPEECH), language="xx", api_name="/transcribe")


def test_page_says_it_keeps_no_analytics(url):
    with urllib.request.urlopen(url) as answer:
        page = answer.read().decode()
    assert '"analytics_enabled":false' in page.replace(" ", "")
