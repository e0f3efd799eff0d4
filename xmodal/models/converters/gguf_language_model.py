"""A GGUF language model of the Llama family (SmolLM2) to a transformers folder, with tokenizer and chat template.

The weights are decoded with the package `gguf`; transformers' own loader keeps them packed in some versions and refuses
to save them. llama.cpp stores the rows of q and k interleaved for its rotary embedding; `unpermute` undoes that.
"""

from pathlib import Path

import numpy as np

_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def convert(files: dict[str, Path], out: Path) -> None:
    """Write config, tokenizer, chat template and float16 weights to `out`.

    Float16 rounds the decoded 4-bit weights eight times finer than bfloat16 would.

    Args:
        files: One file that ends in `.gguf`.
        out: An existing empty folder.

    Raises:
        ValueError: Not a Llama, or without a chat template.
    """
    from gguf import GGUFReader
    from transformers import AutoTokenizer, GenerationConfig, LlamaForCausalLM

    from xmodal.models.converters.common import save_model

    path = next(path for path in files.values() if path.suffix == ".gguf")
    reader = GGUFReader(path)
    config = read_config(reader)
    state = read_weights(reader, config.num_attention_heads, config.num_key_value_heads)
    tied = set() if "lm_head.weight" in state else {"lm_head.weight"}
    config.tie_word_embeddings = bool(tied)
    save_model(LlamaForCausalLM, config, state, out, tied)
    GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id
    ).save_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    if not tokenizer.chat_template:
        raise ValueError(f"{path.name} has no chat template")
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(out)


def read_config(reader):
    """The `LlamaConfig` that the file's metadata describe."""
    from transformers import LlamaConfig

    if _field(reader, "general.architecture") != "llama":
        raise ValueError(f"expected a llama, found {_field(reader, 'general.architecture')}")
    eos = _field(reader, "tokenizer.ggml.eos_token_id")
    return LlamaConfig(
        vocab_size=len(reader.get_field("tokenizer.ggml.tokens").data),
        hidden_size=_field(reader, "llama.embedding_length"),
        intermediate_size=_field(reader, "llama.feed_forward_length"),
        num_hidden_layers=_field(reader, "llama.block_count"),
        num_attention_heads=_field(reader, "llama.attention.head_count"),
        num_key_value_heads=_field(reader, "llama.attention.head_count_kv"),
        max_position_embeddings=_field(reader, "llama.context_length"),
        rms_norm_eps=_field(reader, "llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": float(_field(reader, "llama.rope.freq_base"))},
        bos_token_id=_field(reader, "tokenizer.ggml.bos_token_id"),
        eos_token_id=eos,
        pad_token_id=_field(reader, "tokenizer.ggml.padding_token_id", eos),
    )


def read_weights(reader, heads: int, key_heads: int) -> dict[str, np.ndarray]:
    """The decoded weights, float16, by `LlamaForCausalLM`'s names."""
    from gguf.quants import dequantize

    state = {}
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        weights = dequantize(tensor.data, tensor.tensor_type)
        if tensor.name.endswith("attn_q.weight"):
            weights = unpermute(weights, heads)
        elif tensor.name.endswith("attn_k.weight"):
            weights = unpermute(weights, key_heads)
        state[_rename(tensor.name)] = weights.astype(np.float16)
    return state


def unpermute(weights: np.ndarray, heads: int) -> np.ndarray:
    """Rows (heads, half, 2), llama.cpp's order for its rotary embedding, to transformers' (heads, 2, half)."""
    rows, columns = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _rename(name: str) -> str:
    if name.startswith("blk."):
        _, layer, module, part = name.split(".")
        return f"model.layers.{layer}.{_LAYER[module]}.{part}"
    module, _, part = name.partition(".")
    return f"{_TOP[module]}.{part}"


def _field(reader, key: str, default=None):
    field = reader.get_field(key)
    if field is None:
        if default is None:
            raise ValueError(f"the file lacks {key}")
        return default
    return field.contents()
