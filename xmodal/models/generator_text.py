"""What a generator reads and writes: instructions and texts as tokens, and batches of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import AutoProcessor
from transformers.generation.streamers import BaseStreamer

from xmodal.models.generator import GeneratorConfig, GeneratorModel

if TYPE_CHECKING:
    from PIL import Image

SHORT, LONG = "Describe the picture briefly.", "Describe the picture in detail."
MOST_TOKENS = {SHORT: 40, LONG: 120}
"""Of a text that is generated; answers to questions have `ANSWER_TOKENS`."""
ANSWER_TOKENS = 24
LONG_FROM = 24
"""Words from which a description is a long one."""
_IGNORED, _HIDDEN = -100, -1e9


class GeneratorProcessor:
    """Pictures and instructions to what a `GeneratorModel` takes, and back to text.

    Args:
        tokenizer: Of the language model.
        config: Of the model.
        transform: Picture to pixels; timm's for the config's `transforms` if not given.
    """

    def __init__(self, tokenizer, config: GeneratorConfig, transform: Callable | None = None):
        self.tokenizer, self.config = tokenizer, config
        if transform is None:
            from timm.data import create_transform

            transform = create_transform(**config.transforms)
        self.transform = transform
        self.end = tokenizer.eos_token_id
        self.prefix = [config.image_token_id] * (config.grid**2 + 1) + self._tokens("\n")

    def __call__(self, images: Sequence["Image.Image"], text: Sequence[str]) -> dict[str, Tensor]:
        """RGB pictures and an instruction or question for each, to the arguments of `generate`."""
        return self.prompts(text) | {"pixel_values": torch.stack([self.transform(image) for image in images])}

    def prompts(self, instructions: Sequence[str]) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask` `(batch, tokens)`, padded on the left, with places for a picture each."""
        rows = [self.prefix + self._tokens(f"{one}\n") for one in instructions]
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.end)
        attention = torch.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, longest - len(row) :], attention[i, longest - len(row) :] = torch.tensor(row), 1
        return {"input_ids": ids, "attention_mask": attention}

    def segment(self, instruction: str, text: str, max_length: int) -> tuple[list[int], list[int]]:
        """Tokens of an instruction with its text, and the token after each that is to be learnt (-100 for none)."""
        asked = self._tokens(f"{instruction}\n")[: max_length - 1]
        told = [*self._tokens(text)[: max_length - len(asked)], self.end]
        return asked + told[:-1], [_IGNORED] * (len(asked) - 1) + told

    def decode(self, tokens: Sequence[int]) -> str:
        """The text up to its end."""
        return self.tokenizer.decode(tokens, skip_special_tokens=True).strip()

    def batch_decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """See `decode`."""
        return [self.decode(row) for row in rows]

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the tokenizer; how pictures are prepared stands in the model's config."""
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options) -> "GeneratorProcessor":
        """What `save_pretrained` wrote beside a saved model."""
        from transformers import AutoConfig, AutoTokenizer

        del options
        return cls(AutoTokenizer.from_pretrained(folder), AutoConfig.from_pretrained(folder))

    def _tokens(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False).input_ids


class PackedCollator:
    """Pictures to a batch, each with all of its texts in one sequence: the picture is gone through once for all.

    A text sees the picture and itself, and its tokens are counted from where the picture ends.

    Args:
        processor: Of the model.
    """

    def __init__(self, processor: GeneratorProcessor):
        self.processor = processor

    def __call__(self, rows: Sequence[dict]) -> dict[str, Tensor]:
        """Rows of `seen`, the tower's tokens `(places, dim)`, and `segments`, to the arguments of `GeneratorModel`."""
        prefix = self.processor.prefix
        longest = len(prefix) + max(sum(len(ids) for ids, _ in row["segments"]) for row in rows)
        ids = torch.full((len(rows), longest), self.processor.end)
        labels, positions = torch.full_like(ids, _IGNORED), torch.zeros_like(ids)
        part = torch.full_like(ids, -1)
        for i, row in enumerate(rows):
            at = len(prefix)
            ids[i, :at], positions[i, :at], part[i, :at] = torch.tensor(prefix), torch.arange(at), 0
            for number, (tokens, wanted) in enumerate(row["segments"], 1):
                end = at + len(tokens)
                ids[i, at:end], labels[i, at:end] = torch.tensor(tokens), torch.tensor(wanted)
                positions[i, at:end] = len(prefix) + torch.arange(len(tokens))
                part[i, at:end], at = number, end
        order = torch.arange(longest)
        seen = (part[:, None, :] == 0) | (part[:, None, :] == part[:, :, None])
        allowed = seen & (order[None, :] <= order[:, None])
        mask = torch.zeros(allowed.shape).masked_fill(~allowed, _HIDDEN)[:, None]
        return {
            "input_ids": ids, "labels": labels, "position_ids": positions, "attention_mask": mask,
            "picture_tokens": torch.stack([row["seen"] for row in rows]).float(),
        }  # fmt: skip


class _Streamer(BaseStreamer):
    """Tells the text so far after each token; the prompt comes first."""

    def __init__(self, processor: GeneratorProcessor, tell: Callable[[str], None]):
        self.processor, self.tell, self.tokens, self.begun = processor, tell, [], False

    def put(self, value: Tensor) -> None:
        """Called by `generate`."""
        if self.begun:
            self.tokens += value.flatten().tolist()
            self.tell(self.processor.decode(self.tokens))
        self.begun = True

    def end(self) -> None:
        """Called by `generate`."""


@torch.inference_mode()
def generate_texts(
    model: GeneratorModel, processor: GeneratorProcessor, seen: Tensor, instructions: Sequence[str],
    tell: Callable[[str], None] | None = None,
) -> list[str]:  # fmt: skip
    """A text for each picture.

    Args:
        model: In evaluation mode.
        processor: Of the model.
        seen: The tower's tokens `(batch, places, dim)`.
        instructions: `SHORT`, `LONG`, or a question, for each.
        tell: Called with the text so far, for a single picture; what it raises stops the text.
    """
    prompts = {name: value.to(model.device) for name, value in processor.prompts(instructions).items()}
    most = max(MOST_TOKENS.get(one, ANSWER_TOKENS) for one in instructions)
    out = model.generate(
        **prompts, picture_tokens=seen.to(model.device), max_new_tokens=most, do_sample=False,
        eos_token_id=processor.end, pad_token_id=processor.end,
        streamer=_Streamer(processor, tell) if tell else None,
    )  # fmt: skip
    return processor.batch_decode(out[:, prompts["input_ids"].shape[1] :].tolist())


def is_long(text: str) -> bool:
    """Whether a description is a long one."""
    return len(text.split()) >= LONG_FROM


AutoProcessor.register(GeneratorConfig, GeneratorProcessor, exist_ok=True)
