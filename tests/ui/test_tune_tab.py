"""The Fine-tune tab without a browser: recipes, estimates, looks at good and bad data, and whose runs are whose.

What a person clicks is in `test_tune_browser.py`.
"""

import json
import re
import zipfile

import gradio as gr
import pytest
import yaml
from PIL import Image

from xmodal.jobs import claims
from xmodal.jobs.queue import submit
from xmodal.jobs.records import get_job
from xmodal.models.adapter_format import DESCRIPTION
from xmodal.training.config import TrainConfig, load_recipe, parse_recipe
from xmodal.ui import tune_result_views, tune_views
from xmodal.ui.sessions import Sessions
from xmodal.ui.tune_data import DataEvents, SetupSession
from xmodal.ui.tune_estimate import estimate, measured_factor
from xmodal.ui.tune_owner import build_owner, owner_of
from xmodal.ui.tune_recipe import OWN_CONTROL, SETTINGS, TASKS, TRAINABLES, make_content, suggest_name, write_yaml
from xmodal.ui.tune_recipe_events import _SCRATCH, RecipeEvents
from xmodal.ui.tune_result import ResultEvents
from xmodal.ui.tune_run import RunEvents
from xmodal.ui.tune_tab import build_tune_tab

EMPTY = [setting.name for setting in SETTINGS if setting.empty]
GOOD = "text,label\n" + "".join(f"this is fine {i},good\nthat is poor {i},bad\n" for i in range(20))
METRICS = {
    "metric": "accuracy", "before": {"accuracy": 0.25, "f1": 0.2}, "after": {"accuracy": 0.75, "f1": 0.7},
    "interval_before": {"low": 0.1, "high": 0.4}, "interval_after": {"low": 0.6, "high": 0.9},
    "gain": {"difference": 0.5, "within_noise": False, "better": True}, "check_rows": 8,
    "per_class": {"<b>": {"precision": 1.0, "recall": 0.5, "f1": 0.67, "support": 8}},
    "confusion": [[4, 4], [0, 0]], "names": ["<b>", "other"], "better": ["row <i>"], "worse": [],
    "cross_validation": {"metric": "accuracy", "mean": 0.7, "deviation": 0.05, "folds": [0.65, 0.75]},
}  # fmt: skip


@pytest.fixture(scope="module")
def tab():
    with gr.Blocks() as page:
        built = build_tune_tab()
        owner, timer = build_owner(), gr.Timer(active=False)
    return page, built, owner, timer


@pytest.fixture
def events(tab):
    """Handlers of a fresh page: of the data, of the recipe, and of runs."""
    page, built, owner, timer = tab
    setups = Sessions(SetupSession)
    data, recipes = DataEvents(built.data, setups), RecipeEvents(built.recipe, built.data.task, setups)
    with page:
        runs = RunEvents(built, owner, timer, setups, recipes)
    return data, recipes, runs


def visitor(name: str = "a") -> gr.Request:
    return gr.Request(session_hash=name, username=None)


def look(data: DataEvents, path, task: str = "classify", request: gr.Request | None = None) -> dict:
    """What the page shows in the end after a file was uploaded."""
    request = request or visitor()
    data.on_file(str(path), request)
    return finish(data, task, request)


def chosen(recipes: RecipeEvents, **values) -> list:
    """Values of the components that say what to train; those not given are empty."""
    return [values.get(name, "head" if name == "trainable" else None) for name in recipes.part.boxes]


def finish(data: DataEvents, task: str, request: gr.Request) -> dict:
    shown = {}
    for updates in data.on_look(task, request):
        shown |= updates
    return shown


def test_every_training_setting_is_offered_or_left_out_on_purpose():
    offered = {setting.name for setting in SETTINGS if setting.place == "train"}
    assert offered | set(OWN_CONTROL) == set(TrainConfig.model_fields)
    assert not offered & set(OWN_CONTROL)


def test_scratch_towers_are_those_that_exist():
    from xmodal.models.towers import SCRATCH_TOWERS

    assert _SCRATCH == SCRATCH_TOWERS


@pytest.mark.parametrize("task", TASKS)
def test_the_yaml_shown_is_the_recipe_that_is_trained(task, tmp_path):
    for trainable in TRAINABLES[task]:
        values = {setting.name: setting.default for setting in SETTINGS}
        values |= {"epochs": 4.0, "seed": 7.0, "batch_size": 6.0, "fusion": "attention", "cross_validation": 3}
        content = make_content(task, "sample:tone-sounds", {"label": "kind"}, trainable, {}, "a-name", values)
        (tmp_path / "recipe.yaml").write_text(write_yaml(content), encoding="utf-8")
        recipe = load_recipe(tmp_path / "recipe.yaml")
        assert recipe == parse_recipe(content)
        assert (recipe.train.trainable, recipe.train.batch_size, recipe.train.seed) == (trainable, 6, 7)
        assert recipe.train.fusion == ("attention" if task == "classify" else "concat")
        assert "dropout" not in content["train"]


def test_neither_none_nor_all_can_be_held_out(tab):
    share = tab[1].recipe.settings["check_fraction"]
    assert share.preprocess(0.5) == 0.5
    for value in (0, 1):
        with pytest.raises(gr.Error):
            share.preprocess(value)


def test_empty_fields_follow_the_task():
    assert {setting.name for setting in SETTINGS if setting.default is None} <= set(EMPTY)
    empty = dict.fromkeys(EMPTY) | {"epochs": 0, "max_length": 0}
    made = make_content("transcribe", "sample:x", {}, "lora", {}, "n", empty)
    assert made == {"name": "n", "task": "transcribe", "data": {"source": "sample:x"}, "train": {"trainable": "lora"}}
    content = make_content("answer", "sample:notices", {}, "lora", {}, "n", empty)
    train = parse_recipe(content).train
    assert (train.batch_size, train.max_length, train.passes) == (8, 384, 3)


@pytest.mark.parametrize(
    ("source", "name"),
    [("Book Reviews.CSV", "book-reviews-head"), ("评论.csv", "my-model-head"), ("user/set:small", "small-head")],
)
def test_suggested_names_can_be_used(source, name):
    assert suggest_name(source, "head") == name
    parse_recipe({"name": name, "data": {"source": "x"}})


def test_estimates_grow_with_what_is_trained_and_follow_what_runs_took(empty_home):
    def guess(trainable: str, rows: int = 900, **data) -> float:
        recipe = parse_recipe({"name": "a", "data": {"source": "x", **data}, "train": {"trainable": trainable}})
        return estimate(recipe, rows, 100, ("text",))

    costs = [guess(trainable) for trainable in ("head", "lora", "full")]
    assert [cost.seconds for cost in costs] == sorted(cost.seconds for cost in costs)
    assert [cost.memory_mb for cost in costs] == sorted(cost.memory_mb for cost in costs)
    assert guess("head", 9000, max_rows=1000).seconds == pytest.approx(guess("head", 900).seconds, rel=0.2)
    assert guess("head", 9000).seconds > 5 * guess("head", 900).seconds
    assert measured_factor() == 1
    for name, taken in (("one", 3.0), ("two", 3.0), ("odd", None)):
        folder = empty_home / "adapters" / name
        folder.mkdir(parents=True)
        told = {
            "data": {"train_rows": 900, "check_rows": 100}, "base": {"text": {}},
            "settings": {"seconds": taken and taken * costs[0].seconds},
            "recipe": yaml.safe_dump({"name": "a", "data": {"source": "x"}}),
        }  # fmt: skip
        (folder / DESCRIPTION).write_text(json.dumps(told))
    assert measured_factor() == pytest.approx(3)


def test_good_data_is_shown_and_can_be_trained_on(events, empty_home, tmp_path):
    data, recipes, _ = events
    (tmp_path / "reviews.csv").write_text(GOOD)
    shown, part = look(data, tmp_path / "reviews.csv"), data.part
    assert "36 to train on" in shown[part.report] and "2 classes" in shown[part.report]
    assert shown[part.status] == ""
    assert shown[part.columns["label"]]["value"] == "label" and shown[part.columns["label"]]["visible"]
    assert not shown[part.columns["question"]]["visible"]
    drawn = recipes.on_data(visitor(), "classify", *chosen(recipes))
    assert drawn[recipes.part.name] == "reviews-head" and drawn[recipes.part.train]["interactive"]
    assert "source: reviews.csv" in drawn[recipes.part.recipe]
    assert "about" in drawn[recipes.part.costs]


@pytest.mark.parametrize("away", ["on_clear", "on_task"])
def test_a_suggested_name_follows_the_data_and_a_chosen_one_stays(events, empty_home, tmp_path, away):
    data, recipes, _ = events
    for name in ("reviews", "other"):
        (tmp_path / f"{name}.csv").write_text(GOOD)
    look(data, tmp_path / "reviews.csv")
    first = recipes.on_data(visitor(), "classify", *chosen(recipes))[recipes.part.name]
    data.on_clear(visitor()) if away == "on_clear" else data.on_task("classify", visitor())
    look(data, tmp_path / "other.csv")
    for given, expected in ((first, "other-head"), ("mine", "mine")):
        drawn = recipes.on_data(visitor(), "classify", *chosen(recipes, name=given))
        assert drawn[recipes.part.name] == expected


def test_a_setting_that_cannot_be_used_is_said_beside_the_button(events, empty_home, tmp_path):
    data, recipes, _ = events
    (tmp_path / "reviews.csv").write_text(GOOD)
    look(data, tmp_path / "reviews.csv")
    drawn = recipes.on_choice(visitor(), "classify", *chosen(recipes, cross_validation=1))
    assert "cross_validation needs 2 parts" in drawn[recipes.part.status]
    assert not drawn[recipes.part.train]["interactive"]


def test_gbk_and_damaged_rows_are_told_and_the_good_rows_used(events, empty_home, tmp_path):
    rows = "text,label\n" + "".join(f"这家酒店很好{i},好\n服务态度太差{i},差\n" for i in range(20)) + "一,二,三,四\n"
    (tmp_path / "评论.csv").write_bytes(rows.encode("gbk"))
    shown = look(events[0], tmp_path / "评论.csv")
    report = shown[events[0].part.report]
    assert "这家酒店很好" in report and "Encoding of the file" in report and "Damaged rows" in report
    assert "36 to train on" in report


def test_a_missing_column_is_named_and_can_be_chosen(events, empty_home, tmp_path):
    data = events[0]
    lines = "".join(f"{i},it rained on day number {i},{'wet' if i % 2 else 'dry'} day {i // 2}\n" for i in range(40))
    (tmp_path / "odd.csv").write_text("number,words,weather\n" + lines)
    shown, part = look(data, tmp_path / "odd.csv"), data.part
    assert "No column was found for label" in shown[part.status]
    assert "Below you can say" in shown[part.status]
    chosen = [value for _, value in shown[part.columns["label"]]["choices"]]
    assert chosen == ["", "number", "words", "weather"]
    lines = "".join(f"{i},it rained on day number {i},{'wet' if i % 2 else 'dry'}\n" for i in range(40))
    (tmp_path / "odd.csv").write_text("number,words,weather\n" + lines)
    data.on_column("label", "weather", visitor())
    shown = finish(data, "classify", visitor())
    assert "2 classes" in shown[part.report] and shown[part.columns["label"]]["value"] == "weather"


def test_a_file_that_is_no_zip_and_a_zip_bomb_are_refused_where_the_person_looks(events, empty_home, tmp_path):
    data = events[0]
    (tmp_path / "no.zip").write_bytes(b"this is no zip" * 100)
    shown = look(data, tmp_path / "no.zip")
    assert "xm-notice" in shown[data.part.status]
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for number in range(30):
            out.writestr(f"{number}.csv", b"0" * 100_000_000)
    shown = look(data, tmp_path / "bomb.zip")
    assert "xm-notice" in shown[data.part.status] and data.sessions.get(visitor()).found is None


def test_a_table_may_not_name_files_outside_of_the_upload(events, empty_home, tmp_path):
    (tmp_path / "spy.csv").write_text("image,label\n" + "/etc/passwd.png,a\n../b.png,b\n" * 10)
    shown = look(events[0], tmp_path / "spy.csv")
    assert "outside of its folder" in shown[events[0].part.status]


def test_two_visitors_do_not_mix(events, empty_home, tmp_path):
    data = events[0]
    (tmp_path / "one.csv").write_text(GOOD)
    (tmp_path / "two.csv").write_text(GOOD.replace("good", "great"))
    first, second = visitor("one"), visitor("two")
    look(data, tmp_path / "one.csv", request=first)
    look(data, tmp_path / "two.csv", request=second)
    assert data.sessions.get(first).name == "one.csv" and data.sessions.get(second).name == "two.csv"
    assert "great" in data.sessions.get(second).found.class_counts["train"]


def test_only_the_owner_sees_and_stops_a_job(events, empty_home):
    runs = events[2]
    ann, ben = (owner_of("", visitor(name)) for name in "ab")
    assert ann != ben and owner_of(ann, visitor()) == ann
    assert owner_of(ann, gr.Request(session_hash="x", username="eve")) == "user:eve"
    job = submit(parse_recipe({"name": "n", "data": {"source": "sample:tone-sounds"}}), ann)
    assert runs.part.state not in runs.on_open(ben, None, visitor("b"))
    runs.on_cancel(ben, job.id, visitor("b"))
    assert get_job(job.id).state == "queued"
    shown = runs.on_open(ann, None, visitor("a"))
    assert "Waiting" in shown[runs.part.state] and shown[runs.part.cancel]["visible"]
    assert runs.part.result.card not in runs.on_tick(ann, job.id, visitor("a"))
    shown = runs.on_cancel(ann, job.id, visitor("a"))
    assert get_job(job.id).state == "cancelled" and shown[runs.part.resume]["visible"]
    assert shown[runs.timer].active is False


def test_a_reloaded_page_shows_the_same_job_and_its_result(events, empty_home):
    runs, owner = events[2], "a" * 32
    number = submit(parse_recipe({"name": "n", "data": {"source": "sample:tone-sounds"}}), owner).id
    job = claims.claim("cpu")
    assert runs.on_arrive(owner, visitor("before"))[runs.timer].active
    made = empty_home / "adapters" / "n"
    made.mkdir(parents=True)
    claims.finish(number, job.attempt, str(made), METRICS, 12.0)
    shown = runs.on_arrive(owner, visitor("after"))
    card = shown[runs.part.result.card]
    assert "Better by 50.0 points" in card and "25.0%" in card and "75.0%" in card
    assert "70.0% ± 5.0%" in card and "60.0% – 90.0%" in card
    assert "<b>" not in card.replace('<b style="', "") and "<i>" not in card.replace('<i style="', "")
    assert shown[runs.part.result.tools]["visible"] and shown[runs.timer].active is False


def test_a_model_to_train_further_waits_for_data_of_its_task(events, empty_home):
    data, _, runs = events
    job = submit(parse_recipe({"name": "hears", "task": "transcribe", "data": {"source": "x.csv"}}), "user:ann")
    claims.finish(job.id, claims.claim("cpu").attempt, str(empty_home / "adapters" / "hears"), METRICS, 1.0)
    ann = gr.Request(session_hash="a", username="ann")
    shown = ResultEvents(runs, gr.Tabs(), {}).on_further("", job.id, ann)
    assert shown[data.part.task] == "transcribe" and "“hears”" in shown[data.part.status]
    assert "“hears”" in data.on_task("transcribe", ann)[data.part.status]
    data.on_file("speech.zip", ann)
    assert data.sessions.get(ann).wanted == "hears"
    assert data.on_task("classify", ann)[data.part.status] == "" == data.sessions.get(ann).wanted


def test_noise_is_called_noise():
    gain = {"difference": -0.01, "within_noise": True, "better": False}
    card = tune_result_views.card({**METRICS, "gain": gain})
    assert "within the noise" in card and 'data-verdict="noise"' in card


def test_rows_that_may_have_been_seen_are_told():
    card = tune_result_views.card({**METRICS, "seen_by": ["old", "<i>"]})
    assert "“old, &lt;i&gt;”, which it goes on from, may have been trained on" in card
    assert "xm-problems" not in tune_result_views.card(METRICS)


def test_what_each_input_is_worth_is_shown_in_points():
    without = {"text": {"accuracy": 0.5}, "audio": {"accuracy": 0.76}}
    card = tune_result_views.card({**METRICS, "without": without})
    shown = dict(re.findall(r'data-input="(\w+)">.*?(?:\((?:<span[^>]*>)?([^ <]+) points|</li>)', card))
    assert shown == {"with_all": "", "without_text": "-25.0", "without_audio": "+1.0"}
    assert "data-input" not in tune_result_views.card(METRICS)


def test_rows_that_changed_are_shown_with_their_inputs_where_those_are_still_there(tmp_path):
    Image.new("RGB", (300, 200), "red").save(tmp_path / "there.png")
    (tmp_path / "there.wav").write_bytes(b"RIFF" + bytes(40))
    row = {"id": "row <i>", "target": "a", "given": ""}
    there = {"text": "<u>" + "x" * 999, "image": str(tmp_path / "there.png"), "audio": str(tmp_path / "there.wav")}
    gone = {"image": str(tmp_path / "gone.png"), "audio": str(tmp_path / "gone.wav")}
    changed = {"better": [{**row, "inputs": there}, {**row, "inputs": gone}], "worse": []}
    metrics = {**METRICS, "better": ["row <i>", "gone", "other"]}
    card = tune_result_views.card(metrics, changed)
    assert card.count('<img class="xm-thumbnail"') == 1 and card.count("<audio") == 1
    assert "gone.png" in card and "gone.wav" in card and str(tmp_path) not in card
    assert "&lt;u&gt;" in card and "x" * 300 not in card
    assert re.findall(r"<ul class=.xm-ids.>(.*?)</ul>", card) == ['<li dir="auto">other</li>']
    ids = re.findall(r"<ul class=.xm-ids.>(.*?)</ul>", tune_result_views.card(metrics))
    assert ids[0].count("<li") == 3


def test_many_classes_show_those_with_the_most_mistakes():
    count = 30
    matrix = [[10 if i == j else 0 for j in range(count)] for i in range(count)]
    matrix[3][4] = 5
    drawn = tune_result_views.confusion({"confusion": matrix, "names": [f"class {i}" for i in range(count)]})
    assert "class 3<" in drawn and drawn.count('<th scope="row"') == 20 and "--share:33%" in drawn


def test_curves_leave_out_what_is_no_number():
    lines = [{"step": i, "loss": 2.0 / i if i != 5 else None} for i in range(1, 50)]
    drawn = tune_views.curve(lines)
    assert 'data-points="48"' in drawn and "2 at first" in drawn and "nan" not in drawn
    assert tune_views.curve(lines[:1]).startswith('<p class="xm-hint"')
