"""The second step of the Fine-tune tab: what to train and how; the recipe follows every choice."""

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.models.registry import list_models
from xmodal.training.config import Recipe, parse_recipe
from xmodal.ui import tune_views, views
from xmodal.ui.i18n import label
from xmodal.ui.sessions import Sessions
from xmodal.ui.tune_data import SetupSession
from xmodal.ui.tune_estimate import estimate
from xmodal.ui.tune_recipe import SETTINGS, TRAINABLES, make_content, suggest_name, write_yaml
from xmodal.ui.tune_tab import MODALITIES, RecipePart

_TOWER_TASKS = {"text": "embed", "image": "label", "audio": "transcribe"}
_SCRATCH = ("scratch-lstm", "scratch-transformer")
NO_NAME = "my-model"


class RecipeEvents:
    """Handlers of the choices.

    Args:
        part: The components.
        task: The task's component.
        sessions: The visitors.
    """

    def __init__(self, part: RecipePart, task: gr.Radio, sessions: Sessions[SetupSession]):
        self.part, self.task, self.sessions = part, task, sessions

    def connect(self) -> None:
        """Make the recipe anew after each choice."""
        part = self.part
        options = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        shown = [part.costs, part.recipe, part.train, part.status]
        changes = [box.input for box in part.values]
        gr.on(changes, self.on_choice, [self.task, *part.values], shown, trigger_mode="always_last", **options)

    def follow(self, event) -> None:
        """After another look at the data, or another task: show what fits it."""
        event.then(
            self.on_data, [self.task, *self.part.values], self.part.drawn, api_visibility="private",
            show_progress="hidden", queue=False,
        )  # fmt: skip

    def on_data(self, request: gr.Request, task: str, trainable: str, name: str, *values) -> dict:
        """Other data."""
        session, part = self.sessions.get(request), self.part
        offered = TRAINABLES[task]
        trainable = trainable if trainable in offered and session.found else offered[0]
        if not name or name == session.suggested:
            name = session.suggested = suggest_name(session.name, trainable) if session.source else ""
        chosen = dict(zip(part.towers, values, strict=False))
        updates = {
            part.trainable: gr.update(
                choices=[(label(f"tune.train_{choice}"), choice) for choice in offered], value=trainable
            ),
            part.name: name,
        }
        for modality, box in part.towers.items():
            models = _models(task, modality)
            value = chosen[modality] if chosen[modality] in models else models[0]
            updates[box] = gr.update(choices=models, value=value, visible=modality in session.inputs)
            chosen[modality] = value
        for setting in SETTINGS:
            updates[part.settings[setting.name]] = gr.update(visible=task in setting.tasks)
        values = [*chosen.values(), *values[len(MODALITIES) :]]
        return {**updates, **self._draw(session, task, trainable, name, values)}

    def on_choice(self, request: gr.Request, task: str, trainable: str, name: str, *values) -> dict:
        """Something was chosen."""
        return self._draw(self.sessions.get(request), task, trainable, name, list(values))

    def make_recipe(
        self, session: SetupSession, task: str, trainable: str, name: str, values: list, *, shown: bool = False
    ) -> dict:
        """The recipe as plain values.

        Args:
            session: What data was chosen.
            task: What the model is to do.
            trainable: What is trained.
            name: Of the adapter.
            values: Of the towers' and the settings' components.
            shown: For people: a file's own name in the place of its path on this machine.
        """
        chosen = dict(zip(self.part.towers, values, strict=False))
        towers = {
            modality: model
            for modality, model in chosen.items()
            if modality in session.inputs and model and model != _models(task, modality)[0]
        }
        given = dict(zip(self.part.settings, values[len(chosen) :], strict=True))
        source = session.name if shown and session.uploaded else session.source
        return make_content(task, source, session.columns, trainable, towers, (name or "").strip() or NO_NAME, given)

    def _draw(self, session: SetupSession, task: str, trainable: str, name: str, values: list) -> dict:
        part = self.part
        if session.found is None:
            hint = views.hint("tune.costs_empty")
            return {part.costs: hint, part.recipe: "", part.train: gr.update(interactive=False), part.status: ""}
        shown = write_yaml(self.make_recipe(session, task, trainable, name, values, shown=True))
        problem = ""
        try:
            parse_recipe(self.make_recipe(session, task, trainable, name, values))
        except XmodalError as error:
            problem = views.notice(*views.words_of(error))
        costs = self._costs(session, task, values, trainable)
        return {
            part.costs: costs, part.recipe: shown, part.status: problem,
            part.train: gr.update(interactive=not problem),
        }  # fmt: skip

    def _costs(self, session: SetupSession, task: str, values: list, chosen: str) -> str:
        """An estimate for each thing that can be trained."""
        found = {}
        for trainable in TRAINABLES[task]:
            try:
                recipe: Recipe = parse_recipe(self.make_recipe(session, task, trainable, NO_NAME, values))
            except XmodalError:
                continue
            report = session.found
            found[trainable] = estimate(recipe, report.train_rows, report.check_rows, session.inputs, session.factor)
        return tune_views.costs(found, chosen)


def _models(task: str, modality: str) -> list[str]:
    """The models that can be trained on, the default first."""
    names = list_models(_TOWER_TASKS[modality])
    return names if task != "classify" else [*names, *_SCRATCH]
