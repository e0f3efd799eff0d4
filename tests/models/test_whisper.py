"""A tiny random Whisper decodes as transformers' own `generate` does."""

import numpy as np
import pytest
import torch
from transformers import (
    GenerationConfig,
    GenerationMixin,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)
from transformers.modeling_outputs import BaseModelOutput

from xmodal.device import Device
from xmodal.models.whisper import Decoded, Whisper
from xmodal.models.whisper_alignment import monotonic_starts
from xmodal.models.whisper_decoder import DecoderState

LANGUAGES = {"<|en|>": 91, "<|zh|>": 92}


class _Tokenizer:
    """Enough of a tokenizer for `Whisper`: token 65 is `A`."""

    def batch_decode(self, rows, skip_special_tokens):
        return ["".join(chr(t) for t in row) for row in rows]


@pytest.fixture(scope="module")
def whisper(tmp_path_factory) -> Whisper:
    torch.manual_seed(3)
    config = WhisperConfig(
        vocab_size=100, d_model=32, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_target_positions=60,
        pad_token_id=89, bos_token_id=89, eos_token_id=89, decoder_start_token_id=90, init_std=0.5,
        suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config).eval()
    model.generation_config = GenerationConfig(
        decoder_start_token_id=90, eos_token_id=89, pad_token_id=89, bos_token_id=89, suppress_tokens=[1, 2],
        begin_suppress_tokens=[3, 89], lang_to_id=LANGUAGES, task_to_id={"transcribe": 93, "translate": 94},
        no_timestamps_token_id=96, is_multilingual=True,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("whisper")
    model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    from unittest import mock

    with mock.patch("transformers.AutoTokenizer.from_pretrained", return_value=_Tokenizer()):
        return Whisper(folder, Device("cpu", "float32", "test"))


@pytest.fixture(scope="module")
def encoded(whisper) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return whisper.encode([rng.normal(0, 0.1, n).astype(np.float32) for n in (16_000, 48_000, 160_000, 480_000)])


def test_the_encoder_sees_thirty_seconds(encoded):
    assert encoded.shape == (4, 1500, 32)


def test_greedy_decoding_equals_generate(whisper, encoded):
    prompts = torch.tensor([whisper.prompt(language, "transcribe") for language in ("en", "zh", "en", "zh")])
    ours = whisper._decode_once(encoded, [20.0] * 4, prompts, 0.0)
    banned = [1, 2, *range(90, 100)]
    reference = GenerationMixin.generate(
        whisper.model,
        encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
        decoder_input_ids=prompts,
        attention_mask=torch.ones(4, 1500),
        generation_config=GenerationConfig(
            max_length=prompts.shape[1] + 26, do_sample=False, eos_token_id=89, pad_token_id=89,
            suppress_tokens=banned, begin_suppress_tokens=[3, 89], return_dict_in_generate=True, output_scores=True,
        ),
    )  # fmt: skip
    for row, decoded in enumerate(ours):
        expected = [t for t in reference.sequences[row, prompts.shape[1] :].tolist() if t != 89]
        assert list(decoded.tokens) == expected
    assert len({d.tokens for d in ours}) > 1
    assert len(ours[0].tokens) > 3


def test_a_row_does_not_depend_on_its_batch(whisper, encoded):
    together = whisper.decode(encoded, [20.0] * 4, ["en"] * 4, "transcribe")
    alone = [whisper.decode(encoded[i : i + 1], [20.0], ["en"], "transcribe")[0] for i in range(4)]
    first = [d for d in together if d.temperature == 0]
    assert [d.tokens for d in first] == [a.tokens for d, a in zip(together, alone, strict=True) if d.temperature == 0]


def test_steps_one_by_one_equal_one_step(whisper, encoded):
    tokens = torch.tensor([[90, 91, 93, 96, 10, 11, 12]] * 4)
    with torch.inference_mode():
        whole = DecoderState(whisper.model, encoded, 7).step(tokens)
        state = DecoderState(whisper.model, encoded, 7)
        parts = torch.cat([state.step(tokens[:, :3]), *(state.step(tokens[:, i : i + 1]) for i in range(3, 7))], dim=1)
        official = whisper.model.model.decoder(input_ids=tokens, encoder_hidden_states=encoded).last_hidden_state
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(whole, official, atol=1e-4, rtol=1e-3)


def test_attention_of_chosen_heads_equals_transformers(whisper, encoded):
    tokens = torch.tensor([[90, 91, 93, 96, 10]] * 4)
    with torch.inference_mode():
        ours = DecoderState(whisper.model, encoded, 5).step_with_attention(tokens, [(0, 1), (2, 3)])
        whisper.model.config._attn_implementation = "eager"
        theirs = whisper.model.model.decoder(
            input_ids=tokens, encoder_hidden_states=encoded, output_attentions=True
        ).cross_attentions
        whisper.model.config._attn_implementation = "sdpa"
    assert ours.shape == (4, 2, 5, 1500)
    torch.testing.assert_close(ours[:, 0], theirs[0][:, 1], atol=1e-5, rtol=1e-3)
    torch.testing.assert_close(ours[:, 1], theirs[2][:, 3], atol=1e-5, rtol=1e-3)


def test_languages_are_probabilities(whisper, encoded):
    probabilities = whisper.detect_language(encoded)
    assert probabilities.shape == (4, 2)
    assert probabilities.sum(1).tolist() == pytest.approx([1] * 4, abs=1e-4)


def test_repetition_and_improbable_text_are_doubtful():
    good = Decoded((1,) * 9, "the conference will begin soon", -0.2, 0.0, 0.0)
    repeated = Decoded((1,) * 90, "again " * 60, -0.1, 0.0, 0.0)
    improbable = Decoded((1,) * 9, "blue the of seventeen", -1.4, 0.1, 0.0)
    invented = Decoded((1,) * 3, "Thank you.", -1.2, 0.9, 0.0)
    assert [d.is_doubtful for d in (good, repeated, improbable, invented)] == [False, True, True, True]
    assert [d.is_silence for d in (good, repeated, improbable, invented)] == [False, False, False, True]
    assert max((repeated, improbable), key=lambda d: d.quality) is improbable


def test_monotonic_starts_finds_the_known_path():
    cost = np.ones((4, 50))
    for token, (start, end) in enumerate([(0, 10), (10, 12), (12, 40), (40, 50)]):
        cost[token, start:end] = 0
    assert monotonic_starts(cost).tolist() == [0, 10, 12, 40]


def test_monotonic_starts_gives_every_token_a_frame():
    starts = monotonic_starts(np.random.default_rng(0).normal(size=(6, 6)))
    assert starts.tolist() == [0, 1, 2, 3, 4, 5]
