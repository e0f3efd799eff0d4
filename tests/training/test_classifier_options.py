"""Training options of classifiers, on small generated data with the real towers."""

import threading

import pytest
import torch
import yaml
from PIL import Image

from xmodal.data.config import DataConfig
from xmodal.data.sets import load_data
from xmodal.errors import CancelledError, InputError
from xmodal.models.adapters import load_adapter
from xmodal.models.classifier_model import mean_token
from xmodal.tasks.predict import load_classifier, predict
from xmodal.training.config import TrainConfig, parse_recipe
from xmodal.training.engine import learner_class, train
from xmodal.training.targets import pretrained_tokens, token_statistics

GOOD = ["wonderful", "excellent", "lovely", "delightful"]
BAD = ["terrible", "awful", "dreadful", "horrible"]
THINGS = ["room", "film", "phone", "meal", "service", "book", "garden", "concert"]


def write_reviews(path, good="good", bad="bad"):
    lines = ["text,label"]
    for number, thing in enumerate(THINGS):
        lines += [f"The {thing} was {word}{' indeed' * number}.,{good}" for word in GOOD]
        lines += [f"The {thing} was {word}{' indeed' * number}.,{bad}" for word in BAD]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def recipe_for(source, *, data=None, **settings):
    top = {key: settings.pop(key) for key in ("towers", "start") if key in settings}
    data = {"source": str(source), "check_fraction": 0.25, **(data or {})}
    return parse_recipe({"name": "reviews", "data": data, **top, "train": {"epochs": 12, **settings}})


def learner_for(recipe):
    torch.manual_seed(recipe.train.seed)
    return learner_class("classify")(recipe, load_data(recipe.data))


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("reviews") / "reviews.csv")


@pytest.fixture(scope="module")
def adapter(reviews, tmp_path_factory):
    """A frozen tower with a head, trained once for all tests."""
    out = tmp_path_factory.mktemp("adapters") / "reviews"
    return out, train(recipe_for(reviews), out=out).metrics


class TestRecipe:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"train": {"schedule": "staged"}}, "train.schedule is only for the task classify"),
            ({"train": {"distill": {"teacher": "x"}}}, "train.distill is only for"),
            ({"data": {"source": "x", "missing": "fill"}}, "fill is only for"),
            ({"task": "classify", "train": {"mean_with": ["x"]}}, "mean_with is not for the task classify"),
        ],
    )
    def test_options_of_classifiers_are_refused_elsewhere(self, change, message):
        with pytest.raises(InputError, match=message):
            parse_recipe({"name": "a", "task": "answer", "data": {"source": "x"}, **change})

    def test_a_pull_needs_towers_that_are_trained(self):
        with pytest.raises(InputError, match=r"train\.pull needs train\.trainable"):
            recipe_for("x", pull=0.1)

    def test_recipes_with_options_round_trip(self):
        recipe = recipe_for("x", distill={"teacher": "big"}, optimizer="sgd", towers={"text": "scratch-lstm"})
        assert parse_recipe(yaml.safe_load(recipe.to_yaml())) == recipe

    def test_plain_descent_takes_longer_steps(self):
        assert TrainConfig(optimizer="sgd").rate == 10 * TrainConfig().rate
        assert TrainConfig(optimizer="sgd", learning_rate=0.5).rate == 0.5


@pytest.mark.slow
class TestText:
    @pytest.mark.parametrize("optimizer", ["adam", "adagrad", "sgd"])
    def test_optimisers_learn(self, reviews, optimizer, tmp_path):
        learner = learner_for(recipe_for(reviews, optimizer=optimizer))
        learner.fit(tmp_path, None, None)
        assert learner.measure(list(learner.data.check)).values["accuracy"] > 0.85

    def test_predictions_come_in_the_order_of_the_rows(self, reviews):
        learner = learner_for(recipe_for(reviews, trainable="lora"))
        rows = [{"text": "very " * (60 - i)} for i in range(40)]
        together = predict(learner.classifier, rows)
        turned = predict(learner.classifier, rows[::-1])
        assert (turned == together[::-1]).all() and not (turned == together).all()
        assert together[7] == pytest.approx(predict(learner.classifier, rows[7:8])[0], abs=5e-3)

    @pytest.mark.parametrize("name", ["scratch-lstm", "scratch-transformer"])
    def test_towers_from_scratch_learn_and_load(self, reviews, name, tmp_path):
        recipe = recipe_for(reviews, towers={"text": name}, token_dropout=0.1)
        metrics = train(recipe, out=tmp_path / "made").metrics
        assert metrics["after"]["accuracy"] > 0.85
        made = load_adapter(tmp_path / "made")
        assert made.base["text"] == {"model": name, "source": "none", "revision": ""}
        assert set(made.files) == {"head.safetensors", "tower_text.safetensors"}
        assert sum(entry["bytes"] for entry in made.files.values()) < 10_000_000
        card = (tmp_path / "made" / "README.md").read_text(encoding="utf-8")
        assert f"{name} (text, from scratch)" in card and "base_model" not in card

    def test_a_student_learns_from_its_teacher_without_labels(self, reviews, adapter, tmp_path):
        """With weight 1 the labels do not count, so a student given wrong ones does as the teacher does."""
        path, _ = adapter
        wrong = write_reviews(tmp_path / "wrong.csv", good="bad", bad="good")
        distill = {"teacher": str(path), "weight": 1.0}
        learner = learner_for(recipe_for(wrong, towers={"text": "scratch-lstm"}, distill=distill))
        learner.fit(tmp_path, None, None)
        assert learner.measure(list(learner.data.check)).values["accuracy"] < 0.15

    def test_a_teacher_of_other_labels_is_refused(self, adapter, tmp_path):
        other = write_reviews(tmp_path / "other.csv", good="yes", bad="no")
        learner = learner_for(recipe_for(other, distill={"teacher": str(adapter[0])}))
        with pytest.raises(InputError, match="has the labels bad, good, the data has no, yes"):
            learner.prepare()

    def test_going_on_starts_where_the_adapter_ended(self, reviews, adapter):
        path, metrics = adapter
        learner = learner_for(recipe_for(reviews, start=str(path)))
        assert learner.measure(list(learner.data.check)).values == pytest.approx(metrics["after"])
        learner.prepare()
        assert learner.measure(list(learner.data.check)).values == pytest.approx(metrics["after"])

    def test_going_on_with_another_split_is_told(self, reviews, adapter, tmp_path):
        recipe = recipe_for(reviews, start=str(adapter[0]), max_steps=1, data={"seed": 1})
        made = load_adapter(train(recipe, out=tmp_path / "made").adapter)
        assert made.metrics["seen_by"] == ["reviews"] and "seen_by" not in adapter[1]

    def test_going_on_counts_characters_as_the_adapter_did(self, reviews, tmp_path):
        made = train(recipe_for(reviews, ngrams=True, max_steps=2), out=tmp_path / "counted")
        learner = learner_for(recipe_for(reviews, ngrams=True, start=made.adapter))
        rows, ended = list(learner.data.check), load_classifier(load_adapter(made.adapter))
        assert predict(learner.classifier, rows) == pytest.approx(predict(ended, rows), abs=1e-5)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"width": 128}, "its width are 256, the recipe's 128"),
            ({"towers": {"text": "scratch-lstm"}}, "its towers are"),
        ],
    )
    def test_going_on_with_another_shape_is_refused(self, reviews, adapter, change, message):
        with pytest.raises(InputError, match=message):
            learner_for(recipe_for(reviews, start=str(adapter[0]), **change))

    def test_going_on_with_other_labels_is_refused(self, adapter, tmp_path):
        other = write_reviews(tmp_path / "other.csv", good="yes", bad="no")
        with pytest.raises(InputError, match="its labels are"):
            learner_for(recipe_for(other, start=str(adapter[0])))

    @pytest.mark.thorough
    def test_a_pull_keeps_features_near_the_pretrained_ones(self, reviews, tmp_path):
        moved = []
        for number, pull in enumerate((0.0, 20.0)):
            recipe = recipe_for(reviews, trainable="lora", pull=pull, max_steps=6, learning_rate=2e-3)
            learner = learner_for(recipe)
            learner.fit(tmp_path / str(number), None, None)
            moved.append(measure_distance(learner))
        assert moved[1] < 0.7 * moved[0]

    def test_pull_and_fill_need_pretrained_towers(self, reviews):
        scratch = {"text": "scratch-lstm"}
        with pytest.raises(InputError, match=r"train\.pull needs pretrained towers"):
            learner_for(recipe_for(reviews, towers=scratch, trainable="full", pull=1.0))
        with pytest.raises(InputError, match="fill needs pretrained towers"):
            learner_for(recipe_for(reviews, towers=scratch, data={"missing": "fill"}))

    def test_one_modality_has_no_stages(self, reviews):
        with pytest.raises(InputError, match="has only text"):
            learner_for(recipe_for(reviews, schedule="staged"))


@pytest.fixture(scope="module")
def signs(tmp_path_factory):
    """A table of words and pictures that both tell the label; some rows lack one of them."""
    folder = tmp_path_factory.mktemp("signs")
    lines = ["text,image,label"]
    for i in range(48):
        stop = i % 2
        shade = 40 + 4 * (i // 2)
        Image.new("RGB", (64, 64), (shade, 0, 0) if stop else (0, 0, shade)).save(folder / f"{i}.png")
        text = "" if i % 8 in (1, 2) else f"Please {'stop and wait' if stop else 'go ahead'} at gate {i}."
        image = "" if i % 8 in (4, 5) else f"{i}.png"
        lines.append(f"{text},{image},{'stop' if stop else 'go'}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "metadata.csv"


@pytest.mark.slow
class TestFused:
    @pytest.mark.parametrize("fusion", ["late", pytest.param("product", marks=pytest.mark.thorough)])
    def test_stages_learn_and_a_missing_modality_is_coped_with(self, signs, fusion, tmp_path):
        recipe = recipe_for(signs, schedule="staged", fusion=fusion)
        metrics = train(recipe, out=tmp_path / "made").metrics
        assert metrics["after"]["accuracy"] > 0.85
        assert set(metrics["without"]) == {"text", "image"}
        assert metrics["without"]["text"]["accuracy"] < metrics["after"]["accuracy"]
        stored = load_classifier(load_adapter(tmp_path / "made")).model.state_dict()
        assert not any(name.startswith("own_heads") for name in stored)

    @pytest.mark.thorough
    def test_a_finished_stage_is_not_run_again(self, signs, tmp_path):
        recipe = recipe_for(signs, schedule="staged", epochs=4)
        whole, stopped, resumed = (learner_for(recipe) for _ in range(3))
        whole.fit(tmp_path / "whole", None, None)
        cancel, steps = threading.Event(), []

        def stop_in_the_second(progress):
            if progress.stage == "train":
                steps.append(progress.done)
                if len(steps) > progress.done:
                    cancel.set()

        with pytest.raises(CancelledError):
            stopped.fit(tmp_path / "parts", stop_in_the_second, cancel)
        first = (tmp_path / "parts" / "stage-1" / "log.jsonl").read_text()
        seen = []
        resumed.fit(tmp_path / "parts", seen.append, None, resume=True)
        assert (tmp_path / "parts" / "stage-1" / "log.jsonl").read_text() == first
        again = [progress.done for progress in seen if progress.stage == "train"]
        assert again == list(range(steps[-1] + 1, max(steps) + 1))
        for name, value in whole.tensors()["head"].items():
            torch.testing.assert_close(resumed.tensors()["head"][name], value, rtol=1e-3, atol=1e-4, msg=name)

    @pytest.mark.thorough
    def test_a_gap_is_filled_with_the_mean_of_the_training_tokens(self, signs, tmp_path):
        recipe = recipe_for(signs, data={"missing": "fill"})
        metrics = train(recipe, out=tmp_path / "made").metrics
        assert metrics["after"]["accuracy"] > 0.85
        adapter = load_adapter(tmp_path / "made")
        learner = learner_for(recipe)
        filler = load_classifier(adapter).model.head.pools["image"].filler
        tokens = pretrained_tokens("image", "efficientnet-lite2", 128, list(learner.data.train), None, None)
        torch.testing.assert_close(filler, token_statistics(tokens)[0])

    def test_rows_with_gaps_are_dropped_if_asked(self, signs):
        kept, dropped = (load_data(DataConfig(source=str(signs), missing=how)) for how in ("keep", "drop"))
        assert (len(kept.train) + len(kept.check), len(dropped.train) + len(dropped.check)) == (48, 24)


@torch.inference_mode()
def measure_distance(learner) -> float:
    """How far the tower's pooled tokens are from the pretrained tower's."""
    tower, rows = learner.model.towers["text"].eval(), list(learner.data.train)[:16]
    made = mean_token(*tower(**tower.prepare([row["text"] for row in rows])))
    before = pretrained_tokens("text", tower.name, 128, rows, None, None)
    return (made - torch.stack([row.float().mean(0) for row in before])).square().mean().item()
