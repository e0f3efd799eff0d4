"""multilingual-e5-small in 4 bits (`e5-small-q4.bin`) to a transformers `BertModel` folder.

The file, little endian: `E5S1`, u32 version, 7 x i32 (hidden, layers, heads, ffn, vocabulary, positions, types),
f32 eps, i32 block; a tokenizer (skipped: `tokenizer.json` is used): i32 pieces, 4 x i32 special ids, u64 blob length,
u32 offsets (pieces + 1), f32 scores (pieces), blob, i32 norm count, u32 norm bytes, norm map; then a directory: i32
count, and for each tensor u16 name length, name, u8 type, u32 elements, u64 offset, u64 bytes.
"""

import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

_MAGIC = b"E5S1"
_BLOCK = 32
_Q4_0 = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK // 2,))])
_EMBEDDINGS = {"word": "word_embeddings", "pos": "position_embeddings", "type": "token_type_embeddings"}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_PART = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class Header:
    """Sizes of the network."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocabulary: int
    positions: int
    types: int
    eps: float


def convert(files: dict[str, Path], out: Path) -> None:
    """Write config, tokenizer and float32 weights to `out`.

    Float32 because a 4-bit weight, a 16-bit scale times a small integer, is exact in it and not in 16 bits.

    Args:
        files: `e5-small-q4.bin` and `tokenizer.json` of the index packages.
        out: An existing empty folder.
    """
    from transformers import BertConfig, BertModel

    from xmodal.models.converters.common import save_model

    header, tensors = read_tensors(files["e5-small-q4.bin"])
    config = BertConfig(
        vocab_size=header.vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.ffn,
        max_position_embeddings=header.positions,
        type_vocab_size=header.types,
        layer_norm_eps=header.eps,
        pad_token_id=0,
    )
    save_model(_without_pooler(BertModel), config, rename(tensors, header), out)
    write_tokenizer(files["tokenizer.json"], header.positions, out)


def read_tensors(path: Path) -> tuple[Header, dict[str, np.ndarray]]:
    """The header and the (flat, float32) tensors by the file's names.

    Raises:
        ValueError: Not a file of this format.
    """
    with open(path, "rb") as file:
        if file.read(4) != _MAGIC:
            raise ValueError("expected a file that starts with E5S1")
        _read(file, "I")
        *sizes, eps, block = _read(file, "7ifi")
        if block != _BLOCK:
            raise ValueError(f"expected blocks of {_BLOCK} weights, found {block}")
        _skip_tokenizer(file)
        tensors = {}
        for name, dtype, elements, offset, length in _read_directory(file):
            file.seek(offset)
            data = file.read(length)
            values = decode_q4_0(data) if dtype else np.frombuffer(data, "<f4")
            if dtype not in (0, 1) or len(values) < elements:
                raise ValueError(f"the tensor {name} has type {dtype} and {len(values)} of {elements} weights")
            tensors[name] = values[:elements]
    return Header(*sizes, eps), tensors


def decode_q4_0(data: bytes) -> np.ndarray:
    """Weights of Q4_0 blocks, float32: byte j of a block holds weight j (low nibble) and weight j + 16 (high)."""
    blocks = np.frombuffer(data, _Q4_0)
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)  # (blocks, 32)
    values = nibbles.astype(np.float32)
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)


def rename(tensors: dict[str, np.ndarray], header: Header) -> dict[str, np.ndarray]:
    """The file's names and flat tensors to `BertModel`'s names and shapes."""
    state = {}
    for name, values in tensors.items():
        scope, _, rest = name.partition(".")
        if scope == "emb" and rest in _EMBEDDINGS:
            state[f"embeddings.{_EMBEDDINGS[rest]}.weight"] = values.reshape(-1, header.hidden)
            continue
        module, _, part = rest.partition(".")
        if scope == "emb" and module == "ln":
            state[f"embeddings.LayerNorm.{_PART[part]}"] = values
            continue
        columns = header.ffn if module == "fo" else header.hidden
        matrix = part == "w" and module not in ("aln", "oln")
        key = f"encoder.layer.{int(scope[1:])}.{_LAYER[module]}.{_PART[part]}"
        state[key] = values.reshape(-1, columns) if matrix else values
    return state


def write_tokenizer(tokenizer_file: Path, positions: int, out: Path) -> None:
    """The tokenizer with XLM-RoBERTa's special tokens; its post-processor writes `<s> ... </s>`."""
    shutil.copy(tokenizer_file, out / "tokenizer.json")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": positions,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    (out / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))


def _without_pooler(model_class):
    """`model_class(config)` with no pooler: e5 is pooled by the mean, and the file has no such layer."""

    def build(config):
        return model_class(config, add_pooling_layer=False)

    build.__name__ = model_class.__name__
    return build


def _skip_tokenizer(file: BinaryIO) -> None:
    pieces, *_ids, blob = _read(file, "5iQ")
    file.seek(4 * (pieces + 1) + 4 * pieces + blob, 1)
    _count, norm_bytes = _read(file, "iI")
    file.seek(norm_bytes, 1)


def _read_directory(file: BinaryIO) -> list[tuple[str, int, int, int, int]]:
    entries = []
    for _ in range(_read(file, "i")[0]):
        name = file.read(_read(file, "H")[0]).decode()
        entries.append((name, *_read(file, "BIQQ")))
    return entries


def _read(file: BinaryIO, codes: str) -> tuple:
    return struct.unpack(f"<{codes}", file.read(struct.calcsize(f"<{codes}")))
