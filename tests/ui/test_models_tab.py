"""What a person does on the Models and runs tab, in Chromium."""

import json
import zipfile
from pathlib import Path

import pytest
import torch
from page_helpers import go_to_tab

from xmodal.jobs.feedback import Feedback, save_feedback
from xmodal.models.adapters import Adapter, save_adapter

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TIMEOUT_MS = 120_000
RECIPE = "name: {name}\ndata: {{source: /gone.csv}}\ntrain: {{epochs: {epochs}}}\n"


@pytest.fixture(scope="module", autouse=True)
def content(home) -> None:
    """An adapter, two runs of the command line, ratings, and something that can be made again."""
    made = Adapter("quokkas", "classifier", "classify", {"text": {"model": "multilingual-e5-small"}}, labels=("a", "b"))
    save_adapter(made, {"head": {"w": torch.zeros(4)}}, home / "adapters" / "quokkas")
    for name, epochs in (("first", 3), ("second", 9)):
        folder = home / "runs" / f"20260101-00000{epochs}-{name}"
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(RECIPE.format(name=name, epochs=epochs))
        (folder / "log.jsonl").write_text("".join(json.dumps({"step": i, "loss": 2 / i}) + "\n" for i in range(1, 9)))
        metrics = {"metric": "accuracy", "before": {"accuracy": 0.5}, "after": {"accuracy": 0.9}, "check_rows": 10}
        (folder / "result.json").write_text(json.dumps({"metrics": metrics, "seconds": 3, "adapter": ""}))
    rating = Feedback("classify", "reviews", "0" * 64, "a", 1, "=1+1", inputs={"text": "lovely"})
    save_feedback(rating, home / "xmodal.sqlite")
    (home / "features").mkdir()
    (home / "features" / "x.safetensors").write_bytes(b"0" * 2_000_000)


@pytest.fixture
def tab(visit):
    """Opens the tab, and one of its inner tabs."""

    def open_tab(inner: str = "", **options):
        page = visit(**options)
        page.set_default_timeout(TIMEOUT_MS)
        go_to_tab(page, "Models and runs")
        page.wait_for_selector("#xm-models-list .xm-item")
        if inner:
            page.get_by_role("tab", name=inner).click()
        return page

    return open_tab


def test_a_model_is_found_read_downloaded_brought_back_and_deleted(tab, home):
    page = tab()
    page.fill("#xm-models-search input, #xm-models-search textarea", "quokka")
    page.wait_for_function("document.querySelectorAll('#xm-models-list .xm-item').length === 1")
    page.focus("#xm-models-list .xm-item")
    page.keyboard.press("Enter")
    page.wait_for_selector("#xm-models-details .xm-dl")
    page.click("#xm-models-card-box button")
    page.wait_for_selector("#xm-models-card h4")
    with page.expect_download() as download:
        page.click("#xm-models-pack")
    packed = Path(download.value.path())
    with zipfile.ZipFile(packed) as archive:
        assert "quokkas/head.safetensors" in archive.namelist()
    copy = home / "copy.zip"
    copy.write_bytes(packed.read_bytes())

    page.click("#xm-models-verify")
    page.wait_for_selector("#xm-models-status >> text=are as they should be")
    page.click("#xm-models-import button")
    page.set_input_files("#xm-models-file input[type=file]", copy)
    page.wait_for_selector("#xm-models-status >> text=quokkas-2 was added")
    page.click("#xm-models-delete")
    page.click("#xm-models-yes")
    page.wait_for_selector("#xm-models-status >> text=is deleted")
    assert [folder.name for folder in (home / "adapters").iterdir()] == ["quokkas"]


def test_pushing_without_the_hub_is_explained_and_forgets_the_token(tab):
    page = tab()
    page.click("#xm-models-list [data-pick='own:quokkas']")
    page.click("#xm-models-push-box > button")
    page.fill("#xm-models-repo input, #xm-models-repo textarea", "no slash")
    page.fill("#xm-models-token input", "hf_secret")
    page.click("#xm-models-push")
    assert "is not the name of a repository" in page.inner_text("#xm-models-status .xm-notice")
    page.wait_for_function("document.querySelector('#xm-models-token input').value === ''")


def test_runs_are_compared_and_deleted(tab, home):
    page = tab("Trainings")
    page.wait_for_selector("#xm-runs-list input")
    page.get_by_role("checkbox", name="first").check()
    # Impatiently: what the last tick tells is not lost while one before is still worked at.
    page.evaluate("""async () => {
      for (let click = 0; click < 15; click++) {
        document.querySelector("#xm-runs-list input[data-pick$=second]").click();
        await new Promise((done) => setTimeout(done, 20));
      }
    }""")
    # A list that was on its way before the ticks does not take them away.
    page.evaluate("const list = document.querySelector('#xm-runs-list .xm-item, #xm-runs-list label').parentElement;"
                  "list.innerHTML = list.innerHTML")  # fmt: skip
    page.wait_for_function("document.querySelectorAll('#xm-runs-list input:checked').length === 2")
    page.wait_for_selector("#xm-runs-table >> text=train.epochs")
    assert page.locator("#xm-runs-curves polyline").count() == 2
    page.get_by_role("checkbox", name="second").uncheck()
    page.wait_for_selector("#xm-runs-recipe-box")
    # Nor does one that was drawn before a tick was taken away bring it back.
    page.evaluate("const list = document.querySelector('#xm-runs-list ul');"
                  "list.innerHTML = list.innerHTML.replaceAll('<input', '<input checked')")  # fmt: skip
    page.wait_for_function("document.querySelectorAll('#xm-runs-list input:checked').length === 1")
    page.click("#xm-runs-delete")
    page.click("#xm-runs-yes")
    page.wait_for_selector("#xm-runs-status >> text=free again")
    assert [folder.name for folder in (home / "runs").iterdir()] == ["20260101-000009-second"]


def test_ratings_are_exported_and_space_is_freed(tab, home):
    page = tab("Feedback")
    page.wait_for_selector("#xm-feedback-latest table")
    with page.expect_download() as download:
        page.click("#xm-feedback-csv")
    assert "'=1+1" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("radio", name="Sorts into classes").check()
    with page.expect_download() as download:
        page.click("#xm-feedback-data-set")
    assert json.loads(Path(download.value.path()).read_text()) == {"text": "lovely", "label": "a"}
    page.get_by_role("tab", name="Disk space").click()
    page.click("#xm-disk-list [data-pick=features]")
    page.click("#xm-disk-yes")
    page.wait_for_selector("#xm-disk-status >> text=2.0 MB are free again")
    assert not (home / "features").exists()
