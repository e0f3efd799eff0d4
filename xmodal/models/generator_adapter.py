"""What is trained of a generator, how it is stored, and how it is put back."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_tensors
from xmodal.models.classifier_model import merge_layers
from xmodal.models.generator import GeneratorModel, build_generator
from xmodal.models.generator_text import GeneratorProcessor
from xmodal.models.sources import fetch
from xmodal.progress import Reporter

CONNECTOR, LORA, CHANGED = "connector", "lora_language", "language"
"""Names of the weight files of an adapter: the connector always, LoRA layers or changed weights where there are any."""
_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Generator:
    """A model with its processor, ready to tell what pictures show.

    Attributes:
        model: In evaluation mode.
        processor: Of the model.
        answer_odds: Factor and summand that turn the log odds of an answer's probability into those of its being right.
    """

    model: GeneratorModel
    processor: GeneratorProcessor
    answer_odds: tuple[float, float] = (1.0, 0.0)

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        return self.model.nbytes


def make_processor(model: GeneratorModel, most: dict[str, int] | None = None) -> GeneratorProcessor:
    """The processor of a model that `build_generator` made; `most` as `MOST_TOKENS`."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(fetch(model.config.language_model).path)
    return GeneratorProcessor(tokenizer, model.config, model.tower.to_input, most)


def prepare_generator(model: GeneratorModel, trainable: str, rank: int, top_layers: int) -> None:
    """Set what is trained beside the connector.

    Args:
        model: Changed in place.
        trainable: `head` for nothing else, `lora` layers in the language model, its `top` layers, or `full`.
        rank: Of the LoRA layers.
        top_layers: How many layers are the top.
    """
    model.requires_grad_(False)
    model.connector.requires_grad_(True)
    if trainable == "lora":
        _add_lora(model.language, rank)
    elif trainable == "full":
        model.language.requires_grad_(True)
    elif trainable == "top":
        for layer in model.language.get_decoder().layers[-top_layers:]:
            layer.requires_grad_(True)


def trained_tensors(model: GeneratorModel, trainable: str) -> dict[str, dict[str, Tensor]]:
    """What an adapter stores; LoRA layers in float16, so that files stay small."""
    stored = {CONNECTOR: {name: value.detach() for name, value in model.connector.state_dict().items()}}
    changed = {name: p.detach() for name, p in model.language.named_parameters() if p.requires_grad}
    if trainable == "lora":
        stored[LORA] = {name: value.half() for name, value in changed.items()}
    elif changed:
        stored[CHANGED] = changed
    return stored


def load_trained(model: GeneratorModel, adapter: Adapter) -> None:
    """Put a stored adapter into a model that `prepare_generator` has made ready, to be trained further.

    A connector that was not told shares of colours starts as if they said nothing; a mean with one has less of them.

    Raises:
        InputError: It does not fit.
    """
    connector = load_tensors(adapter, CONNECTOR)
    colours = f"parts.{len(model.connector.parts) - 1}.weight"
    if colours in connector and not adapter.settings.get("levels", 0):
        more = model.config.levels**3
        connector[colours] = nn.functional.pad(connector[colours], (0, more))
    _load(model.connector, connector, adapter.name)
    stem = {"lora": LORA, "head": ""}.get(adapter.settings["train"]["trainable"], CHANGED)
    if stem:
        _load(model.language, load_tensors(adapter, stem), adapter.name)


def load_generator(adapter: Adapter, report: Reporter | None = None) -> Generator:
    """An adapter with its tower and language model, LoRA layers merged.

    Raises:
        InputError: It is of another family, or does not fit its base models.
    """
    if adapter.family != "generator":
        raise InputError(f"The adapter {adapter.name} does not describe pictures.", "Choose one that is a generator.")
    train, base = adapter.settings["train"], adapter.base
    settings = adapter.settings
    model, _ = build_generator(
        base["image"]["model"],
        base["text"]["model"],
        grid=settings["grid"],
        names=settings.get("names", 0),
        levels=settings.get("levels", 0),
        report=report,
    )
    prepare_generator(model, train["trainable"], train["lora_rank"], train["top_layers"])
    load_trained(model, adapter)
    generator = for_use(model, settings.get("most_tokens"))
    return replace(generator, answer_odds=tuple(settings.get("answer_odds", (1.0, 0.0))))


def for_use(model: GeneratorModel, most: dict[str, int] | None = None) -> Generator:
    """A trained model, merged and in the device's number format. The connector and the tower stay exact.

    Args:
        model: Changed in place.
        most: See `make_processor`.
    """
    merge_layers(model.language)
    device = pick_device()
    model.language.to(device.torch_dtype)
    model = model.to(device.name).eval().requires_grad_(False)
    return Generator(model, make_processor(model, most))


def _add_lora(language: nn.Module, rank: int) -> None:
    """Put LoRA layers into the language model in place; they are float32 whatever it computes in (`GeneratorModel`)."""
    from peft import LoraConfig, inject_adapter_in_model

    try:
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(_TARGETS)), language)
    except ValueError as error:
        raise InputError(
            "LoRA does not fit this language model.", "Train the head, the top layers or everything instead."
        ) from error
    for name, parameter in language.named_parameters():
        if ".lora_" in name:
            parameter.data = parameter.data.float()
    for module in language.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = False  # the weights are cast instead, which are fewer


def _load(module: nn.Module, state: dict[str, Tensor], name: str) -> None:
    known = module.state_dict()
    if any(key not in known or known[key].shape != value.shape for key, value in state.items()):
        raise InputError(f"The adapter {name} does not fit its base models.", "Train it again.")
    with torch.no_grad():
        module.load_state_dict(state, strict=False)
