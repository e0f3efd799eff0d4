"""CTranslate2 Whisper weights (version 6, float16) to a transformers folder.

The file is: u32 version, string spec, u32 revision, u32 count; for each variable a string name, u8 rank,
u32 dimensions, u8 type, u32 bytes and the data; then u32 alias count and pairs of strings. A string is a u16 length
(with its NUL) and the bytes. Self-attention stacks q, k and v in `linear_0`; cross-attention has q in
`linear_0`, k and v stacked in `linear_1`, the output in `linear_2`. The conversion loses nothing.
"""

import json
import shutil
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_END_OF_TEXT = 50257
_START = 50258


def convert(files: dict[str, Path], out: Path) -> None:
    """Write config, tokenizer, generation settings and safetensors weights of Whisper to `out`.

    Args:
        files: `model.bin` (joined), `config.json` and `tokenizer.json` of the index packages.
        out: An existing empty folder.
    """
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    from xmodal.models.converters.common import save_model

    variables, aliases = read_variables(files["model.bin"])
    variables.update({alias: variables[target] for alias, target in aliases.items() if target in variables})
    width = variables["decoder/embeddings/weight"].shape[1]
    config = WhisperConfig(
        vocab_size=variables["decoder/embeddings/weight"].shape[0],
        d_model=width,
        encoder_layers=_count_layers(variables, "encoder"),
        decoder_layers=_count_layers(variables, "decoder"),
        encoder_attention_heads=int(variables["encoder/num_heads"]),
        decoder_attention_heads=int(variables["decoder/num_heads"]),
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        num_mel_bins=variables["encoder/conv1/weight"].shape[1],
        bos_token_id=_END_OF_TEXT,
        eos_token_id=_END_OF_TEXT,
        pad_token_id=_END_OF_TEXT,
        decoder_start_token_id=_START,
    )
    save_model(WhisperForConditionalGeneration, config, rename(variables, config), out, tied={"proj_out.weight"})
    WhisperFeatureExtractor(feature_size=config.num_mel_bins).save_pretrained(out)
    shutil.copy(files["tokenizer.json"], out / "tokenizer.json")
    (out / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "WhisperTokenizer",
                "bos_token": "<|endoftext|>",
                "eos_token": "<|endoftext|>",
                "pad_token": "<|endoftext|>",
                "unk_token": "<|endoftext|>",
                "model_max_length": 1024,
            }
        )
    )
    write_generation_config(json.loads(files["config.json"].read_text()), files["tokenizer.json"], out)


def read_variables(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The variables of a CTranslate2 file by name, and its aliases (alias -> name)."""
    with open(path, "rb") as file:
        version = _unpack(file, "I")
        if version != 6:
            raise ValueError(f"expected CTranslate2 format 6, found {version}")
        _string(file)
        _unpack(file, "I")
        variables = {}
        for _ in range(_unpack(file, "I")):
            name = _string(file)
            shape = [_unpack(file, "I") for _ in range(_unpack(file, "B"))]
            dtype = _DTYPES[_unpack(file, "B")]
            data = file.read(_unpack(file, "I"))
            variables[name] = np.frombuffer(data, dtype).reshape(shape)
        aliases = {}
        for _ in range(_unpack(file, "I")):
            alias = _string(file)
            aliases[alias] = _string(file)
    return variables, aliases


def rename(variables: dict[str, np.ndarray], config) -> dict[str, np.ndarray]:
    """CTranslate2 names to transformers names."""
    state = {
        "model.encoder.embed_positions.weight": variables["encoder/position_encodings/encodings"],
        "model.decoder.embed_positions.weight": variables["decoder/position_encodings/encodings"],
        "model.decoder.embed_tokens.weight": variables["decoder/embeddings/weight"],
    }
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            state[f"model.encoder.{conv}.{part}"] = variables[f"encoder/{conv}/{part}"]
    for side, layers in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        _put_norm(state, f"model.{side}.layer_norm", variables, f"{side}/layer_norm")
        for i in range(layers):
            _put_layer(state, f"model.{side}.layers.{i}", variables, f"{side}/layer_{i}")
    return state


def write_generation_config(ct2: dict, tokenizer_file: Path, out: Path) -> None:
    """`generation_config.json` with languages, tasks, suppressed tokens and alignment heads.

    CTranslate2 lists the start, task and no-speech tokens among the suppressed ones too, as openai/whisper does.
    """
    from tokenizers import Tokenizer
    from transformers import GenerationConfig

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    languages = {tokenizer.id_to_token(i): i for i in ct2["lang_ids"]}
    GenerationConfig(
        bos_token_id=_END_OF_TEXT,
        eos_token_id=_END_OF_TEXT,
        pad_token_id=_END_OF_TEXT,
        decoder_start_token_id=_START,
        begin_suppress_tokens=ct2["suppress_ids_begin"],
        suppress_tokens=ct2["suppress_ids"],
        alignment_heads=ct2["alignment_heads"],
        lang_to_id=languages,
        task_to_id={task: tokenizer.token_to_id(f"<|{task}|>") for task in ("transcribe", "translate")},
        no_timestamps_token_id=tokenizer.token_to_id("<|notimestamps|>"),
        prev_sot_token_id=tokenizer.token_to_id("<|startofprev|>"),
        is_multilingual=True,
        max_initial_timestamp_index=50,
        max_length=448,
        return_timestamps=False,
    ).save_pretrained(out)


def _put_layer(state: dict, name: str, variables: dict, source: str) -> None:
    _put_norm(state, f"{name}.self_attn_layer_norm", variables, f"{source}/self_attention/layer_norm")
    _put_projections(state, f"{name}.self_attn", variables, f"{source}/self_attention", [("linear_0", "qkv")])
    _put_linear(state, f"{name}.self_attn.out_proj", variables, f"{source}/self_attention/linear_1")
    if f"{source}/attention/linear_0/weight" in variables:
        _put_norm(state, f"{name}.encoder_attn_layer_norm", variables, f"{source}/attention/layer_norm")
        stacks = [("linear_0", "q"), ("linear_1", "kv")]
        _put_projections(state, f"{name}.encoder_attn", variables, f"{source}/attention", stacks)
        _put_linear(state, f"{name}.encoder_attn.out_proj", variables, f"{source}/attention/linear_2")
    _put_norm(state, f"{name}.final_layer_norm", variables, f"{source}/ffn/layer_norm")
    _put_linear(state, f"{name}.fc1", variables, f"{source}/ffn/linear_0")
    _put_linear(state, f"{name}.fc2", variables, f"{source}/ffn/linear_1")


def _put_projections(state: dict, name: str, variables: dict, source: str, stacks: list[tuple[str, str]]) -> None:
    """Split stacked projections; transformers' Whisper has no bias on k."""
    for linear, letters in stacks:
        for part in ("weight", "bias"):
            pieces = np.split(variables[f"{source}/{linear}/{part}"], len(letters))
            for letter, piece in zip(letters, pieces, strict=True):
                if (letter, part) != ("k", "bias"):
                    state[f"{name}.{letter}_proj.{part}"] = piece


def _put_linear(state: dict, name: str, variables: dict, source: str) -> None:
    for part in ("weight", "bias"):
        state[f"{name}.{part}"] = variables[f"{source}/{part}"]


def _put_norm(state: dict, name: str, variables: dict, source: str) -> None:
    state[f"{name}.weight"] = variables[f"{source}/gamma"]
    state[f"{name}.bias"] = variables[f"{source}/beta"]


def _count_layers(variables: dict, side: str) -> int:
    return len(
        {
            name.split("/")[1]
            for name in variables
            if name.startswith(f"{side}/layer_") and name.split("/")[1] != "layer_norm"
        }
    )


def _unpack(file: BinaryIO, code: str):
    return struct.unpack(f"<{code}", file.read(struct.calcsize(code)))[0]


def _string(file: BinaryIO) -> str:
    return file.read(_unpack(file, "H")).rstrip(b"\0").decode()
