"""A generator made of a real image tower and a tiny language model: packing, saving, writing, adapters."""

import dataclasses

import gradio as gr
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from tests.tiny_language import NAME, make_language, use_language
from xmodal.data.held_names import is_held_out
from xmodal.errors import CancelledError, InputError, UnknownModelError
from xmodal.models.adapters import Adapter, save_adapter
from xmodal.models.beam_cache import _RoomyLayer
from xmodal.models.generator import LEVELS, build_generator
from xmodal.models.generator_adapter import (
    LORA,
    for_use,
    load_generator,
    load_trained,
    make_processor,
    prepare_generator,
    trained_tensors,
)
from xmodal.models.generator_text import (
    BEAMS,
    LONG,
    MOST_TOKENS,
    SHORT,
    PackedCollator,
    _share_rows,
    generate_texts,
)
from xmodal.tasks.pictures import label_picture
from xmodal.training.class_pictures import make_class_pictures, name_lessons
from xmodal.training.word_start import start_on_words

TEXTS = [(SHORT, ["A red square.", "red"]), ("what colour is it?", ["red", "A blue ?", "I can't tell."]), (LONG, ["A"])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_language(tmp_path_factory.mktemp("language"))


@pytest.fixture(autouse=True)
def language(monkeypatch, folder):
    use_language(monkeypatch, folder)


@pytest.fixture
def model():
    torch.manual_seed(1)
    return build_generator(language_model=NAME, grid=3)[0].eval()


def pictures(*colours):
    return [Image.new("RGB", (80, 60), colour) for colour in colours]


def look(model, *colours):
    with torch.inference_mode():
        return model.tower(**model.tower.prepare(pictures(*colours)))[0]


def test_the_connector_starts_with_the_words_people_use_of_a_picture(model):
    words = {"red": 5, "blue": 6, "lime": 7}
    looks = {colour: look(model, colour)[0] for colour in words}
    seen = [one + 0.02 * torch.randn_like(one) for one in looks.values() for _ in range(40)]
    texts = [[[token, 9], [token]] for token in words.values() for _ in range(40)]
    first = start_on_words(model, seen, texts)
    embeddings = model.get_input_embeddings().weight.detach()
    known = torch.nn.functional.normalize(embeddings[list(words.values())] - embeddings.mean(0), dim=-1)
    made = torch.nn.functional.normalize(model.connector(torch.stack(list(looks.values()))), dim=-1)
    assert (made @ known.T).amax(1).argmax(1).tolist() == [0, 1, 2]
    assert 0 < start_on_words(model, seen, texts) < first


def test_too_few_pictures_to_learn_words_from_change_nothing(model):
    before = {name: value.clone() for name, value in model.connector.state_dict().items()}
    assert start_on_words(model, [look(model, "red")[0]] * 3, [[[5]]] * 3) == 0
    assert all(torch.equal(value, before[name]) for name, value in model.connector.state_dict().items())


def test_the_tower_names_what_it_is_sure_of_as_the_labels_do(model):
    lion = Image.open(gr.get_image("lion.jpg")).convert("RGB")
    with torch.inference_mode():
        seen = model.tower(**model.tower.prepare([lion, *pictures("red")]))[0]
    names = model.tower.tell_names(seen, 3)
    assert names[0] == label_picture(lion, 1)[0].label == "lion"
    assert names[1] == "" or names[1].startswith("perhaps ")
    assert model.tower.tell_names(seen, 0) == ["", ""]


def test_names_are_read_with_the_picture_in_training_as_in_use(model):
    processor, seen = make_processor(model), look(model, "red")[0]
    lesson = processor.lesson(SHORT, ["red"], 32)
    batch = PackedCollator(processor)([{"seen": seen, "name": "perhaps red square", "lessons": [lesson]}])
    used = processor.prompts([SHORT, SHORT], ["perhaps red square", ""])
    assert batch["input_ids"][0].tolist()[: used["input_ids"].shape[1]] == used["input_ids"][0].tolist()
    assert used["attention_mask"][1].sum() == processor.prompts([SHORT])["input_ids"].shape[1]
    # With a shorter prompt than its neighbour's, a picture is told as by itself.
    alone = generate_texts(model, processor, look(model, "red"), [SHORT])
    model.tower.tell_names = lambda seen, most: ["perhaps a blue square or A red one", ""][: len(seen)]
    assert generate_texts(model, processor, look(model, "blue", "red"), [SHORT, SHORT])[1] == alone[0]


def test_pictures_are_made_up_of_classes_that_the_tower_then_names(model):
    seen = list(look(model, "red", "blue", "white"))
    made = make_class_pictures(model.tower, seen, 40, seed=3)
    names = model.tower.tell_names(torch.stack([tokens for tokens, _ in made]), 1)
    assert sum(name in told for (_, name), told in zip(made, names, strict=True)) >= 38
    assert len({name for _, name in made}) == 40 and not any(is_held_out(name) for _, name in made)
    again = make_class_pictures(model.tower, seen, 40, seed=3)
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(made, again, strict=True))
    assert name_lessons("owl") == {SHORT: ["an owl", "a picture of an owl"], "what is in the picture?": ["an owl"]}
    model.tower.classifier = None
    assert make_class_pictures(model.tower, seen, 3) == [] and model.tower.tell_names(torch.stack(seen), 3) == [""] * 3


@pytest.mark.parametrize("names", [("lion", "Lions", "a sea lion"), ("tomato", "tomatoes")])
def test_a_name_is_held_out_with_all_its_forms(names):
    assert len({is_held_out(name) for name in names}) == 1


def test_the_tower_sees_the_whole_picture_and_its_colours(model):
    image = Image.new("RGB", (300, 100), "white")
    image.paste("red", (0, 0, 40, 100))  # at the edge, where a crop of the middle would not see it
    tokens = model.tower(**model.tower.prepare([image]))[0]
    assert tokens.shape == (1, 10, sum(model.config.tower_parts))
    start = sum(model.config.tower_parts[:-1])
    colours = tokens[0, 1:, start : start + 3].unflatten(0, (3, 3))  # mean red, green and blue, by rows
    assert (colours[:, 0, 0] - colours[:, 0, 1] > 0.5).all()
    assert torch.allclose(colours[:, 2], torch.ones(3, 3), atol=0.02)


def test_a_small_thing_shows_in_the_shares_of_colours(model):
    tower = model.tower
    size = tower.prepare(pictures("white"))["pixels"].shape[-1]
    image = Image.new("RGB", (size, size), "white")
    image.paste("red", (0, 0, size // 9, size // 9))  # a ninth of a place
    shares = tower(**tower.prepare([image]))[0][0, 1:, -(tower.levels**3) :].unflatten(-1, (tower.levels,) * 3)
    shares = (shares / 3) ** 2
    assert torch.allclose(shares.sum((1, 2, 3)), torch.ones(9), atol=1e-3)  # all of each place
    assert shares[0, -1, 0, 0] == pytest.approx(1 / 9, abs=0.02)  # most red, least green, least blue
    assert shares[0, -1, -1, -1] == pytest.approx(8 / 9, abs=0.02)
    assert (shares[1:, -1, -1, -1] > 0.999).all()


def test_a_connector_without_shares_of_colours_starts_as_it_was(tmp_path):
    torch.manual_seed(2)
    before, base = build_generator(language_model=NAME, grid=3, levels=0)
    prepare_generator(before.eval(), "head", 0, 0)
    train = {"trainable": "head", "lora_rank": 0, "top_layers": 0}
    described = Adapter("a", "generator", "describe", base, settings={"grid": 3, "train": train})
    adapter = save_adapter(described, trained_tensors(before, "head"), tmp_path / "a")
    after = build_generator(language_model=NAME, grid=3)[0].eval()
    load_trained(after, adapter)
    with torch.inference_mode():
        told = [one.connector(look(one, "red", "lime")) for one in (before, after)]
    assert torch.allclose(*told, atol=1e-5)
    assert load_generator(adapter).model.config.levels == 0


def test_texts_packed_behind_one_picture_are_learnt_as_each_by_itself(model):
    processor = make_processor(model)
    collate, seen = PackedCollator(processor), look(model, "red", "blue")
    rows = [{"seen": one, "lessons": [processor.lesson(*text, 32) for text in TEXTS[i:]]} for i, one in enumerate(seen)]
    together = model(**collate(rows)).loss
    total = count = 0
    for row in rows:
        for asked, text in [(asked, text) for asked, texts in row["lessons"] for text in texts]:
            batch = collate([{**row, "lessons": [(asked, [text])]}])
            wanted = (batch["labels"] >= 0).sum()
            total, count = total + model(**batch).loss * wanted, count + wanted
    assert torch.allclose(together, total / count, atol=1e-4)


def test_only_the_text_and_its_end_are_learnt_after_the_prompt_that_is_used_later(model):
    processor = make_processor(model)
    lesson = processor.lesson("what colour is it?", ["red square"], 32)
    batch = PackedCollator(processor)([{"seen": look(model, "red")[0], "lessons": [lesson]}])
    ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    learnt = [label for label in labels if label >= 0]
    assert processor.tokenizer.decode(learnt) == "red square <end>"
    first = next(i for i, label in enumerate(labels) if label >= 0)
    assert ids[: first + 1] == processor.prompts(["what colour is it?"])["input_ids"][0].tolist()
    assert ids[first + 1 :] == learnt[:-1]


def test_a_saved_model_is_loaded_by_the_auto_classes_and_says_the_same(model, tmp_path):
    processor = make_processor(model)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    inputs = AutoProcessor.from_pretrained(tmp_path)(pictures("red", "blue"), [SHORT, "what colour is it?"])
    with torch.inference_mode():
        expected = model(**processor(pictures("red", "blue"), [SHORT, "what colour is it?"])).logits
        assert torch.allclose(again(**inputs).logits, expected, atol=1e-5)
    out = again.generate(**inputs, max_new_tokens=5, do_sample=False)
    assert out.shape[1] <= inputs["input_ids"].shape[1] + 5
    seen = look(model, "red", "blue")
    assert again.config.names == 3 and again.tower.tell_names(seen, 3) == model.tower.tell_names(seen, 3)


def test_a_picture_in_a_batch_is_told_as_by_itself(model):
    processor, seen = make_processor(model), look(model, "red", "blue", "green")
    asked = [SHORT, "what colour is it?", "is it blue?"]
    alone = [generate_texts(model, processor, seen[i : i + 1], [asked[i]])[0] for i in range(3)]
    together = generate_texts(model, processor, seen, asked)
    # Those that are asked a question end with the longest text of the batch, at the latest.
    assert all(long.startswith(short) for long, short in zip(together, alone, strict=True))


def test_words_are_told_as_they_come_and_can_be_stopped(model):
    processor, seen, told = make_processor(model), look(model, "red"), []

    def stop(text):
        told.append(text)
        if len(told) == 2:
            raise CancelledError("Stopped.", "")

    with pytest.raises(CancelledError):
        generate_texts(model, processor, seen, [SHORT], stop)
    assert len(told) == 2
    whole = generate_texts(model, processor, seen, ["what colour is it?"], told.append)[0]  # one text, so it only grows
    assert all(whole.startswith(text) for text in told[2:]) and told[-1] == whole


def test_several_texts_are_followed_for_a_description_and_one_for_an_answer(model, monkeypatch):
    processor, followed, generate = make_processor(model), [], model.generate

    def spy(**options):
        followed.append((len(options["input_ids"]), options["num_beams"]))
        return generate(**options)

    monkeypatch.setattr(model, "generate", spy)
    asked = [SHORT, "what colour is it?", LONG]
    told = generate_texts(model, processor, look(model, "red", "red", "red"), asked)
    assert followed == [(1, 1), (2, BEAMS)]
    assert told[1] == generate_texts(model, processor, look(model, "red"), asked[1:2])[0]


def test_beams_that_share_what_was_read_find_what_transformers_finds(model):
    processor, seen = make_processor(model), look(model, "red", "blue", "white")
    model.tower.tell_names = lambda seen, most: ["", "perhaps a blue square or A red one", "red"][: len(seen)]
    with torch.no_grad():  # so that the beams change places
        for parameter in model.language.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
    moved, move = [], _RoomyLayer.move
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_RoomyLayer, "move", lambda *args: (moved.append(args[1]), move(*args)))
        told = generate_texts(model, processor, seen, [SHORT] * 3)
    prompts = processor.prompts([SHORT] * 3, model.tower.tell_names(seen, 3))
    plain = model.generate(
        **prompts, picture_tokens=seen, do_sample=False, num_beams=BEAMS, max_new_tokens=MOST_TOKENS[SHORT],
        eos_token_id=processor.end, pad_token_id=processor.end,
    )  # fmt: skip
    assert told == processor.batch_decode(plain[:, prompts["input_ids"].shape[1] :].tolist())
    assert moved and len(set(told)) > 1


@pytest.mark.parametrize("trainable", ["head", "lora", "top", "full"])
def test_what_was_trained_comes_back(trainable, tmp_path):
    model, base = build_generator(language_model=NAME)
    prepare_generator(model, trainable, rank=2, top_layers=1)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
    tensors = trained_tensors(model, trainable)
    assert set(tensors) == {"connector", *{"lora": ["lora_language"], "head": []}.get(trainable, ["language"])}
    train = {"trainable": trainable, "lora_rank": 2, "top_layers": 1}
    described = Adapter("a", "generator", "describe", base, settings={"grid": 6, "levels": LEVELS, "train": train})
    adapter = save_adapter(described, tensors, tmp_path / "a")
    loaded, seen = load_generator(adapter), look(model, "red")
    given = PackedCollator(loaded.processor)([{"seen": seen[0], "lessons": [loaded.processor.lesson(*TEXTS[0], 32)]}])
    with torch.inference_mode():
        trained, pretrained = model(**given).loss, build_generator(language_model=NAME)[0](**given).loss
        restored = loaded.model(**given).loss
    # What is stored, and what is used, is less exact: LoRA in 16 bits, and the whole model.
    assert abs(restored - trained) < 0.2 * abs(pretrained - trained)


def test_an_adapter_of_another_shape_or_family_is_refused(model, tmp_path):
    base = {"image": {"model": "efficientnet-lite2"}, "text": {"model": NAME}}
    train = {"trainable": "lora", "lora_rank": 2, "top_layers": 1}
    described = Adapter("a", "generator", "describe", base, settings={"grid": 3, "levels": LEVELS, "train": train})
    prepare_generator(model, "lora", 4, 1)
    adapter = save_adapter(described, trained_tensors(model, "lora"), tmp_path / "a")
    with pytest.raises(InputError, match="does not fit"):
        load_generator(adapter)
    with pytest.raises(InputError, match="does not describe"):
        load_generator(dataclasses.replace(adapter, family="span_qa"))
    assert LORA + ".safetensors" in adapter.files
    fitting = {**adapter.settings, "train": {**train, "lora_rank": 4}}
    load_trained(model, dataclasses.replace(adapter, settings=fitting))
    assert for_use(model).nbytes > 0


def test_a_language_model_that_is_none_is_refused():
    with pytest.raises(UnknownModelError):
        build_generator(language_model="whisper-base")


def test_short_sequences_share_a_row_and_each_has_one_place():
    lengths = [120, 250, 60, 300, 90, 40]
    shared = _share_rows(lengths)
    assert sorted(i for row in shared for i in row) == list(range(len(lengths)))
    assert max(sum(lengths[i] for i in row) for row in shared) == 300
    assert len(shared) == 3
