"""The real starter models give sensible output. They are fetched once, into the user's own cache."""

import json

import pytest

from xmodal.models.sources import fetch

pytestmark = pytest.mark.slow


def test_text_tower_ranks_passages():
    import torch
    from transformers import AutoModel, AutoTokenizer

    path = fetch("multilingual-e5-small").path
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path)
    texts = [
        "query: how do I lower high blood pressure",
        "passage: To lower high blood pressure, eat less salt, exercise regularly and limit alcohol.",
        "passage: 要降低高血压，应减少盐的摄入，经常锻炼，减轻体重，限制饮酒。",
        "passage: Paris is the capital of France.",
    ]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    assert batch["input_ids"][0, 0] == 0
    assert tokenizer.decode(batch["input_ids"][0], skip_special_tokens=True) == texts[0]
    mask = batch["attention_mask"][..., None]
    with torch.no_grad():
        pooled = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
    vectors = torch.nn.functional.normalize(pooled, dim=-1)
    english, chinese, paris = (vectors[0] @ vectors[1:].T).tolist()
    assert english > chinese > paris + 0.05
    assert (english, chinese, paris) == pytest.approx((0.9, 0.83, 0.72), abs=0.05)


@pytest.mark.thorough
def test_language_model_chats():
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = fetch("smollm2-135m-instruct").path
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    chat = [{"role": "user", "content": "What is the capital of France? Answer briefly."}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    output = model.generate(**inputs, max_new_tokens=20, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(output)
    assert output[-1] == tokenizer.eos_token_id


@pytest.mark.parametrize(("file", "label"), [("cheetah1.jpg", "cheetah"), ("lion.jpg", "lion")])
def test_image_tower_sees_animals(file, label):
    import gradio
    import timm
    import torch
    from PIL import Image

    path = fetch("efficientnet-lite2").path
    model = timm.create_model(f"local-dir:{path}", pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    image = Image.open(gradio.get_image(file)).convert("RGB")
    with torch.no_grad():
        best = int(model(transform(image)[None]).argmax())
    config = json.loads((path / "config.json").read_text())
    assert config["label_descriptions"][config["label_names"][best]].startswith(label)


def test_sound_events_network_loads():
    import numpy as np
    import onnxruntime

    path = fetch("yamnet").path
    session = onnxruntime.InferenceSession(str(path / "model.onnx"))
    config = json.loads((path / "config.json").read_text())
    patch = np.full((1, 1, config["patch_frames"], config["mel_bands"]), 0, np.uint8)
    (scores,) = session.run(None, {config["input_name"]: patch})
    assert scores.shape == (1, 521) and scores.dtype == np.uint8
    assert json.loads((path / "labels.json").read_text())[int(scores.argmax())] == "Silence"
