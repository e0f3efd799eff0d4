"""Training of descriptions and of answers about pictures: a real image tower and a tiny language model."""

import csv
import itertools
import json
import math

import pytest
from PIL import Image

from tests.tiny_language import NAME, make_language, use_language
from xmodal.cli import main
from xmodal.data.sets import load_data
from xmodal.errors import InputError
from xmodal.models.adapters import load_adapter
from xmodal.models.generator_adapter import Generator, load_generator, make_processor
from xmodal.models.generator_text import ANSWER, LONG, MOST_TOKENS, SHORT, PackedCollator
from xmodal.tasks.answer import ENGLISH_ONLY, answer
from xmodal.tasks.describe import ask_picture, describe, find_describer
from xmodal.tasks.spans import log_odds, squash
from xmodal.training.config import parse_recipe
from xmodal.training.engine import evaluate, train
from xmodal.training.learners.generator import GeneratorLearner
from xmodal.training.picture_confidence import fit_answer_odds
from xmodal.training.picture_lessons import instruction, references
from xmodal.training.picture_telling import answer_asked
from xmodal.training.text_metrics import description_metrics

COLOURS = {"red": (215, 30, 40), "blue": (40, 60, 215)}


@pytest.fixture(autouse=True)
def language(monkeypatch, tmp_path_factory):
    use_language(monkeypatch, make_language(tmp_path_factory.mktemp("language")))


def write_pictures(folder, rows, count=16):
    """A table of pictures in two colours; `rows` makes the rows of a colour."""
    table = []
    for i in range(count):
        name = list(COLOURS)[i % 2]
        Image.new("RGB", (64, 64), tuple(min(255, part + 2 * i) for part in COLOURS[name])).save(folder / f"{i}.png")
        table += [{"file_name": f"{i}.png", **row} for row in rows(name)]
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return folder


def recipe_for(source, task="describe", **settings):
    settings = {"trainable": "full", "learning_rate": 3e-3, "epochs": 15, "batch_size": 4, **settings}
    data = {"source": str(source), "check_fraction": 0.25}
    return parse_recipe({"name": "squares", "task": task, "towers": {"text": NAME}, "data": data, "train": settings})


def describe_and_ask(name):
    yield {"question": "", "text": f"A {name} square."}
    yield {"question": "what colour is it?", "text": name}


def test_descriptions_and_questions_are_learnt_together(tmp_path, capsys):
    recipe = recipe_for(write_pictures(tmp_path, describe_and_ask))
    result = train(recipe, out=tmp_path / "out")
    before, after = result.metrics["before"], result.metrics["after"]
    assert before["exact_match"] < 0.2 and after["exact_match"] == 1
    assert {kind: part["exact_match"] for kind, part in result.metrics["by_kind"].items()} == {
        "descriptions": 1, "questions": 1,
    }  # fmt: skip
    adapter = load_adapter(result.adapter)
    assert (adapter.family, adapter.task, adapter.base["text"]["model"]) == ("generator", "describe", NAME)
    told = describe(tmp_path / "0.png", model=result.adapter, ocr=False)
    assert (told.description, told.model) == ("A red square .", "squares")
    with Image.open(tmp_path / "1.png") as picture:
        answer, chance, name = ask_picture(picture, "what colour is it?", result.adapter)
        assert (answer, name) == ("blue", "squares")
        generator = load_generator(adapter)
        seen = generator.model.tower(**generator.model.tower.prepare([picture]))[0]
    lesson = generator.processor.lesson("what colour is it?", ["blue"], 32)
    loss = generator.model(**PackedCollator(generator.processor)([{"seen": seen[0], "lessons": [lesson]}])).loss
    assert chance == pytest.approx(float((-2 * loss).exp()), rel=0.05)  # of the word and of its being all
    assert main(["describe", str(tmp_path / "1.png"), "--model", result.adapter, "--no-ocr", "--json"]) == 0
    (printed,) = json.loads(capsys.readouterr().out)
    assert printed["description"] == "A blue square ."
    metrics, lines = evaluate(adapter, load_data(recipe.data))
    assert metrics.values["exact_match"] == 1
    assert {line["prediction"] for line in lines if line["question"]} == set(COLOURS)


def test_questions_alone_are_of_the_task_answer(tmp_path):
    source = write_pictures(tmp_path, lambda name: [{"question": "what colour is it?", "answer": name}])
    result = train(recipe_for(source, "answer"), out=tmp_path / "out")
    assert result.metrics["metric"] == "exact_match" and result.metrics["after"]["exact_match"] == 1
    assert load_adapter(result.adapter).task == "answer"
    assert find_describer() is None or find_describer().name != "squares"  # it was not taught to describe
    found = answer("what colour is it?", image=tmp_path / "1.png", model=result.adapter)
    assert (found.answer, found.model, found.evidence[0].file) == ("blue", "squares", "1.png")
    told = answer("这是什么颜色？", image=tmp_path / "1.png", model=result.adapter)
    assert ENGLISH_ONLY in told.notes and ENGLISH_ONLY not in found.notes


def test_a_text_may_be_as_long_as_the_longest_that_was_taught(tmp_path):
    source = write_pictures(tmp_path, lambda name: [{"text": f"{name} " * 150}])
    recipe = recipe_for(source, trainable="head", epochs=1, max_length=200)
    learner = GeneratorLearner(recipe, load_data(recipe.data))
    assert learner.settings()["most_tokens"] == {**MOST_TOKENS, LONG: 151}  # and the end
    longest = learner.processor.longest_texts([(SHORT, ["red", "red " * 60]), ("is it?", ["red " * 60])], 50)
    assert (longest[SHORT], longest[ANSWER], longest[LONG]) == (50, 50, MOST_TOKENS[LONG])
    processor = make_processor(learner.model, longest)
    assert processor.most == longest and make_processor(learner.model).most == MOST_TOKENS


def test_several_captions_are_one_row_with_several_references(tmp_path):
    source = write_pictures(tmp_path, lambda name: [{"caption_0": f"A {name} square .", "caption_1": f"{name}"}])
    data = load_data(recipe_for(source).data)
    assert len(data.train) + len(data.check) == 16
    row = data.check[0]
    assert references(row)[1] in COLOURS and references(row)[0] == f"A {references(row)[1]} square."
    assert instruction(row) == "Describe the picture briefly."
    assert instruction({**row, "text": "word " * 30}) == "Describe the picture in detail."


def test_rows_of_one_picture_stay_on_one_side_and_share_their_references(tmp_path):
    source = write_pictures(tmp_path, lambda name: [{"text": f"A {name} square."}, {"text": f"It is {name}."}])
    data = load_data(recipe_for(source).data)
    assert not {row["image"] for row in data.train} & {row["image"] for row in data.check}
    learner = GeneratorLearner(recipe_for(source, trainable="head"), data)
    rows, _ = learner.prepare()
    assert len(rows) == len(data.train) // 2 and all(len(row["lessons"][0][1]) == 2 for row in rows)


def test_a_run_that_goes_on_does_not_learn_its_words_again(tmp_path):
    things = itertools.cycle(("square", "blue", "red"))
    source = write_pictures(tmp_path, lambda _: [{"text": f"A {next(things)} ."}], 48)
    recipe = recipe_for(source, trainable="head", epochs=1)
    data, told = load_data(recipe.data), []
    for again in (False, True):
        GeneratorLearner(recipe, data).fit(tmp_path / "run", told.append, None, resume=again)
        assert ("words" in {one.stage for one in told}) is not again
        told.clear()


def test_confidence_is_fitted_to_pictures_that_are_not_trained_on(tmp_path):
    source = write_pictures(tmp_path, describe_and_ask, 270)
    recipe = recipe_for(source, trainable="head", epochs=1, batch_size=32)
    learner = GeneratorLearner(recipe, load_data(recipe.data))
    asked = {row["image"] for row in learner.aside}
    assert len(asked) == len(learner.aside) == 10 and not asked & {row["image"] for row in learner.rows}
    assert len(learner.rows) + 2 * len(asked) == len(learner.data.train)
    found = answer_asked(
        Generator(learner.model, learner.processor), [(row["image"], row["question"]) for row in learner.aside]
    )
    assert len(found) == 10 and all(chance <= 0 for _, chance in found)
    assert fit_answer_odds(found, [["red"]] * 10) == (1, 0)  # too few to fit anything to
    assert learner.settings()["answer_odds"] == [1, 0]


def test_answers_are_as_sure_as_they_are_right():
    """It says 9 in 10 where 6 in 10 are right, and half where 2 in 10 are. What cannot be told does not count."""
    found = [("Red.", math.log(0.9))] * 100 + [("blue", math.log(0.5))] * 100 + [("I can't tell.", -0.1)] * 50
    accepted = [["red", "crimson"]] * 60 + [["no"]] * 40 + [["Blue!"]] * 20 + [["no"]] * 130
    odds = fit_answer_odds(found, accepted)
    assert squash(log_odds(math.log(0.9)), odds) == pytest.approx(0.6, abs=0.03)
    assert squash(log_odds(math.log(0.5)), odds) == pytest.approx(0.2, abs=0.03)


def test_made_up_pictures_are_further_rows(tmp_path):
    source = write_pictures(tmp_path, describe_and_ask)
    learner = GeneratorLearner(
        recipe_for(source, trainable="head", class_pictures=5), load_data(recipe_for(source).data)
    )
    rows, _ = learner.prepare()
    assert len(rows) == 12 + 5 and all("lessons" in row and "name" in row for row in rows)
    assert {len(row["lessons"]) for row in rows[-5:]} == {2}
    with pytest.raises(InputError, match="class_pictures"):
        recipe_for(source, "transcribe", class_pictures=5)


def test_training_goes_on_from_a_trained_connector(tmp_path):
    source = write_pictures(tmp_path, describe_and_ask)
    first = train(recipe_for(source, trainable="head", epochs=1), out=tmp_path / "first")
    recipe = recipe_for(source, epochs=1).model_copy(update={"start": first.adapter})
    second = train(recipe, out=tmp_path / "second")
    assert second.metrics["before"]["cider"] == pytest.approx(first.metrics["after"]["cider"], abs=0.05)
    with pytest.raises(InputError, match="cannot be gone on from"):
        train(recipe_for(source, trainable="lora").model_copy(update={"start": second.adapter}))


def test_data_without_pictures_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("question,answer\n" + "".join(f"what is {i},{i}\n" for i in range(20)))
    with pytest.raises(InputError, match="image"):
        load_data(recipe_for(tmp_path / "a.csv").data)


def test_metrics_know_good_descriptions_from_bad_ones():
    wanted = [["A dog runs on the grass.", "a brown dog is running"], ["Two men ride bikes."], ["一只狗在跑"]]
    right = description_metrics(wanted, ["a dog runs on the grass", "two men ride bikes!", "一只狗在跑。"])
    assert right.values["exact_match"] == right.values["rouge_l"] == 1
    assert right.values["bleu"] == pytest.approx(1) and right.values["cider"] > 3
    wrong = description_metrics(wanted, ["two men ride bikes", "一只猫", "a dog"])
    assert wrong.values["cider"] < 0.5 > wrong.values["rouge_l"] and wrong.values["exact_match"] == 0
    half = description_metrics(wanted, ["a dog sits on the grass", "two men walk", "一只狗在睡"])
    assert wrong.values["chrf"] < half.values["chrf"] < right.values["chrf"]
    assert len(half.examples["cider"]) == 3
