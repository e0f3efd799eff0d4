"""What a person does on the inner tab for blind comparisons, in Chromium."""

import csv

import pytest
from page_helpers import go_to_tab

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.thorough]

TUNED, BASE = "english-review-sentiment", "multilingual-e5-small (untrained)"
TIMEOUT_MS = 120_000


@pytest.fixture
def tab(visit):
    """Opens the inner tab with the two models chosen."""

    def open_tab():
        page = visit()
        page.set_default_timeout(TIMEOUT_MS)
        go_to_tab(page, "Models and runs")
        page.get_by_role("tab", name="Blind comparison").click()
        page.wait_for_function("document.querySelector('#xm-blind-first input').value !== ''")
        page.get_by_label("Sorts into classes").check()
        page.wait_for_selector("#xm-blind-text textarea:visible")
        page.click("#xm-blind-first input")
        page.get_by_role("option", name=TUNED).click()
        page.wait_for_function(f"document.querySelector('#xm-blind-second input').value === '{BASE}'")
        return page

    return open_tab


def compare(page, text: str) -> tuple[str, str]:
    page.fill("#xm-blind-text textarea", text)
    page.click("#xm-blind-run")
    page.wait_for_selector("#xm-blind-a .xm-said")
    return page.inner_text("#xm-blind-a"), page.inner_text("#xm-blind-b")


def test_two_people_compare_blindly_and_the_choices_are_counted_and_exported(tab):
    ann, ben = tab(), tab()
    shown = compare(ann, "The hinges squeak.")
    assert TUNED not in "".join(shown) and BASE not in "".join(shown)
    compare(ben, "We will certainly return.")
    assert ann.input_value("#xm-blind-text textarea") == "The hinges squeak."
    better = "#xm-blind-choice-a" if ann.is_enabled("#xm-blind-choice-a") else "#xm-blind-choice-same"
    ann.click(better)
    ann.wait_for_selector("#xm-blind-reveal .xm-status")
    assert {TUNED, BASE} == {ann.inner_text(f"#xm-blind-{side} .xm-label") for side in "ab"}
    assert not ann.is_enabled("#xm-blind-choice-a"), "one choice a pair"
    assert ben.locator("#xm-blind-a .xm-label").count() == 0, "another's choice tells nothing"
    ben.click("#xm-blind-choice-neither")
    ben.wait_for_selector("#xm-blind-reveal >> text=You found both bad")
    ben.wait_for_selector("#xm-blind-score >> text=Both good or both bad")
    with ben.expect_download() as download:
        ben.click("#xm-blind-csv")
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["input"] for row in rows] == ["The hinges squeak.", "We will certainly return."]
    assert rows[0]["owner"] != rows[1]["owner"]
    assert rows[1]["choice"] == "neither"


def test_what_cannot_be_compared_is_said(tab):
    page = tab()
    page.click("#xm-blind-run")
    page.wait_for_selector("#xm-blind-status >> text=nothing to work on yet")
    page.click("#xm-blind-second input")
    page.get_by_role("option", name="chinese-shopping-topics").click()
    page.wait_for_selector("#xm-blind-score >> text=Nobody has chosen")
    page.fill("#xm-blind-text textarea", "x")
    page.press("#xm-blind-text textarea", "Enter")
    page.wait_for_selector("#xm-blind-status >> text=no class in common")
    assert page.is_enabled("#xm-blind-run") and not page.is_enabled("#xm-blind-stop")
