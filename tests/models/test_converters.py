import json
import struct
import zipfile

import numpy as np
import pytest
import toy

from xmodal.models.converters import ctranslate2_whisper, e5_text, efficientnet, gguf_language_model, yamnet

RANDOM = np.random.default_rng(0)
HIDDEN, LAYERS, FFN, VOCABULARY, POSITIONS = 32, 2, 64, 40, 16


def write_q4_0(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Q4_0 blocks written weight by weight from the format's description, and what they decode to."""
    data, decoded = b"", []
    for block in values.reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 7)
        quants = np.clip(np.round(block / np.float32(scale)), -8, 7).astype(int) + 8
        data += scale.tobytes() + bytes(quants[j] | quants[j + 16] << 4 for j in range(16))
        decoded.append((quants - 8).astype(np.float32) * np.float32(scale))
    return data, np.concatenate(decoded)


def write_e5(path) -> dict[str, np.ndarray]:
    shapes = {"emb.word": (VOCABULARY, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN)}
    shapes |= {"emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    for i in range(LAYERS):
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            rows, columns = {"fi": (FFN, HIDDEN), "fo": (HIDDEN, FFN)}.get(name, (HIDDEN, HIDDEN))
            shapes |= {f"l{i}.{name}.w": (rows, columns), f"l{i}.{name}.b": (rows,)}
        shapes |= {f"l{i}.{norm}.{part}": (HIDDEN,) for norm in ("aln", "oln") for part in "wb"}
    expected, blobs = {}, []
    for name, shape in shapes.items():
        values = RANDOM.normal(size=shape).astype(np.float32)
        quantised = len(shape) == 2
        data, decoded = write_q4_0(values) if quantised else (values.tobytes(), values)
        expected[name] = decoded.reshape(shape)
        blobs.append((name.encode(), int(quantised), values.size, data))
    header = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, LAYERS, 4, FFN, VOCABULARY, POSITIONS, 2, 1e-12, 32)
    header += (
        struct.pack("<5iQ", 3, 0, 2, 1, 3, 5) + bytes(4 * 4 + 4 * 3) + b"blob!" + struct.pack("<iI", 1, 7) + bytes(7)
    )
    offset = len(header) + 4 + sum(2 + len(name) + struct.calcsize("<BIQQ") for name, *_ in blobs)
    directory = struct.pack("<i", len(blobs))
    for name, dtype, count, data in blobs:
        directory += struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", dtype, count, offset, len(data))
        offset += len(data)
    path.write_bytes(header + directory + b"".join(data for *_, data in blobs))
    return expected


def write_tokenizer(path, vocabulary=None):
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = vocabulary or {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "hello": 5}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=next(iter(vocabulary))))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def test_q4_0_decodes_each_nibble_to_its_place():
    data, expected = write_q4_0(RANDOM.normal(size=320).astype(np.float32))
    assert np.array_equal(e5_text.decode_q4_0(data), expected)


def test_e5(tmp_path):
    from transformers import AutoModel, AutoTokenizer

    expected = write_e5(tmp_path / "e5-small-q4.bin")
    write_tokenizer(tmp_path / "tokenizer.json")
    out = tmp_path / "out"
    out.mkdir()
    files = {name: tmp_path / name for name in ("e5-small-q4.bin", "tokenizer.json")}
    e5_text.convert(files, out)
    model = AutoModel.from_pretrained(out, add_pooling_layer=False)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    assert len(state) == len(expected)
    assert np.array_equal(state["embeddings.word_embeddings.weight"], expected["emb.word"])
    assert np.array_equal(state["encoder.layer.1.attention.self.key.weight"], expected["l1.k.w"])
    assert np.array_equal(state["encoder.layer.0.output.dense.weight"], expected["l0.fo.w"])
    assert np.array_equal(state["encoder.layer.1.output.LayerNorm.bias"], expected["l1.oln.b"])
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert (tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.model_max_length) == (1, 0, POSITIONS)


def test_e5_refuses_another_format(tmp_path):
    (tmp_path / "file").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="E5S1"):
        e5_text.read_tensors(tmp_path / "file")


def write_ct2(path, variables, aliases=()):
    codes = {
        np.dtype("float32"): 0,
        np.dtype("int8"): 1,
        np.dtype("int16"): 2,
        np.dtype("int32"): 3,
        np.dtype("float16"): 4,
    }

    def text(value):
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    data = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, value in variables.items():
        value = np.asarray(value)
        data += text(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        data += struct.pack("<BI", codes[value.dtype], value.nbytes) + value.tobytes()
    data += struct.pack("<I", len(aliases)) + b"".join(text(a) + text(b) for a, b in aliases)
    path.write_bytes(data)


def ct2_whisper(width=8, mels=80, vocabulary=20) -> dict[str, np.ndarray]:
    def random(*shape):
        return RANDOM.normal(size=shape).astype(np.float16)

    def linear(name, rows, columns=width):
        return {f"{name}/weight": random(rows, columns), f"{name}/bias": random(rows)}

    def norm(name):
        return {f"{name}/gamma": random(width), f"{name}/beta": random(width)}

    variables = {f"{side}/num_heads": np.int16(2) for side in ("encoder", "decoder")}
    variables |= {"encoder/position_encodings/encodings": random(1500, width)}
    variables |= {"decoder/position_encodings/encodings": random(448, width)}
    variables |= {"decoder/embeddings/weight": random(vocabulary, width)}
    for name, channels in (("conv1", mels), ("conv2", width)):
        variables |= {f"encoder/{name}/weight": random(width, channels, 3), f"encoder/{name}/bias": random(width)}
    for side in ("encoder", "decoder"):
        layer = f"{side}/layer_0"
        variables |= (
            norm(f"{side}/layer_norm") | norm(f"{layer}/self_attention/layer_norm") | norm(f"{layer}/ffn/layer_norm")
        )
        variables |= linear(f"{layer}/self_attention/linear_0", 3 * width) | linear(
            f"{layer}/self_attention/linear_1", width
        )
        variables |= linear(f"{layer}/ffn/linear_0", 4 * width) | linear(f"{layer}/ffn/linear_1", width, 4 * width)
    cross = "decoder/layer_0/attention"
    variables |= norm(f"{cross}/layer_norm") | linear(f"{cross}/linear_0", width)
    return variables | linear(f"{cross}/linear_1", 2 * width) | linear(f"{cross}/linear_2", width)


def test_ctranslate2_whisper_loses_nothing(tmp_path, monkeypatch):
    import torch
    from transformers import WhisperForConditionalGeneration

    for name in ("_END_OF_TEXT", "_START"):
        monkeypatch.setattr(ctranslate2_whisper, name, 1)
    variables = ct2_whisper()
    write_ct2(tmp_path / "model.bin", variables, [("decoder/projection/weight", "decoder/embeddings/weight")])
    words = ["a", "b", "<|en|>", "<|transcribe|>", "<|translate|>", "<|notimestamps|>", "<|startofprev|>"]
    write_tokenizer(tmp_path / "tokenizer.json", {word: i for i, word in enumerate(words)})
    settings = {"lang_ids": [2], "suppress_ids_begin": [0], "suppress_ids": [1], "alignment_heads": [[0, 1]]}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    out = tmp_path / "out"
    out.mkdir()
    ctranslate2_whisper.convert({name: tmp_path / name for name in ("model.bin", "config.json", "tokenizer.json")}, out)
    model = WhisperForConditionalGeneration.from_pretrained(out)
    assert model.dtype == torch.float16
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    stacked = variables["decoder/layer_0/self_attention/linear_0/weight"]
    assert np.array_equal(state["model.decoder.layers.0.self_attn.k_proj.weight"], stacked[8:16])
    stacked = variables["decoder/layer_0/attention/linear_1/weight"]
    assert np.array_equal(state["model.decoder.layers.0.encoder_attn.v_proj.weight"], stacked[8:])
    assert np.array_equal(state["proj_out.weight"], variables["decoder/embeddings/weight"])
    assert model.generation_config.lang_to_id == {"<|en|>": 2}


def test_ctranslate2_refuses_missing_weights(tmp_path):
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    from xmodal.models.converters.common import save_model

    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = WhisperConfig(d_model=8, encoder_layers=1, decoder_layers=1, **heads)
    embeddings = {"model.decoder.embed_tokens.weight": np.zeros((config.vocab_size, 8), np.float16)}
    with pytest.raises(ValueError, match="misses"):
        save_model(WhisperForConditionalGeneration, config, embeddings, tmp_path)


def test_gguf_unpermute_undoes_llama_cpp():
    weights = RANDOM.normal(size=(24, 5))
    heads = 3
    permuted = weights.reshape(heads, 2, 24 // heads // 2, 5).swapaxes(1, 2).reshape(24, 5)
    assert np.array_equal(gguf_language_model.unpermute(permuted, heads), weights)


def test_efficientnet_keeps_order_and_checks_shapes():
    ours = {"a": np.zeros((2, 3)), "b": np.zeros(4)}
    theirs = {"x": np.ones((2, 3)), "y": np.ones(4)}
    assert efficientnet.rename(theirs, ours) == {"a": theirs["x"], "b": theirs["y"]}
    with pytest.raises(ValueError, match=r"y has shape \(4,\), a needs"):
        efficientnet.rename({"y": np.ones(4), "x": np.ones((2, 3))}, ours)
    with pytest.raises(ValueError, match="expected 2 tensors, found 1"):
        efficientnet.rename({"x": np.ones((2, 3))}, ours)


def test_efficientnet_refuses_a_pickle_with_code(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return print, ("code ran",)

    (tmp_path / "m.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(pickle.UnpicklingError):
        efficientnet.convert({"m.pth": tmp_path / "m.pth"}, tmp_path)


def test_yamnet_writes_inside_its_folder_only(tmp_path):
    (tmp_path / "y.zip").write_bytes(toy.toy_zip())
    (tmp_path / "yamnet_class_map.csv").write_bytes(toy.toy_csv())
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    yamnet.convert({"y.zip": tmp_path / "y.zip", "yamnet_class_map.csv": tmp_path / "yamnet_class_map.csv"}, out)
    assert {path.name for path in out.iterdir()} == {"model.onnx", "model.data", "labels.json", "config.json"}
    assert {path.name for path in tmp_path.iterdir()} >= {"deep", "y.zip"}
    assert not (tmp_path / "job").exists()
    assert json.loads((out / "labels.json").read_text())[520] == "sound 520"


def test_yamnet_needs_both_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("model.onnx", b"")
    with pytest.raises(ValueError, match=r"lacks model\.data"):
        yamnet.unzip(tmp_path / "y.zip", tmp_path)
