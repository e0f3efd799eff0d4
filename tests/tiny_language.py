"""A language model of random weights that is made in a moment, and known to xmodal by a name."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from xmodal.models import generator, generator_adapter, registry
from xmodal.models.sources import FetchedModel, fetch

NAME = "tiny-language"
SPECIAL = ("<start>", "<end>", "<unknown>", "<picture>")
WORDS = "Describe the picture briefly in detail . what colour is it ? A red blue square I can't tell this shows"


def make_language(folder: Path) -> Path:
    """A small Llama with a token for each of a few words."""
    words = dict.fromkeys([*SPECIAL, "\n", *WORDS.split()])
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unknown>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split(" ", "removed"),
         pre_tokenizers.Split(".", "isolated"), pre_tokenizers.Split("?", "isolated")]
    )  # fmt: skip
    names = {"bos_token": "<start>", "eos_token": "<end>", "pad_token": "<end>", "unk_token": "<unknown>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, additional_special_tokens=["<picture>"], **names)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=True, bos_token_id=0, eos_token_id=1,
        pad_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def use_language(monkeypatch, folder: Path) -> None:
    """Let xmodal find it by `NAME`, as if it had been downloaded."""

    def find(spec, report=None, cancel=None):
        name = spec if isinstance(spec, str) else spec.name
        return FetchedModel(known, folder, "index", "1", False, "") if name == NAME else fetch(spec, report, cancel)

    known = registry.ModelSpec(NAME, ("generate",), "text", "CC0-1.0", 0.1, "of random weights")
    monkeypatch.setitem(registry._registry(), NAME, known)
    monkeypatch.setattr(generator, "fetch", find)
    monkeypatch.setattr(generator_adapter, "fetch", find)
