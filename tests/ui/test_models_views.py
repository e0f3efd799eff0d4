import math

import pytest
import yaml

from xmodal.jobs.disk_use import FolderUse
from xmodal.jobs.feedback import Feedback
from xmodal.jobs.ratings import Comparison, Score
from xmodal.models.catalogue import Entry, choose_entries
from xmodal.ui import blind_views, models_keep_views, models_runs_views, models_views

EVIL = "<img src=x onerror=alert(1)>\"'&"
METRICS = {
    "metric": "accuracy",
    "before": {"accuracy": 0.5},
    "after": {"accuracy": 0.9},
    "interval_after": {"low": 0.85, "high": 0.95},
    "check_rows": 40,
    "gain": {"within_noise": False},
}


def make_run(name: str = "a", **values) -> dict:
    run = {
        "id": 1, "run": name, "name": name, "task": "classify", "state": "finished", "submitted": 0.0, "seconds": 75.0,
        "disk_mb": 1.5, "metric": "accuracy", "before": 0.5, "after": 0.9, "problem": "", "advice": "",
        "recipe": "name: a\ntrain: {epochs: 3, seed: 0}\n", "metrics": METRICS,
        "curve": [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}],
    }  # fmt: skip
    return {**run, **values}


def test_foreign_text_is_escaped():
    entry = Entry(
        "own", EVIL, ("classify",), ("text",), EVIL, origin=EVIL, revision=EVIL, licence=EVIL, languages=(EVIL,),
        labels=(EVIL,), metrics={**METRICS, "metric": EVIL, "after": {EVIL: 1.0}},
    )  # fmt: skip
    evil_run = make_run(EVIL, problem=EVIL, advice=EVIL, state=EVIL, recipe=yaml.safe_dump({"train": {EVIL: EVIL}}))
    feedback = [Feedback(EVIL, EVIL, "0", EVIL, 1, EVIL, EVIL)]
    drawn = [
        models_views.model_list([entry]),
        models_views.model_details(entry),
        models_views.card(f"---\na: b\n---\n# {EVIL}\n![x](https://a.b/c.png) [y](javascript:alert(1))"),
        models_runs_views.run_list([evil_run], []),
        models_runs_views.run_table([evil_run, make_run()]),
        models_runs_views.curves([evil_run, make_run()]),
        blind_views.side("A", EVIL, EVIL),
        blind_views.reveal(Comparison("classify", "x", EVIL, "b", EVIL, "", "left"), EVIL),
        blind_views.standing((EVIL, "b"), Score(2, 1, 0, 0.2, 0.9)),
        models_keep_views.feedback_counts(feedback),
        models_keep_views.feedback_latest(feedback),
    ]
    for text in drawn:
        assert "<img" not in text and 'href="javascript' not in text


def test_card_is_rendered_without_its_front_matter():
    drawn = models_views.card(
        "---\nlicense: mit\n---\n\n# Reviews\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://x.y)"
    )
    assert "license" not in drawn and "<h3>Reviews</h3>" in drawn and "<td>1</td>" in drawn
    assert 'rel="noopener noreferrer nofollow" href="https://x.y"' in drawn


def test_quality_says_before_after_interval_and_chance():
    drawn = models_views.quality(METRICS)
    assert "50.0% → <strong>90.0%</strong> (85.0% – 95.0%)" in drawn and "more than chance" in drawn
    assert "Not measured" in models_views.quality({})
    assert "Not measured" in models_views.quality({"after": "x", "gain": 3, "metric": None})


def test_runs_show_only_settings_that_differ():
    other = make_run("b", recipe="name: b\ntrain: {epochs: 9, seed: 0}\n")
    drawn = models_runs_views.run_table([make_run(), other])
    assert "train.epochs" in drawn and "train.seed" not in drawn
    assert "train.epochs" not in models_runs_views.run_table([make_run()])


def test_curves_leave_out_what_is_no_number():
    broken = make_run("b", curve=[{"step": 1, "loss": math.nan}, {"step": 2, "loss": None}])
    drawn = models_runs_views.curves([make_run(), broken])
    assert drawn.count("<polyline") == 1 and "nan" not in drawn
    assert "<svg" not in models_runs_views.curves([broken])
    assert "<polyline" in models_runs_views.curves([make_run(curve=[{"step": 0, "loss": 1.0}])])


def test_chosen_by_task_kind_and_words():
    entries = [
        Entry("own", "reviews", ("classify",), licence="MIT", labels=("good", "bad")),
        Entry("starter", "whisper-base", ("transcribe",), summary="Speech to text"),
    ]
    assert [e.name for e in choose_entries(entries, task="classify")] == ["reviews"]
    assert [e.name for e in choose_entries(entries, kind="starter")] == ["whisper-base"]
    assert [e.name for e in choose_entries(entries, words="SPEECH whisper")] == ["whisper-base"]
    assert choose_entries(entries, "classify", "starter") == []


@pytest.mark.parametrize(
    ("megabytes", "text"), [(0.004, "4 kB"), (0.1, "0.1 MB"), (9.94, "9.9 MB"), (82, "82 MB"), (1500, "1.5 GB")]
)
def test_size(megabytes, text):
    assert models_views.size(megabytes) == text


def test_only_what_can_be_made_again_has_a_button():
    folders = [FolderUse("models", 10), FolderUse("features", 10), FolderUse("samples", 0)]
    assert models_keep_views.disk_table(folders, True).count("data-pick") == 1
    assert "data-pick" not in models_keep_views.disk_table(folders, False)


def test_the_standing_names_who_leads_and_whether_it_can_be_chance():
    clear = blind_views.standing(("a", "b"), Score(3, 12, 1, 0.07, 0.45))
    assert "12 of 15 for b: clearly better" in clear and "b would be chosen over a in 55% to 93%" in clear
    assert "cannot tell yet" in blind_views.standing(("a", "b"), Score(2, 1, 0, 0.2, 0.94))
    assert "xm-verdict" not in blind_views.standing(("a", "b"), Score(0, 0, 2, 0, 1))
