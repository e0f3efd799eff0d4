"""What is trained of Whisper, how it learns, and how what it learnt is put back into the pretrained model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_tensors

LORA, CHANGED = "lora_whisper", "whisper"
"""Names of the weight files of an adapter: LoRA layers, or weights that replace the pretrained ones."""

_IGNORED = -100
_SPEC_AUGMENT = {"apply_spec_augment": True, "mask_time_prob": 0.05, "mask_feature_prob": 0.05}
"""Stretches of 0.1 s, 5 % of the sound, and of ten bands."""
# The decoder's view of the sound (keys and values of 1,500 frames) stays as it is: training it costs as much as the
# rest of the decoder together.
_DECODER_TARGETS = r"self_attn\.(q_proj|k_proj|v_proj|out_proj)|encoder_attn\.(q_proj|out_proj)|fc1|fc2"
_ENCODER_TARGETS = r"self_attn\.(q_proj|v_proj)|fc1|fc2"


class TranscriberModel(nn.Module):
    """Whisper behind the keyword arguments that the collator makes; gives the loss of the text alone.

    Args:
        network: `WhisperForConditionalGeneration`, set up by `prepare_whisper`.
        pull: Weight of the divergence from what the pretrained model predicts; needs LoRA, which can be left out.
    """

    def __init__(self, network: nn.Module, pull: float = 0.0):
        super().__init__()
        # Not the network itself, which has the embeddings twice: as what reads tokens and as what writes them.
        self.whisper, self.pull = network.model, pull

    def forward(
        self, tokens: Tensor, labels: Tensor, encoded: Tensor | None = None, mel: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The loss.

        Args:
            tokens: Prompt and text, `(batch, length)`.
            labels: The token after each, -100 where it does not count, `(batch, length)`.
            encoded: Outputs of the encoder `(batch, 1500, dim)`; else it is run.
            mel: Its input `(batch, bands, 3000)`.
        """
        wanted = labels != _IGNORED
        if self.pull:  # first, as SpecAugment masks in place
            with torch.no_grad(), without_lora(self.whisper):
                pretrained = self._logits(tokens, wanted, encoded, mel)
        logits = self._logits(tokens, wanted, encoded, mel)
        loss = nn.functional.cross_entropy(logits, labels[wanted])
        if self.pull:
            loss = loss + self.pull * nn.functional.kl_div(
                logits.log_softmax(-1), pretrained.log_softmax(-1), reduction="batchmean", log_target=True
            )
        return {"loss": loss}

    def _logits(self, tokens: Tensor, wanted: Tensor, encoded: Tensor | None, mel: Tensor | None) -> Tensor:
        """Float32 scores `(tokens wanted, vocabulary)`."""
        out = self.whisper(
            input_features=mel,
            encoder_outputs=None if encoded is None else (encoded,),
            decoder_input_ids=tokens,
            use_cache=False,
        )
        return nn.functional.linear(out.last_hidden_state[wanted], self.whisper.decoder.embed_tokens.weight).float()


def collate_tokens(rows: Sequence[Sequence[int]], prompt: int, pad: int) -> dict[str, Tensor]:
    """Rows of prompt, text and end of text to the `tokens` and `labels` of `TranscriberModel`.

    Args:
        rows: Tokens of each utterance.
        prompt: How many tokens the prompt has.
        pad: The token that fills up shorter rows.
    """
    longest = max(map(len, rows)) - 1
    tokens = torch.full((len(rows), longest), pad)
    labels = torch.full((len(rows), longest), _IGNORED)
    for i, row in enumerate(rows):
        tokens[i, : len(row) - 1] = torch.tensor(row[:-1])
        labels[i, prompt - 1 : len(row) - 1] = torch.tensor(row[prompt:])
    return {"tokens": tokens, "labels": labels}


def check_trainable(trainable: str, pull: float) -> None:
    """Refuse what Whisper cannot be trained by.

    Raises:
        InputError: It has no head of its own; the pull needs LoRA, without which it is the pretrained model.
    """
    if trainable == "head":
        raise InputError(
            "Whisper has no head that could be trained alone.", "Set train.trainable to lora, top or full."
        )
    if pull and trainable != "lora":
        raise InputError(f"train.pull does not work with {trainable}.", "Set train.trainable to lora, or pull to 0.")


def prepare_whisper(
    network: nn.Module, trainable: str, rank: int, top_layers: int, encoder: bool, augment: bool = False
) -> None:
    """Set what is trained.

    Args:
        network: `WhisperForConditionalGeneration`; changed in place.
        trainable: Which weights of the decoder: `lora` layers, the `top` layers, or `full`.
        rank: Of the LoRA layers.
        top_layers: How many layers are the top.
        encoder: Train the encoder's too.
        augment: Mask stretches and bands of what a trained encoder is given (SpecAugment).
    """
    network.requires_grad_(False)
    if encoder and augment:
        network.config.update(_SPEC_AUGMENT)
    parts = [network.get_decoder(), *([network.get_encoder()] if encoder else [])]
    for part in parts:
        if trainable == "full":
            part.requires_grad_(True)
        elif trainable == "top":
            for layer in part.layers[-top_layers:]:
                layer.requires_grad_(True)
    if encoder:
        network.get_encoder().embed_positions.requires_grad_(False)  # sinusoids
    if trainable == "lora":
        _add_lora(network, rank, encoder)


def trained_tensors(network: nn.Module, trainable: str) -> dict[str, dict[str, Tensor]]:
    """What an adapter stores."""
    state = {name: p.detach().cpu().contiguous() for name, p in network.named_parameters() if p.requires_grad}
    return {LORA if trainable == "lora" else CHANGED: state}


def load_trained(network: nn.Module, adapter: Adapter) -> None:
    """Put a stored adapter into a network that `prepare_whisper` has made ready, to be trained further.

    Raises:
        InputError: It does not fit.
    """
    stem = LORA if adapter.settings["train"]["trainable"] == "lora" else CHANGED
    _load(network, load_tensors(adapter, stem), adapter.name)


def apply_adapter(network: nn.Module, adapter: Adapter) -> None:
    """Put a stored adapter into the float32 network it was trained from; LoRA layers are merged.

    Raises:
        InputError: It does not fit.
    """
    train = adapter.settings["train"]
    stem = LORA if train["trainable"] == "lora" else CHANGED
    apply_tensors(network, {stem: load_tensors(adapter, stem)}, train["lora_rank"], train["encoder"], adapter.name)


def apply_tensors(
    network: nn.Module, stored: dict[str, dict[str, Tensor]], rank: int, encoder: bool, name: str
) -> None:
    """As `apply_adapter`, with what `trained_tensors` gave."""
    ((stem, state),) = stored.items()
    tuner = _add_lora(network, rank, encoder) if stem == LORA else None
    _load(network, state, name)
    if tuner:
        tuner.merge_and_unload(safe_merge=True)


def _load(network: nn.Module, state: dict[str, Tensor], name: str) -> None:
    known = dict(network.named_parameters())
    if any(key not in known or known[key].shape != value.shape for key, value in state.items()):
        raise InputError(f"The adapter {name} does not fit its base model.", "Train it again.")
    network.load_state_dict(state, strict=False)


@contextmanager
def without_lora(network: nn.Module) -> Iterator[None]:
    """The pretrained model as it predicts, for as long as the context lasts."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers = [module for module in network.modules() if isinstance(module, BaseTunerLayer)]
    training = network.training
    network.eval()
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        network.train(training)
        for layer in layers:
            layer.enable_adapters(True)


def _add_lora(network: nn.Module, rank: int, encoder: bool):
    """Put LoRA layers into a network in place; gives peft's tuner, which can merge them."""
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    targets = rf"model\.decoder\.layers\.\d+\.({_DECODER_TARGETS})"
    if encoder:
        targets += rf"|model\.encoder\.layers\.\d+\.({_ENCODER_TARGETS})"
    tuner = LoraModel(network, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets), "default")
    for name, parameter in network.named_parameters():
        if ".lora_" in name:
            parameter.data = parameter.data.float()
    return tuner
