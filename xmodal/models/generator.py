"""The generator family: what an image tower sees, through a small connector, into a language model that tells it.

A transformers model like any other: `save_pretrained`, `AutoModelForImageTextToText.from_pretrained`, `generate`. Any
registered image tower and language model can be put together (`build_generator`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, PretrainedConfig
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.modeling_utils import PreTrainedModel

from xmodal.device import Device
from xmodal.errors import UnknownModelError
from xmodal.models.label_names import imagenet_names
from xmodal.models.picture_tower import PictureTower, load_picture_tower
from xmodal.models.quiet import quiet_transformers
from xmodal.models.registry import find_model, list_models
from xmodal.models.sources import fetch
from xmodal.progress import Reporter

GRID = 6
NAMES = 3
LEVELS = 4
_IGNORED = -100


class GeneratorConfig(PretrainedConfig):
    """What a generator is put together from.

    Args:
        tower: Registered name of the image tower.
        architecture: timm's name of its network.
        transforms: How pictures are made into pixels.
        grid: Places across and down that the language model is told of.
        tower_parts: Widths of what the tower's tokens are put together from (`PictureTower.parts`).
        names: Names of the tower's classes that stand beside a picture in words, at most; 0 for none.
        levels: Of each primary colour (`PictureTower`).
        language_model: Registered name of the language model.
        text_config: Its configuration.
        image_token_id: Stands where the picture's tokens go; a token that texts do not have.
    """

    model_type = "xmodal-generator"
    sub_configs = {"text_config": AutoConfig}  # noqa: RUF012 - transformers' own form

    def __init__(
        self, tower: str = "", architecture: str = "", transforms: dict | None = None, grid: int = GRID,
        tower_parts: list[int] | None = None, names: int = 0, levels: int = 0, language_model: str = "",
        text_config: dict | PretrainedConfig | None = None, image_token_id: int = 0, **options,
    ):  # fmt: skip
        self.tower, self.architecture, self.transforms, self.grid = tower, architecture, transforms or {}, grid
        self.tower_parts, self.names, self.levels = list(tower_parts or []), names, levels
        self.language_model, self.image_token_id = language_model, image_token_id
        if isinstance(text_config, dict):
            kind = text_config.get("model_type", "llama")
            text_config = AutoConfig.for_model(kind, **{k: v for k, v in text_config.items() if k != "model_type"})
        self.text_config = text_config or AutoConfig.for_model("llama")
        options.setdefault("tie_word_embeddings", False)  # the language model ties its own
        super().__init__(**options)


class Connector(nn.Module):
    """Tokens of the tower to words that the language model never had: `(batch, places, dim)` to `(..., width)`.

    Each part of a token has a norm and a layer of its own, so that all have the same say at the start: the tower's
    earlier stages have ten times the spread of its last one, and colours would be lost among 1,448 numbers. Colours
    are not normed, as their size is what they say.

    Args:
        parts: Widths of a token's parts, the colours last.
        width: Of the language model's tokens.
        places: How many tokens there are.
        scale: Of the language model's embeddings, which the tokens have from the start.
    """

    def __init__(self, parts: Sequence[int], width: int, places: int, scale: float = 1.0):
        super().__init__()
        self.widths = list(parts)
        self.parts = nn.ModuleList(nn.Sequential(nn.LayerNorm(one), nn.Linear(one, width)) for one in parts[:-1])
        self.parts.append(nn.Linear(parts[-1], width))
        self.layers = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.LayerNorm(width))
        self.places = nn.Parameter(torch.zeros(places, width))
        nn.init.constant_(self.layers[-1].weight, scale)

    def forward(self, tokens: Tensor) -> Tensor:
        """See the class."""
        parts = zip(self.parts, tokens.split(self.widths, dim=-1), strict=True)
        return self.layers(sum(layer(part) for layer, part in parts)) + self.places


class GeneratorModel(PreTrainedModel, GenerationMixin):
    """Tower, connector and language model.

    Args:
        config: See `GeneratorConfig`.
        tower: The tower, if it is loaded already; else one without weights, which `from_pretrained` fills.
        language: The language model, likewise.
    """

    config_class = GeneratorConfig
    base_model_prefix = "language"
    input_modalities = ("image", "text")
    _supports_sdpa = True

    def __init__(self, config: GeneratorConfig, tower: PictureTower | None = None, language: nn.Module | None = None):
        super().__init__(config)
        if tower is None:
            import timm

            network = timm.create_model(config.architecture, pretrained=False, num_classes=0)
            classifier = nn.Linear(network.num_features, len(imagenet_names())) if config.names else None
            tower = PictureTower(config.tower, network, config.transforms, config.grid, classifier, config.levels)
        self.tower = tower
        self.language = language if language is not None else AutoModelForCausalLM.from_config(config.text_config)
        embeddings = self.language.get_input_embeddings().weight
        scale = float(embeddings.detach().float().std()) if not embeddings.is_meta else 1.0
        self.connector = Connector(config.tower_parts, embeddings.shape[1], config.grid**2 + 1, scale)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """The parts come with theirs."""

    @property
    def nbytes(self) -> int:
        """Memory the weights take."""
        return sum(p.numel() * p.element_size() for p in self.parameters())

    def get_input_embeddings(self) -> nn.Module:
        """Those of the language model."""
        return self.language.get_input_embeddings()

    def get_output_embeddings(self) -> nn.Module:
        """Those of the language model."""
        return self.language.get_output_embeddings()

    def embed(self, input_ids: Tensor, picture_tokens: Tensor | None) -> Tensor:
        """Embeddings `(batch, tokens, width)` with what the tower saw `(batch, places, dim)` in its place."""
        embedded = self.get_input_embeddings()(input_ids)
        if picture_tokens is None:
            return embedded
        dtype = self.connector.places.dtype
        seen = self.connector(picture_tokens.to(dtype)).to(embedded.dtype)
        where = (input_ids == self.config.image_token_id)[..., None].expand_as(embedded)
        return embedded.masked_scatter(where, seen)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        picture_tokens: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values=None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        logits_to_keep: int = 0,
        **options,
    ) -> CausalLMOutputWithPast:
        """Logits of the next tokens, or with `labels` only the loss.

        Args:
            input_ids: `(batch, tokens)`, with as many `image_token_id` as a picture has tokens.
            attention_mask: `(batch, tokens)`, or `(batch, 1, tokens, tokens)` to be added to the attention's scores.
            pixel_values: `(batch, 3, height, width)`.
            picture_tokens: What the tower makes of them, if that is known: `(batch, places, dim)`.
            position_ids: `(batch, tokens)`.
            past_key_values: As transformers has them.
            inputs_embeds: Instead of `input_ids`.
            labels: `(batch, tokens)`: the token after each, -100 where it does not count.
            logits_to_keep: Of so many places at the end there are logits; 0 for all.
            options: For the language model.
        """
        if inputs_embeds is None:
            if picture_tokens is None and pixel_values is not None:
                picture_tokens, _ = self.tower(pixel_values)
            inputs_embeds = self.embed(input_ids, picture_tokens)
        given = {"inputs_embeds": inputs_embeds, "attention_mask": attention_mask, "position_ids": position_ids}
        # float32 LoRA layers in a bfloat16 model compute in bfloat16: 1.5 times as many steps of training in an hour.
        dtype = inputs_embeds.dtype
        with torch.autocast(inputs_embeds.device.type, dtype, enabled=dtype == torch.bfloat16):
            if labels is None:
                if logits_to_keep and self.language._supports_logits_to_keep():
                    options["logits_to_keep"] = logits_to_keep
                return self.language(**given, past_key_values=past_key_values, **options)
            hidden = self.language.get_decoder()(**given, use_cache=False).last_hidden_state
        wanted = labels != _IGNORED  # the vocabulary is most of the work: only where it counts
        logits = self.language.get_output_embeddings()(hidden[wanted]).float()
        return CausalLMOutputWithPast(loss=nn.functional.cross_entropy(logits, labels[wanted]))

    def prepare_inputs_for_generation(
        self, input_ids, *, picture_tokens=None, pixel_values=None, is_first_iteration=False, **kwargs
    ):
        """The picture is looked at before the first word only. `kwargs` has to be called so."""
        inputs = super().prepare_inputs_for_generation(input_ids, is_first_iteration=is_first_iteration, **kwargs)
        if is_first_iteration or not kwargs.get("use_cache", True):
            inputs |= {"picture_tokens": picture_tokens, "pixel_values": pixel_values}
        return inputs


def build_generator(
    tower: str = "", language_model: str = "", dtype: torch.dtype = torch.float32, grid: int = GRID,
    names: int = NAMES, levels: int = LEVELS, report: Reporter | None = None, device: Device | None = None,
) -> tuple[GeneratorModel, dict[str, dict]]:  # fmt: skip
    """A generator of pretrained parts; its connector knows nothing yet.

    Args:
        tower: Registered name of an image tower; the default one if empty.
        language_model: Registered name of a language model; the default one if empty.
        dtype: Of the language model.
        grid: Places across and down.
        names: See `GeneratorConfig`; none where the tower's classes are not those of ImageNet.
        levels: See `GeneratorConfig`.
        report: Told of downloads.
        device: Where it goes.

    Returns:
        The model, and role to `model`, `source` and `revision` of each part, as adapters have them.

    Raises:
        UnknownModelError: A name is not known.
    """
    quiet_transformers()
    seen = load_picture_tower(tower, grid, report, named=bool(names), levels=levels)
    spec = find_model(language_model or list_models("generate")[0], "generate")
    fetched = fetch(spec, report)
    language = AutoModelForCausalLM.from_pretrained(fetched.path, dtype=dtype)
    config = GeneratorConfig(
        tower=seen.name, architecture=seen.network.pretrained_cfg["architecture"], transforms=_plain(seen.transforms),
        grid=grid, tower_parts=seen.parts, names=names if seen.classifier else 0, levels=levels,
        language_model=spec.name, text_config=language.config.to_dict(), image_token_id=image_token(fetched.path),
    )  # fmt: skip
    model = GeneratorModel(config, seen, language)
    base = {
        "image": {"model": seen.name, "source": seen.source, "revision": seen.revision},
        "text": {"model": spec.name, "source": fetched.source, "revision": fetched.revision},
    }
    return (model.to(device.name) if device else model), base


def image_token(folder) -> int:
    """A special token of the language model that no text has.

    Raises:
        UnknownModelError: There is none.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    used = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id}
    template = tokenizer.chat_template or ""
    free = [number for number, token in tokenizer.added_tokens_decoder.items()
            if token.special and number not in used and token.content not in template]  # fmt: skip
    if not free:
        raise UnknownModelError(f"{folder} has no token to put a picture at.", "Choose another language model.")
    return max(free)


def _plain(transforms: dict) -> dict:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in transforms.items()}


AutoConfig.register(GeneratorConfig.model_type, GeneratorConfig, exist_ok=True)
AutoModelForImageTextToText.register(GeneratorConfig, GeneratorModel, exist_ok=True)
