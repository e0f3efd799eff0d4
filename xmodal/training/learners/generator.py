"""Trains generators: descriptions of pictures, and answers to questions about them."""

import copy
import threading
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from xmodal.data.sets import LoadedData
from xmodal.device import pick_device
from xmodal.errors import InputError
from xmodal.models.adapters import Adapter, load_adapter
from xmodal.models.classifier_model import quicken
from xmodal.models.generator import GRID, build_generator
from xmodal.models.generator_adapter import (
    Generator,
    for_use,
    load_generator,
    load_trained,
    make_processor,
    prepare_generator,
    trained_tensors,
)
from xmodal.models.generator_text import LONG, SHORT, PackedCollator
from xmodal.progress import Reporter
from xmodal.tasks.features import tower_tokens
from xmodal.training.class_pictures import make_class_pictures, name_lessons
from xmodal.training.config import Recipe
from xmodal.training.learners.base import Learner, require_alike
from xmodal.training.metrics import Metrics
from xmodal.training.picture_confidence import AS_IT_IS, fit_answer_odds, put_aside
from xmodal.training.picture_lessons import ask_about, instruction, lessons_of, references
from xmodal.training.picture_telling import answer_asked, tell_asked
from xmodal.training.runs import last_checkpoint
from xmodal.training.text_metrics import description_metrics
from xmodal.training.word_start import start_on_words


class GeneratorLearner(Learner):
    """See `Learner`. The tower is frozen and run once for each picture; the connector is always trained.

    A row with a `question` teaches its answer, one without teaches a description, by the instruction for short or for
    long ones as it is itself.

    Attributes:
        rows: Those that are trained on.
        aside: Questions that the confidence of answers is fitted to.
        answer_odds: What came of that.
        most: Tokens of a text at most, so that the longest that is taught is not cut.
        fresh: The connector is to learn words first; nothing that was trained will be put in its place.
    """

    family = "generator"
    metric = "cider"

    def __init__(self, recipe: Recipe, data: LoadedData, report: Reporter | None = None):
        super().__init__(recipe, data)
        if "image" not in data.roles:
            raise InputError("The data set has no pictures.", "Map its columns in `data.columns`.")
        self.metric = "exact_match" if _only_questions(list(data.train)) else "cider"
        train, device = recipe.train, pick_device()
        self.rows, self.aside = put_aside(list(data.train), train.seed)
        self.answer_odds = AS_IT_IS
        # Frozen weights need not be exact; those that are trained must, as steps are smaller than bfloat16 tells apart.
        dtype = device.torch_dtype if train.trainable in ("head", "lora") else torch.float32
        model, self.base = build_generator(
            recipe.towers.get("image", ""), recipe.towers.get("text", ""), dtype, report=report, device=device
        )
        self.processor = make_processor(model)
        told = [(instruction(row), references(row)) for row in self.rows]
        self.most = self.processor.longest_texts(told, train.max_length)
        quicken(model.language)
        prepare_generator(model, train.trainable, train.lora_rank, train.top_layers)
        self.model = model
        self.fresh = not recipe.start
        if recipe.start:
            self.put_in(load_adapter(recipe.start))

    def put_in(self, adapter: Adapter) -> None:
        """See `Learner.put_in`; a trained connector can get LoRA beside it."""
        trained = adapter.settings.get("train", {}).get("trainable")
        names = {"lora": ("trainable", "lora_rank"), "top": ("trainable", "top_layers"), "full": ("trainable",)}
        require_alike(adapter, self.recipe, self.family, self.base, names.get(trained, ()))
        load_trained(self.model, adapter)

    def measure(
        self, rows: Sequence[dict], report: Reporter | None = None, cancel: threading.Event | None = None
    ) -> Metrics:
        """See `Learner.measure`."""
        # As it will be used; LoRA layers that are not merged take 1.7 times as long a word.
        return _metrics(rows, _tell(for_use(copy.deepcopy(self.model), self.most), rows, report, cancel))

    def fit(
        self, folder: Path, report: Reporter | None, cancel: threading.Event | None, *, resume: bool = False
    ) -> None:
        """See `Learner.fit`."""
        if resume and last_checkpoint(folder):
            self.fresh = False
        super().fit(folder, report, cancel, resume=resume)
        if self.aside:
            asked = [(row["image"], instruction(row)) for row in self.aside]
            found = answer_asked(for_use(copy.deepcopy(self.model), self.most), asked, report, cancel)
            self.answer_odds = fit_answer_odds(found, [references(row) for row in self.aside])

    def prepare(self, report: Reporter | None = None, cancel: threading.Event | None = None):
        """See `Learner.prepare`; a row is a picture with its texts."""
        self.model.tower.eval()
        most, train = self.recipe.train.max_length, self.recipe.train
        taught = self.rows
        if train.caption_questions:
            taught = taught + ask_about(taught, train.caption_questions, train.seed)
        lessons = lessons_of(taught)
        pictures = list(dict.fromkeys(picture for picture, _ in lessons))
        seen = dict(zip(pictures, tower_tokens(self.model.tower, pictures, report, cancel), strict=True))
        names = self._names(seen)
        rows = []
        for picture, asked_and_told in lessons:
            told = [self.processor.lesson(asked, texts, most) for asked, texts in asked_and_told.items()]
            # Without a `length`: rows of like length are often of one kind, and some steps of nothing but pictures that
            # cannot be told undo what was learnt (the loss of captions went from 2.7 to 3.8 in ten).
            rows.append({"seen": seen[picture], "name": names[picture], "lessons": told})
        if self.fresh:
            self._start_on_words(seen, lessons, rows, report, cancel)
        if train.class_pictures:
            rows += self._class_rows(list(seen.values()))
        return rows, PackedCollator(self.processor)

    def _names(self, seen: dict[str, Tensor]) -> dict[str, str]:
        """What the tower calls each picture."""
        whole = torch.stack([tokens[:1] for tokens in seen.values()]).to(self.model.device)
        return dict(zip(seen, self.model.tower.tell_names(whole, self.model.config.names), strict=True))

    def _class_rows(self, seen: Sequence[Tensor]) -> list[dict]:
        """Made-up pictures of the tower's classes."""
        made = make_class_pictures(self.model.tower, seen, self.recipe.train.class_pictures, self.recipe.train.seed)
        rows = {str(i): tokens for i, (tokens, _) in enumerate(made)}
        names = self._names(rows)
        return [
            {"seen": tokens, "name": names[str(i)],
             "lessons": [self.processor.lesson(asked, texts, self.recipe.train.max_length)
                         for asked, texts in name_lessons(name).items()]}
            for i, (tokens, name) in enumerate(made)
        ]  # fmt: skip

    def _start_on_words(self, seen: dict[str, Tensor], lessons, rows: Sequence[dict], report, cancel) -> None:
        """Teach the connector the words of the descriptions, or of the answers of pictures that have none."""
        described: dict[str, list] = {picture: [] for picture in seen}
        answered: dict[str, list] = {picture: [] for picture in seen}
        for (picture, asked_and_told), row in zip(lessons, rows, strict=True):
            for asked, (_, tokens) in zip(asked_and_told, row["lessons"], strict=True):
                (described if asked in (SHORT, LONG) else answered)[picture] += tokens
        texts = [described[picture] or answered[picture] for picture in seen]
        start_on_words(self.model, list(seen.values()), texts, self.recipe.train.seed, report, cancel)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """See `Learner.tensors`."""
        return trained_tensors(self.model, self.recipe.train.trainable)

    def settings(self) -> dict:
        """See `Learner.settings`."""
        told = {"answer_odds": list(self.answer_odds), "most_tokens": self.most}
        return {"grid": GRID, "names": self.model.config.names, "levels": self.model.config.levels, **told}

    @classmethod
    def measure_adapter(
        cls,
        adapter: Adapter,
        data: LoadedData,
        report: Reporter | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Metrics, list[dict]]:
        """See `Learner.measure_adapter`.

        Raises:
            InputError: The data has no pictures, or the adapter is of another family.
        """
        if "image" not in data.roles:
            raise InputError("The data set has no pictures.", "Map its columns in `data.columns`.")
        rows = list(data.check)
        texts = _tell(load_generator(adapter, report), rows, report, cancel)
        lines = [
            {"id": row["id"], "question": row.get("question"), "references": references(row), "prediction": text}
            for row, text in zip(rows, texts, strict=True)
        ]
        return _metrics(rows, texts), lines

    @classmethod
    def extra_metrics(
        cls,
        adapter: Adapter,
        data: LoadedData,
        lines: Sequence[dict],
        report: Reporter | None,
        cancel: threading.Event | None,
    ) -> dict:
        """See `Learner.extra_metrics`: descriptions and answers by themselves."""
        del adapter, report, cancel
        kinds: dict[str, list[int]] = {}
        for i, line in enumerate(lines):
            kinds.setdefault("questions" if line["question"] else "descriptions", []).append(i)
        rows = list(data.check)
        return {
            "by_kind": {
                kind: {"rows": len(of), **_metrics([rows[i] for i in of], [lines[i]["prediction"] for i in of]).values}
                for kind, of in sorted(kinds.items())
            }
        }


def _tell(generator: Generator, rows: Sequence[dict], report, cancel) -> list[str]:
    return tell_asked(generator, [(row["image"], instruction(row)) for row in rows], report, cancel)


def _metrics(rows: Sequence[dict], texts: Sequence[str]) -> Metrics:
    """Where a picture's descriptions are several rows, each is compared with all of them."""
    accepted: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        accepted.setdefault((row["image"], instruction(row)), []).extend(references(row))
    return description_metrics([accepted[row["image"], instruction(row)] for row in rows], texts)


def _only_questions(rows: Sequence[dict]) -> bool:
    return all(row.get("question") for row in rows)
