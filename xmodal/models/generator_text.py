"""What a generator reads and writes: instructions and texts as tokens, and batches of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import AutoProcessor
from transformers.cache_utils import DynamicCache
from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList

from xmodal.models.beam_cache import widen
from xmodal.models.generator import GeneratorConfig, GeneratorModel

if TYPE_CHECKING:
    from PIL import Image

SHORT, LONG = "Describe the picture briefly.", "Describe the picture in detail."
ANSWER = "answer"
MOST_TOKENS = {SHORT: 40, LONG: 120, ANSWER: 24}
"""Of a text that is generated; a model that was taught longer ones has limits of its own (`longest_texts`)."""
BEAMS = 3
"""Texts that are followed side by side for a description: CIDEr on 499 photographs rose from 54.3 to 57.7 (two: 56.9),
and three take little longer than one."""
LONG_FROM = 24
"""Words from which a description is a long one."""
_IGNORED, _HIDDEN = -100, -1e9
_ROW = 256
"""Places of a row that short sequences share; attention takes the square of it."""
Lesson = tuple[list[int], list[list[int]]]
"""Tokens of an instruction, and of the texts that are right for it."""


class GeneratorProcessor:
    """Pictures and instructions to what a `GeneratorModel` takes, and back to text.

    Args:
        tokenizer: Of the language model.
        config: Of the model.
        transform: Picture to pixels; timm's for the config's `transforms` if not given.
        most: Tokens of a text at most, as `MOST_TOKENS`.
    """

    def __init__(
        self, tokenizer, config: GeneratorConfig, transform: Callable | None = None,
        most: dict[str, int] | None = None,
    ):  # fmt: skip
        self.tokenizer, self.config = tokenizer, config
        self.most = MOST_TOKENS | (most or {})
        if transform is None:
            from timm.data import create_transform

            transform = create_transform(**config.transforms)
        self.transform = transform
        self.end = tokenizer.eos_token_id
        self.line = self._tokens("\n")
        self.prefix = [config.image_token_id] * (config.grid**2 + 1) + self.line

    def __call__(
        self, images: Sequence["Image.Image"], text: Sequence[str], names: Sequence[str] | None = None
    ) -> dict[str, Tensor]:
        """RGB pictures, an instruction or question for each, and what `tell_names` makes of them, for `generate`."""
        return self.prompts(text, names) | {"pixel_values": torch.stack([self.transform(image) for image in images])}

    def prompts(self, instructions: Sequence[str], names: Sequence[str] | None = None) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask` `(batch, tokens)`, padded on the left, with places for a picture each."""
        named = names or [""] * len(instructions)
        rows = [self.start(name) + self._tokens(one) + self.line for one, name in zip(instructions, named, strict=True)]
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.end)
        attention = torch.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, longest - len(row) :], attention[i, longest - len(row) :] = torch.tensor(row), 1
        return {"input_ids": ids, "attention_mask": attention}

    def start(self, name: str) -> list[int]:
        """Tokens of a picture that is called so: places for what the tower sees, and the name in words."""
        return self.prefix + (self._tokens(name) + self.line if name else [])

    def lesson(self, instruction: str, texts: Sequence[str], max_length: int) -> Lesson:
        """Tokens of an instruction, and of each text that is right for it; at most `max_length` of each."""
        return self._tokens(instruction)[:max_length], [self._tokens(text)[:max_length] for text in texts]

    def longest_texts(self, told: Sequence[tuple[str, Sequence[str]]], max_length: int) -> dict[str, int]:
        """As `MOST_TOKENS`, with room for the longest of the texts for each kind of instruction, up to `max_length`."""
        longest = dict(MOST_TOKENS)
        for instruction, texts in told:
            kind = kind_of(instruction)
            for text in texts:
                longest[kind] = max(longest[kind], min(len(self._tokens(text)) + 1, max_length))
        return longest

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

    An instruction sees the picture, a text sees the picture and its instruction, as if there were no other. Short
    sequences share a row, so that little is padded.

    Args:
        processor: Of the model.
    """

    def __init__(self, processor: GeneratorProcessor):
        self.processor = processor

    def __call__(self, rows: Sequence[dict]) -> dict[str, Tensor]:
        """Rows of pictures to the arguments of `GeneratorModel`.

        Args:
            rows: `seen`, the tower's tokens `(places, dim)`, its `name` if that is told, and `lessons`.
        """
        starts = [self.processor.start(row.get("name", "")) for row in rows]
        packed = [self._pack(starts[i], row["lessons"], 1000 * i) for i, row in enumerate(rows)]
        shared = _share_rows([len(one) for one in packed])
        longest = max(sum(len(packed[i]) for i in group) for group in shared)
        filling = (self.processor.end, _IGNORED, 0, -1, -1, -1)
        filled = [[place for i in group for place in packed[i]] for group in shared]
        filled = torch.tensor([one + [filling] * (longest - len(one)) for one in filled])
        ids, labels, positions, part, parent, picture = filled.unbind(-1)
        order = torch.arange(longest)
        key = part[:, None, :]
        seen = (key == part[:, :, None]) | (key == parent[:, :, None]) | (key == picture[:, :, None])
        allowed = seen & (order[None, :] <= order[:, None])
        mask = torch.zeros(allowed.shape).masked_fill(~allowed, _HIDDEN)[:, None]
        return {
            "input_ids": ids, "labels": labels, "position_ids": positions, "attention_mask": mask,
            "picture_tokens": torch.stack([rows[i]["seen"] for group in shared for i in group]).float(),
        }  # fmt: skip

    def _pack(
        self, prefix: list[int], lessons: Sequence[Lesson], picture: int
    ) -> list[tuple[int, int, int, int, int, int]]:
        """For each place: token, the token to be learnt, position, its part, that part's parent, the picture's part."""
        line, end = self.processor.line, self.processor.end
        packed = [(token, _IGNORED, i, picture, picture, picture) for i, token in enumerate(prefix)]
        number = picture
        for asked, texts in lessons:
            number += 1
            packed += [(token, _IGNORED, len(prefix) + i, number, picture, picture) for i, token in enumerate(asked)]
            start, parent = len(prefix) + len(asked), number
            for text in texts:
                number += 1
                tokens = [*line, *text]
                wanted = [*[_IGNORED] * (len(line) - 1), *text, end]
                packed += [(token, label, start + i, number, parent, picture)
                           for i, (token, label) in enumerate(zip(tokens, wanted, strict=True))]  # fmt: skip
        return packed


def _share_rows(lengths: Sequence[int]) -> list[list[int]]:
    """Which sequences go into one row: the longest first, each into the first row that has room."""
    room = max(_ROW, *lengths)
    shared: list[list[int]] = []
    left: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        place = next((at for at, free in enumerate(left) if free >= lengths[i]), len(left))
        if place == len(left):
            shared.append([])
            left.append(room)
        shared[place].append(i)
        left[place] -= lengths[i]
    return shared


class _Teller(StoppingCriteria):
    """Tells the best text so far after each token; it never stops, but what `tell` raises does."""

    def __init__(self, processor: GeneratorProcessor, prompt: int, tell: Callable[[str], None]):
        self.processor, self.prompt, self.tell = processor, prompt, tell

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs) -> Tensor:
        """Called by `generate` with all texts that are followed, the best first."""
        del scores, kwargs
        self.tell(self.processor.decode(input_ids[0, self.prompt :].tolist()))
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


@torch.inference_mode()
def generate_texts(
    model: GeneratorModel, processor: GeneratorProcessor, seen: Tensor, instructions: Sequence[str],
    tell: Callable[[str], None] | None = None,
) -> list[str]:  # fmt: skip
    """A text for each picture: a description is the best of `BEAMS`, an answer is written word by word.

    Args:
        model: In evaluation mode.
        processor: Of the model.
        seen: The tower's tokens `(batch, places, dim)`.
        instructions: `SHORT`, `LONG`, or a question, for each.
        tell: Called with the first picture's text so far; another text may turn out to be better in the end. What it
            raises stops all.
    """
    texts: dict[int, str] = {}
    for beams in (1, BEAMS):
        which = [i for i, one in enumerate(instructions) if (kind_of(one) == ANSWER) == (beams == 1)]
        if which:
            asked = [instructions[i] for i in which]
            out, length = _generate(model, processor, seen[which], asked, tell, num_beams=beams)
            texts |= dict(zip(which, processor.batch_decode(out[:, length:].tolist()), strict=True))
    return [texts[i] for i in range(len(instructions))]


@torch.inference_mode()
def answer_texts(
    model: GeneratorModel, processor: GeneratorProcessor, seen: Tensor, questions: Sequence[str]
) -> list[tuple[str, float]]:
    """As `generate_texts`, each with the log probability that the model gives to just this text."""
    out, length = _generate(model, processor, seen, questions, return_dict_in_generate=True, output_scores=True)
    written = out.sequences[:, length:]
    chances = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
    ended = (written == processor.end).cumsum(1)
    counted = (ended == 0) | ((ended == 1) & (written == processor.end))  # up to the end, which is a choice too
    sums = chances.masked_fill(~counted, 0.0).sum(1)
    return list(zip(processor.batch_decode(written.tolist()), sums.tolist(), strict=True))


def _generate(
    model: GeneratorModel, processor: GeneratorProcessor, seen: Tensor, instructions: Sequence[str],
    tell: Callable[[str], None] | None = None, num_beams: int = 1, **options,
):  # fmt: skip
    """What `generate` gives, and the prompt's length."""
    seen = seen.to(model.device)
    names = model.tower.tell_names(seen, model.config.names)
    prompts = {name: value.to(model.device) for name, value in processor.prompts(instructions, names).items()}
    length = prompts["input_ids"].shape[1]
    most = max(processor.most[kind_of(one)] for one in instructions)
    if tell:
        options["stopping_criteria"] = StoppingCriteriaList([_Teller(processor, length, tell)])
    if num_beams > 1:
        options["past_key_values"] = widen(_read(model, prompts, seen), num_beams, most + 1)
    else:
        options["picture_tokens"] = seen
    out = model.generate(
        **prompts, do_sample=False, num_beams=num_beams, max_new_tokens=most,
        eos_token_id=processor.end, pad_token_id=processor.end, **options,
    )  # fmt: skip
    return out, length


def _read(model: GeneratorModel, prompts: dict[str, Tensor], seen: Tensor) -> DynamicCache:
    """What the language model remembers of the pictures and all but the last token of their instructions."""
    attention = prompts["attention_mask"][:, :-1]
    cache = DynamicCache(config=model.config.text_config)
    model(
        input_ids=prompts["input_ids"][:, :-1], attention_mask=attention, picture_tokens=seen,
        position_ids=(attention.cumsum(1) - 1).clamp(min=0), past_key_values=cache, use_cache=True, logits_to_keep=1,
    )  # fmt: skip
    return cache


def kind_of(instruction: str) -> str:
    """`SHORT` or `LONG`, or `ANSWER` for a question."""
    return instruction if instruction in (SHORT, LONG) else ANSWER


def is_long(text: str) -> bool:
    """Whether a description is a long one."""
    return len(text.split()) >= LONG_FROM


AutoProcessor.register(GeneratorConfig, GeneratorProcessor, exist_ok=True)
