"""Training to mark answers, with the real tower on some of the made-up notices."""

import json

import pytest
import torch

from xmodal.cli import main
from xmodal.data.documents import read_document
from xmodal.data.sets import load_data
from xmodal.errors import InputError
from xmodal.models.adapters import load_adapter, load_tensors
from xmodal.models.span_qa import load_span_model
from xmodal.tasks.answer import NO_ADVICE, answer
from xmodal.tasks.spans import find_spans
from xmodal.training.config import load_recipe, parse_recipe
from xmodal.training.engine import evaluate, train
from xmodal.training.learners.span_qa import SpanLearner
from xmodal.training.metrics import answer_metrics


def recipe_for(source, rows=None, **settings):
    data = {"source": str(source), "check_fraction": 0.2, "max_rows": rows}
    return parse_recipe({"name": "notices", "task": "answer", "data": data, "train": settings})


def write_squad(path, rows):
    paragraphs = [
        {"context": context, "qas": [{"id": str(i), "question": question, "answers": answers}]}
        for i, (context, question, answers) in enumerate(rows)
    ]
    path.write_text(json.dumps({"data": [{"title": f"{i}", "paragraphs": [p]} for i, p in enumerate(paragraphs)]}))
    return path


def test_settings_left_out_fit_the_task(tmp_path):
    recipe = recipe_for("sample:notices", batch_size=3)
    assert (recipe.train.max_length, recipe.train.batch_size) == (384, 3)
    (tmp_path / "r.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    assert load_recipe(tmp_path / "r.yaml") == recipe
    assert parse_recipe({"name": "a", "data": {"source": "x"}}).train.max_length == 128


def test_data_without_texts_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("question,answer\n" + "".join(f"what is {i},{i}\n" for i in range(20)))
    with pytest.raises(InputError, match="no texts to find answers in"):
        train(recipe_for(tmp_path / "a.csv"))


def test_data_whose_answers_are_not_in_the_texts_is_refused(tmp_path):
    lines = "".join(f"what is {i},a text {i},thing\n" for i in range(20))
    (tmp_path / "a.csv").write_text("question,context,answer\n" + lines)
    with pytest.raises(InputError, match="has its answer in its text"):
        train(recipe_for(tmp_path / "a.csv"))


@pytest.fixture(scope="module")
def learner(tmp_path_factory):
    filler = "The tower stands on a hill above the sea, and it is white. " * 30
    rows = [
        (filler + "Anna keeps it.", "Who keeps it?", [{"text": "Anna", "answer_start": len(filler)}]),
        ("塔在山上。", "塔在哪里？", [{"text": "山上", "answer_start": 2}]),
        ("塔在山上。", "谁在山上？", []),
    ] * 2
    path = write_squad(tmp_path_factory.mktemp("squad") / "a.json", rows)
    recipe = parse_recipe(
        {"name": "a", "task": "answer", "data": {"source": str(path), "check_fraction": 0}, "train": {"seed": 1}}
    )
    return SpanLearner(recipe, load_data(recipe.data))


@pytest.mark.slow
class TestRows:
    def test_windows_know_the_answer(self, learner):
        windows, _ = learner.prepare()
        assert learner.prepare()[0][-1]["start"] == windows[-1]["start"]
        tokenizer = learner.model.tower.tokenizer
        marked = [tokenizer.decode(w["input_ids"][w["start"] : w["end"] + 1]).strip() for w in windows if w["start"]]
        assert sorted(marked) == ["Anna", "Anna", "山上", "山上"]
        empty = [w for w in windows if not w["start"]]
        # Two questions without an answer; of the windows before Anna's only some are kept.
        assert sum(len(w["input_ids"]) < 50 for w in empty) == 2
        assert sum(len(w["input_ids"]) > 300 for w in empty) < 4

    def test_a_head_alone_trains_nothing_else(self, learner):
        assert {name.split(".")[0] for name, p in learner.model.named_parameters() if p.requires_grad} == {"head"}
        assert set(learner.tensors()) == {"head"}


@pytest.mark.slow
def test_lora_can_be_of_the_upper_layers_alone(tmp_path):
    recipe = recipe_for("sample:notices", 40, trainable="lora", lora_layers=2, max_steps=2)
    train(recipe, out=tmp_path / "upper")
    stored = load_tensors(load_adapter(tmp_path / "upper"), "lora_text")
    assert {name.split("layer.")[1].split(".")[0] for name in stored} == {"10", "11"}
    with pytest.raises(InputError, match="lora_layers is only for the task answer"):
        parse_recipe({"name": "a", "data": {"source": "x"}, "train": {"lora_layers": 2}})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora") / "notices"
    recipe = recipe_for("sample:notices", 240, trainable="lora", lora_layers=8, learning_rate=2e-3, epochs=2)
    return recipe, train(recipe, out=folder), load_adapter(folder)


@pytest.mark.slow
class TestLora:
    def test_it_gets_better_and_the_numbers_are_the_adapters(self, trained):
        recipe, result, adapter = trained
        assert result.metrics["metric"] == "f1"
        assert result.metrics["gain"]["better"]
        assert result.metrics["after"]["f1"] > result.metrics["before"]["f1"] + 0.2
        data = load_data(recipe.data)
        again, lines = evaluate(adapter, data)
        assert again.values == pytest.approx(result.metrics["after"])
        assert list(lines[0]) == ["id", "question", "answers", "prediction", "score"]
        assert answer_metrics([x["answers"] for x in lines], [x["prediction"] for x in lines]).values == again.values
        json.dumps(lines)

    def test_the_command_line_measures_it_on_other_questions(self, trained, tmp_path, capsys):
        answer = {"text": "Ann Lee", "answer_start": 33}
        rows = [("The harbour was built in 1932 by Ann Lee.", "Who built the harbour?", [answer])]
        path = write_squad(tmp_path / "other.json", rows * 3)
        assert main(["evaluate", str(trained[2].path), "--data", str(path), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["metric"], found["rows"]) == ("f1", 3)
        assert 0 <= found["metrics"]["exact_match"] <= found["metrics"]["f1"] <= 1

    def test_it_is_small_and_says_when_to_abstain(self, trained):
        adapter = trained[2]
        assert set(adapter.files) == {"head.safetensors", "lora_text.safetensors"}
        assert sum(entry["bytes"] for entry in adapter.files.values()) < 5_000_000
        assert adapter.settings["rows_put_aside"] > 10
        assert adapter.settings["head"]["null_threshold"] != 0

    def test_the_mean_with_an_earlier_stage_is_taken(self, trained, tmp_path):
        recipe, _, adapter = trained
        settings = {**recipe.train.model_dump(exclude_unset=True), "epochs": None, "max_steps": 2, "mean_weight": 3}
        stored = {}
        for name, mean_with in (("alone", ()), ("mean", (str(adapter.path),))):
            train(recipe_for("sample:notices", 240, **settings, mean_with=mean_with), out=tmp_path / name)
            made = load_adapter(tmp_path / name)
            stored[name] = {**load_tensors(made, "head"), **load_tensors(made, "lora_text")}
        earlier = {**load_tensors(adapter, "head"), **load_tensors(adapter, "lora_text")}
        assert stored["mean"].keys() == earlier.keys()
        for name, value in stored["mean"].items():
            torch.testing.assert_close(value, (earlier[name] + 3 * stored["alone"][name]) / 4, atol=1e-6, rtol=1e-4)
        assert any(not torch.equal(earlier[name], value) for name, value in stored["alone"].items())

    def test_a_stage_of_another_shape_is_refused_before_the_training(self, trained, tmp_path):
        recipe, _, adapter = trained
        train = recipe.train.model_copy(update={"mean_with": (str(adapter.path),), "lora_rank": 3})
        learner = SpanLearner(recipe.model_copy(update={"train": train}), load_data(recipe.data))
        with pytest.raises(InputError, match=r"its train\.lora_rank is \d+, the recipe's 3"):
            learner.fit(tmp_path / "run", None, None)
        assert not (tmp_path / "run").exists()

    def test_it_can_be_gone_on_from(self, trained):
        recipe, result, adapter = trained
        further = recipe.model_copy(update={"start": str(adapter.path)})
        learner = SpanLearner(further, load_data(recipe.data))
        # The same weights, but not merged: in bfloat16 a row may differ.
        found = learner.measure(list(learner.data.check)).values["f1"]
        assert found == pytest.approx(result.metrics["after"]["f1"], abs=0.05)
        other = further.model_copy(update={"train": recipe.train.model_copy(update={"lora_rank": 3})})
        with pytest.raises(InputError, match=r"its train\.lora_rank is \d+, the recipe's 3"):
            SpanLearner(other, load_data(recipe.data))
        with pytest.raises(InputError, match="is a classifier, not a span_qa"):
            SpanLearner(recipe.model_copy(update={"start": "english-review-sentiment"}), load_data(recipe.data))

    def test_it_finds_an_answer_in_one_of_several_passages(self, trained):
        model = load_span_model(trained[2])
        passages = [
            "The pier is long.",
            "The Pine Hall is in Eastham. The director is Maya Singh. It is closed on Fridays.",
        ]
        best = find_spans(model, "Who is the director of the Pine Hall?", passages).spans[0]
        assert passages[best.passage][best.start : best.end] == best.text
        assert "Maya" in best.text

    def test_it_answers_about_documents(self, trained, tmp_path):
        (tmp_path / "halls.csv").write_text(
            "question,answer\nWhat is the Pine Hall?,The Pine Hall is in Eastham. The director is Maya Singh.\n"
        )
        path = str(trained[2].path)
        found = answer("Who is the director of the Pine Hall?", text=[tmp_path / "halls.csv"], model=path)
        best = found.evidence[0]
        document = read_document(tmp_path / "halls.csv")
        assert document.text[best.start : best.end] == best.text
        assert "Maya" in best.text
        assert (best.source, best.file, best.heading) == ("text", "halls.csv", "What is the Pine Hall?")
        assert found.language == "en"
        assert (found.answer == best.text) == found.answerable
        assert answer("松树厅的馆长是谁？", passage=document.text, model=path).language == "zh"
        without_sources = answer("How much salt should adults eat a day?", model=path)
        assert without_sources.notes[0] == NO_ADVICE
        assert {one.file for one in without_sources.evidence} == {"health-en.jsonl"}
        assert {one.file for one in answer("成年人每天吃多少盐？", model=path).evidence} == {"health-zh.jsonl"}


@pytest.mark.slow
def test_top_layers_are_stored_and_loaded(tmp_path):
    recipe = recipe_for("sample:notices", 40, trainable="top", top_layers=1, max_steps=2)
    result = train(recipe, out=tmp_path / "top")
    adapter = load_adapter(tmp_path / "top")
    assert set(adapter.files) == {"head.safetensors", "tower_text.safetensors"}
    assert evaluate(adapter, load_data(recipe.data))[0].values == pytest.approx(result.metrics["after"])
