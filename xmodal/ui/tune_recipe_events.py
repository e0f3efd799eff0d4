"""The second part of the first step of the Fine-tune tab: what to train and how; the recipe follows every choice."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.modalities import MODALITIES
from xmodal.models.registry import list_models
from xmodal.training.config import Recipe, parse_recipe
from xmodal.ui import tune_start, tune_views, views
from xmodal.ui.i18n import label
from xmodal.ui.sessions import Sessions
from xmodal.ui.trained_models import is_own, list_trained
from xmodal.ui.tune_data import SetupSession
from xmodal.ui.tune_estimate import estimate
from xmodal.ui.tune_recipe import SETTINGS, make_content, suggest_name, write_yaml
from xmodal.ui.tune_tab import RecipePart

if TYPE_CHECKING:
    from xmodal.models.adapter_format import Adapter

_TOWER_TASKS = {"text": "embed", "image": "label", "audio": "transcribe"}
_SCRATCH = ("scratch-lstm", "scratch-transformer")
_EMPTY = [setting.name for setting in SETTINGS if setting.empty]
NO_NAME = "my-model"


@dataclass(frozen=True)
class Choices:
    """What a visitor chose.

    Attributes:
        task: What the model is to do.
        trainable: What is trained.
        name: Of the adapter.
        start: The adapter to go on from; empty for the pretrained models.
        teacher: The adapter to learn from; empty for none.
        weight: Share of the teacher in the loss.
        temperature: Softens its scores.
        towers: Modality to model.
        settings: Name of a setting to its value; None where the field is empty.
    """

    task: str
    trainable: str
    name: str
    start: str
    teacher: str
    weight: float | None
    temperature: float | None
    towers: dict[str, str]
    settings: dict[str, Any]


class RecipeEvents:
    """Handlers of the choices.

    Args:
        part: The components.
        task: The task's component.
        sessions: The visitors.
    """

    def __init__(self, part: RecipePart, task: gr.Radio, sessions: Sessions[SetupSession]):
        self.part, self.task, self.sessions = part, task, sessions

    def connect(self, page: gr.Blocks, opened: gr.Tab) -> None:
        """Make the recipe anew after each choice.

        Args:
            page: The page.
            opened: The step's own tab; there may be other adapters when it is opened again.
        """
        part = self.part
        options = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        inputs, shown = [self.task, *part.values], [part.costs, part.recipe, part.train, part.status]
        reshaping = [part.start, part.teacher]
        changes = [box.input for box in part.values if box not in reshaping]
        gr.on(changes, self.on_choice, inputs, shown, trigger_mode="always_last", **options)
        gr.on([box.input for box in reshaping], self.on_reshape, inputs, part.drawn, **options)
        opened.select(self.on_open, inputs, part.drawn, **options)
        page.load(self.on_arrive, None, [part.settings[name] for name in _EMPTY], **options)

    def follow(self, event) -> None:
        """After another look at the data, or another task: show what fits it."""
        event.then(
            self.on_data, [self.task, *self.part.values], self.part.drawn, api_visibility="private",
            show_progress="hidden", queue=False,
        )  # fmt: skip

    def on_arrive(self) -> list[None]:
        """The page was opened: fields that may be empty are so, which the browser does not do by itself."""
        return [None] * len(_EMPTY)

    def on_data(self, request: gr.Request, task: str, *values) -> dict:
        """Other data."""
        session, choices = self.sessions.get(request), self.read(task, values)
        if session.found is None:
            choices = replace(choices, trainable="")
        return self._offer(session, choices)

    def on_reshape(self, request: gr.Request, task: str, *values) -> dict:
        """An adapter to start from or to learn from was chosen."""
        return self._offer(self.sessions.get(request), self.read(task, values))

    def on_open(self, request: gr.Request, task: str, *values) -> dict:
        """The step was opened again: a run may have ended meanwhile."""
        session = self.sessions.get(request)
        if session.found is None:
            return {self.part.recipe: ""}
        session.adapters = list_trained()
        return self._offer(session, self.read(task, values))

    def on_choice(self, request: gr.Request, task: str, *values) -> dict:
        """Something was chosen."""
        return self._draw(self.sessions.get(request), self.read(task, values))

    def read(self, task: str, values: tuple) -> Choices:
        """The choices out of the values of `RecipePart.values`."""
        given = dict(zip(self.part.boxes, values, strict=True))
        towers = {modality: given.pop(f"tower_{modality}") or "" for modality in MODALITIES}
        alone = {name: given.pop(name) for name in ("trainable", "weight", "temperature")}
        names = {name: (given.pop(name) or "").strip() for name in ("name", "start", "teacher")}
        return Choices(task, **alone, **names, towers=towers, settings=given)

    def make_recipe(self, session: SetupSession, choices: Choices, *, shown: bool = False) -> dict:
        """The recipe as plain values.

        Args:
            session: What data was chosen.
            choices: What was chosen besides.
            shown: For people: a file's own name in the place of its path on this machine.
        """
        towers = {
            modality: model
            for modality, model in choices.towers.items()
            if modality in session.inputs and model and model != _models(choices.task, modality)[0]
        }
        source = session.name if shown and session.uploaded else session.source
        content = make_content(
            choices.task, source, session.columns, choices.trainable, towers, choices.name or NO_NAME, choices.settings
        )
        if start := _find(session.adapters, choices.start):
            content = tune_start.go_on_from(content, start)
        if choices.teacher and choices.task == "classify":
            content = tune_start.learn_from(content, choices.teacher, choices.weight, choices.temperature)
        return content

    def _offer(self, session: SetupSession, choices: Choices) -> dict:
        """Everything that can be chosen, and the recipe."""
        task, part = choices.task, self.part
        starts = tune_start.list_starts(session.adapters, task, session.found, session.inputs)
        found = session.found if task == "classify" else None
        teachers = tune_start.list_teachers(session.adapters, found, session.inputs)
        start = _find(starts, session.wanted) or _find(starts, choices.start)
        if start:
            session.wanted = ""
        offered = tune_start.offered_trainables(start, task)
        trainable = choices.trainable if choices.trainable in offered else offered[0]
        name = choices.name
        if not name or name == session.suggested:
            name = session.suggested = suggest_name(session.name, trainable) if session.source else ""
        towers = {m: _fitting(choices.towers[m], _models(task, m)) for m in MODALITIES}
        choices = replace(
            choices, trainable=trainable, name=name, towers=towers, start=start.name if start else "",
            teacher=choices.teacher if _find(teachers, choices.teacher) else "",
        )  # fmt: skip
        updates = {
            part.trainable: gr.update(
                choices=[(label(f"tune.train_{choice}"), choice) for choice in offered], value=trainable
            ),
            part.name: name,
            part.start: _adapter_choices(starts, choices.start, "tune.start_new"),
            part.teacher: _adapter_choices(teachers, choices.teacher, "tune.teacher_none"),
            **{box: gr.update(visible=bool(choices.teacher)) for box in (part.weight, part.temperature)},
        }
        for modality, box in part.towers.items():
            shown = modality in session.inputs and not start
            updates[box] = gr.update(choices=_models(task, modality), value=towers[modality], visible=shown)
        for setting in SETTINGS:
            locked = bool(start) and setting.name in tune_start.LOCKED
            updates[part.settings[setting.name]] = gr.update(visible=task in setting.tasks and not locked)
        return {**updates, **self._draw(session, choices)}

    def _draw(self, session: SetupSession, choices: Choices) -> dict:
        part = self.part
        if session.found is None:
            hint = views.hint("tune.costs_empty")
            return {part.costs: hint, part.recipe: "", part.train: gr.update(interactive=False), part.status: ""}
        shown = write_yaml(self.make_recipe(session, choices, shown=True))
        problem = ""
        try:
            parse_recipe(self.make_recipe(session, choices))
        except XmodalError as error:
            problem = views.notice(*views.words_of(error))
        return {
            part.costs: self._costs(session, choices), part.recipe: shown, part.status: problem,
            part.train: gr.update(interactive=not problem),
        }  # fmt: skip

    def _costs(self, session: SetupSession, choices: Choices) -> str:
        """An estimate for each thing that can be trained."""
        found, report = {}, session.found
        start = _find(session.adapters, choices.start)
        for trainable in tune_start.offered_trainables(start, choices.task):
            one = replace(choices, trainable=trainable, name=NO_NAME)
            try:
                recipe: Recipe = parse_recipe(self.make_recipe(session, one))
            except XmodalError:
                continue
            found[trainable] = estimate(recipe, report.train_rows, report.check_rows, session.inputs, session.factor)
        return tune_views.costs(found, choices.trainable, choices.task)


def _models(task: str, modality: str) -> list[str]:
    """The models that can be trained on, the default first."""
    written = task == "describe" and modality == "text"  # by a language model
    names = list_models("generate" if written else _TOWER_TASKS[modality])
    return names if task != "classify" else [*names, *_SCRATCH]


def _fitting(chosen: str, models: list[str]) -> str:
    return chosen if chosen in models else models[0]


def _find(adapters: "list[Adapter]", name: str) -> "Adapter | None":
    return next((adapter for adapter in adapters if adapter.name == name), None)


def _adapter_choices(adapters: "list[Adapter]", chosen: str, none: str) -> dict:
    """A choice for each adapter after that of none; the visitor's own carry a star."""
    named = [(f"★ {adapter.name}" if is_own(adapter) else adapter.name, adapter.name) for adapter in adapters]
    return gr.update(choices=[(label(none), ""), *named], value=chosen, visible=bool(adapters))
