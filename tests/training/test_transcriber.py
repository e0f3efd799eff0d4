"""Whisper is trained on short clips, stored, and transcribes with what it learnt."""

import csv
import json

import numpy as np
import pytest
import soundfile
import torch
from recordings import speech_clip
from transformers import WhisperConfig, WhisperForConditionalGeneration

from xmodal.cli import main
from xmodal.data.config import DataConfig
from xmodal.data.media import load_audio
from xmodal.data.sets import load_data
from xmodal.errors import InputError, UnknownModelError
from xmodal.models.adapters import load_adapter
from xmodal.models.whisper_adapter import (
    TranscriberModel,
    apply_tensors,
    collate_tokens,
    prepare_whisper,
    trained_tensors,
    without_lora,
)
from xmodal.tasks.transcribe import TranscribeOptions, transcribe
from xmodal.training.config import parse_recipe
from xmodal.training.engine import evaluate, train
from xmodal.training.learners.transcriber import TranscriberLearner, Utterance, join_utterances

RATE = 16_000


def tiny() -> WhisperForConditionalGeneration:
    """A random Whisper of two layers."""
    torch.manual_seed(3)
    config = WhisperConfig(
        vocab_size=100, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_target_positions=60, pad_token_id=89,
        bos_token_id=89, eos_token_id=89, decoder_start_token_id=90, suppress_tokens=None, begin_suppress_tokens=None,
        max_source_positions=50,
    )  # fmt: skip
    return WhisperForConditionalGeneration(config)


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    return collate_tokens([[90, 1, 2, 3, 10, 11, 89], [90, 1, 2, 3, 12, 89]], prompt=4, pad=89)


def train_a_little(network, batch, mel, steps: int = 5, pull: float = 0.0) -> list[float]:
    model = TranscriberModel(network, pull)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.02)
    losses = []
    for _ in range(steps):
        loss = model(**batch, mel=mel)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def logits(network, tokens, mel) -> torch.Tensor:
    with torch.no_grad():
        return network.eval()(input_features=mel, decoder_input_ids=tokens).logits


def test_only_the_text_and_its_end_are_learnt(batch):
    assert batch["tokens"].tolist() == [[90, 1, 2, 3, 10, 11], [90, 1, 2, 3, 12, 89]]
    assert batch["labels"].tolist() == [[-100, -100, -100, 10, 11, 89], [-100, -100, -100, 12, 89, -100]]


@pytest.mark.parametrize(
    ("trainable", "encoder"), [("lora", False), ("lora", True), ("top", False), ("top", True), ("full", False)]
)
def test_what_is_stored_gives_what_was_trained(batch, trainable, encoder):
    mel = torch.randn(2, 80, 100)
    network = tiny()
    prepare_whisper(network, trainable, 4, 1, encoder)
    untrained = logits(tiny(), batch["tokens"], mel)
    losses = train_a_little(network, batch, mel)
    assert losses[-1] < losses[0]
    stored = trained_tensors(network, trainable)
    names = [name for state in stored.values() for name in state]
    assert any("encoder." in name for name in names) == encoder
    again = tiny()
    apply_tensors(again, stored, 4, encoder, "toy")
    trained = logits(network, batch["tokens"], mel)
    assert not torch.allclose(trained, untrained, atol=1e-2)
    torch.testing.assert_close(logits(again, batch["tokens"], mel), trained, atol=1e-4, rtol=1e-4)
    assert not [name for name, _ in again.named_parameters() if "lora" in name]


def test_outputs_of_the_encoder_can_be_given(batch):
    mel, network = torch.randn(2, 80, 100), tiny().eval()
    model = TranscriberModel(network)
    encoded = network.get_encoder()(mel).last_hidden_state
    torch.testing.assert_close(model(**batch, encoded=encoded)["loss"], model(**batch, mel=mel)["loss"])


def test_the_pull_keeps_it_near_the_pretrained_model(batch):
    mel = torch.randn(2, 80, 100)
    moved = {}
    for pull in (0.0, 20.0):
        network = tiny()
        prepare_whisper(network, "lora", 4, 1, False)
        train_a_little(network, batch, mel, steps=10, pull=pull)
        with without_lora(network):
            pretrained = logits(network, batch["tokens"], mel)
        torch.testing.assert_close(pretrained, logits(tiny(), batch["tokens"], mel))
        moved[pull] = (logits(network, batch["tokens"], mel) - pretrained).abs().mean().item()
    assert 0 < moved[20.0] < 0.75 * moved[0.0]


@pytest.mark.parametrize("encoder", [True, False])
def test_a_trained_encoder_is_given_sounds_with_parts_masked(batch, encoder):
    network = tiny()
    prepare_whisper(network, "lora", 4, 1, encoder, augment=True)
    model, mel = TranscriberModel(network, pull=1.0), torch.ones(2, 80, 100)
    model.eval()(**batch, mel=mel)
    assert (mel == 1).all()
    model.train()(**batch, mel=mel)
    assert bool((mel == 0).any()) == encoder
    assert model.whisper.training


def test_a_checkpoint_of_what_is_trained_is_enough():
    network = tiny()
    prepare_whisper(network, "lora", 4, 1, False)
    model = TranscriberModel(network)
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    state = {name: value for name, value in model.state_dict().items() if name not in frozen}
    assert state
    assert all("lora" in name for name in state)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert (set(missing), unexpected) == (frozen, [])


def test_utterances_are_joined_until_a_window_is_full():
    utterances = [Utterance(f"{i}.wav", str(i), 4.0, 8) for i in range(100)]
    windows = join_utterances(utterances, 0.8, 0)
    assert sorted(u.path for window in windows for u in window) == sorted(u.path for u in utterances)
    assert [len(window) for window in windows] == [1] * 20 + [6] * 13 + [2]
    assert all(sum(u.seconds + 0.5 for u in window) <= 30 for window in windows)
    assert [len(window) for window in join_utterances(utterances, 0.0, 0)] == [1] * 100
    wordy = [Utterance(f"{i}.wav", str(i), 4.0, 90) for i in range(4)]
    assert [len(window) for window in join_utterances(wordy, 1.0, 0)] == [2, 2]


def test_an_adapter_of_another_size_is_refused():
    network = tiny()
    prepare_whisper(network, "lora", 4, 1, False)
    with pytest.raises(InputError, match="does not fit"):
        apply_tensors(tiny(), trained_tensors(network, "lora"), 8, False, "toy")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Pieces of two recordings, each said to be one word; every fourth is held out."""
    folder = tmp_path_factory.mktemp("clips")
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file_name", "transcription", "side"])
        for word, clip in (("alpha", "heath_ledger.mp3"), ("bravo", "cate_blanch.mp3")):
            samples = load_audio(speech_clip(clip))
            for i in range(8):
                name, at = f"{word}{i}.wav", i * len(samples) // 9
                soundfile.write(folder / name, samples[at : at + RATE], RATE)
                table.writerow([name, f"\ufeff{word}", "check" if i % 4 == 0 else "train"])
    return folder


def recipe_for(source, languages=("en",), **settings):
    data = {"source": str(source), "split_column": "side", "check_values": ["check"]}
    options = {"trainable": "lora", "epochs": 10, "batch_size": 4, "learning_rate": 3e-3, **settings}
    content = {"name": "words", "task": "transcribe", "data": data, "train": options, "languages": list(languages)}
    return parse_recipe(content)


def test_the_head_alone_and_unknown_languages_are_refused(clips):
    with pytest.raises(InputError, match="lora, top or full"):
        train(recipe_for(clips, trainable="head"))
    with pytest.raises(InputError, match="pull"):
        train(recipe_for(clips, trainable="top", pull=1.0))


@pytest.fixture(scope="module")
def trained(clips, tmp_path_factory):
    return train(recipe_for(clips), out=tmp_path_factory.mktemp("out") / "words")


@pytest.mark.slow
class TestRealWhisper:
    def test_it_learns_and_the_numbers_are_the_adapters(self, clips, trained):
        metrics = trained.metrics
        assert metrics["metric"] == "wer"
        assert metrics["before"]["wer"] > 0.9
        assert metrics["after"]["wer"] < 0.3
        assert metrics["gain"]["difference"] < -0.6 and metrics["gain"]["within_noise"]  # four rows may be chance
        again, lines = evaluate(load_adapter(trained.adapter), load_data(recipe_for(clips).data))
        assert again.values == metrics["after"]
        assert list(lines[0]) == ["id", "transcription", "prediction", "wer", "cer"]

    def test_the_command_line_measures_it_on_other_clips(self, clips, trained, tmp_path, capsys):
        command = ["evaluate", trained.adapter, "--data", str(clips), "--out", str(tmp_path / "rows"), "--json"]
        assert main(command) == 0
        found = json.loads(capsys.readouterr().out)
        lines = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
        assert (found["metric"], found["rows"], len(lines)) == ("wer", 16, 16)
        assert found["metrics"]["wer"] == pytest.approx(sum(line["wer"] for line in lines) / 16)

    def test_transcribe_takes_the_adapter_and_says_its_name(self, clips, trained):
        options = TranscribeOptions(model=trained.adapter, language="en", vad=False)
        result = transcribe(clips / "alpha0.wav", options)
        assert (result.text, result.model) == ("alpha", "words")
        assert transcribe(clips / "alpha0.wav", options, model="").text != "alpha"

    def test_it_can_be_gone_on_from(self, clips, trained):
        recipe = recipe_for(clips)
        learner = TranscriberLearner(recipe.model_copy(update={"start": trained.adapter}), load_data(recipe.data))
        assert learner.measure(list(learner.data.check)).values["wer"] == pytest.approx(
            trained.metrics["after"]["wer"], abs=0.15
        )
        other = recipe.model_copy(
            update={"start": trained.adapter, "train": recipe.train.model_copy(update={"lora_rank": 3})}
        )
        with pytest.raises(InputError, match=r"its train\.lora_rank is \d+, the recipe's 3"):
            TranscriberLearner(other, load_data(recipe.data))

    def test_it_is_small_and_names_no_folder_of_this_machine(self, clips, trained):
        adapter = load_adapter(trained.adapter)
        assert sum(entry["bytes"] for entry in adapter.files.values()) < 10_000_000
        for file in ("adapter.json", "README.md"):
            assert str(clips) not in (adapter.path / file).read_text()

    def test_text_in_another_script_is_heard_in_its_own_language(self, trained, tmp_path):
        soundfile.write(tmp_path / "a.wav", load_audio(speech_clip()), RATE)
        (tmp_path / "metadata.jsonl").write_text(json.dumps({"file_name": "a.wav", "transcription": "你好世界"}))
        data = load_data(DataConfig(source=str(tmp_path), task="transcribe", check_fraction=1))
        metrics, lines = TranscriberLearner.measure_adapter(load_adapter(trained.adapter), data)
        assert metrics.values["cer"] >= 1
        assert lines[0]["prediction"]

    @pytest.mark.thorough
    def test_the_encoder_can_be_trained_too(self, clips, tmp_path):
        recipe = recipe_for(clips, encoder=True, max_steps=1, batch_size=1)
        adapter = load_adapter(train(recipe, out=tmp_path / "both").adapter)
        assert adapter.settings["train"]["encoder"]
        assert transcribe(clips / "alpha0.wav", model=str(adapter.path), language="en", vad=False).model == "words"

    def test_a_language_left_out_is_detected(self, clips):
        recipe = recipe_for(clips, languages=())
        assert TranscriberLearner(recipe, load_data(recipe.data)).language == "en"

    def test_recordings_that_are_too_long_are_left_out(self, clips, tmp_path, caplog):
        soundfile.write(tmp_path / "long.wav", np.zeros(31 * RATE, np.float32), RATE)
        rows = [
            f"{tmp_path}/long.wav,alpha,train",
            f"{clips}/alpha1.wav,alpha,train",
            f"{clips}/alpha0.wav,alpha,check",
        ]
        (tmp_path / "t.csv").write_text("audio,transcription,side\n" + "\n".join(rows))
        recipe = recipe_for(tmp_path / "t.csv")
        kept, _ = TranscriberLearner(recipe, load_data(recipe.data)).prepare()
        assert [row["paths"] for row in kept] == [[f"{clips}/alpha1.wav"]]
        assert "1 recordings are too long" in caplog.text


def test_an_adapter_of_another_task_does_not_transcribe(tmp_path):
    from xmodal.models.adapters import Adapter, save_adapter

    adapter = Adapter(name="moods", family="classifier", task="classify", base={})
    save_adapter(adapter, {"head": {"w": torch.zeros(1)}}, tmp_path / "moods")
    with pytest.raises(UnknownModelError, match="does not transcribe"):
        transcribe(speech_clip(), model=str(tmp_path / "moods"))
