"""Layout of the Fine-tune tab: set-up, and training with its result. What happens is in `tune_*.py`."""

from dataclasses import dataclass

import gradio as gr

from xmodal.data.samples import list_samples
from xmodal.modalities import MODALITIES
from xmodal.training.config import Distillation
from xmodal.ui.i18n import html, label
from xmodal.ui.theme import panel
from xmodal.ui.tune_recipe import SETTINGS, TASKS, TRAINABLES, Setting
from xmodal.ui.tune_result_tab import ResultPart, build_result
from xmodal.ui.views import hint

ROLES = {
    "classify": ("text", "image", "audio", "label"),
    "answer": ("question", "context", "answer"),
    "transcribe": ("audio", "transcription"),
    "describe": ("image", "question", "text"),
}
"""Columns that can be chosen by hand."""
_PLACES = {"train": "xm-tune-", "data": "xm-tune-data-", "recipe": "xm-tune-"}


@dataclass(frozen=True)
class DataPart:
    """Components for the task and the data."""

    task: gr.Radio
    samples: dict[str, gr.Button]
    no_samples: gr.HTML
    file: gr.File
    hub: gr.Textbox
    look: gr.Button
    columns: dict[str, gr.Dropdown]
    stop: gr.Button
    status: gr.HTML
    report: gr.HTML

    @property
    def drawn(self) -> list:
        """Everything that a look at the data changes."""
        return [self.status, self.report, self.stop, *self.columns.values()]


@dataclass(frozen=True)
class RecipePart:
    """Components for what to train and how."""

    start: gr.Dropdown
    trainable: gr.Radio
    costs: gr.HTML
    name: gr.Textbox
    towers: dict[str, gr.Dropdown]
    settings: dict[str, gr.Component]
    teacher: gr.Dropdown
    weight: gr.Slider
    temperature: gr.Slider
    recipe: gr.Code
    train: gr.Button
    status: gr.HTML

    @property
    def boxes(self) -> dict[str, gr.Component]:
        """Everything that says what to train, by name."""
        towers = {f"tower_{modality}": box for modality, box in self.towers.items()}
        alone = ("trainable", "name", "start", "teacher", "weight", "temperature")
        return {**{name: getattr(self, name) for name in alone}, **towers, **self.settings}

    @property
    def values(self) -> list:
        """The same without the names."""
        return list(self.boxes.values())

    @property
    def drawn(self) -> list:
        """Everything that depends on the choices."""
        return [*self.values, self.costs, self.recipe, self.train, self.status]


@dataclass(frozen=True)
class RunPart:
    """Components for one run."""

    picked: gr.Dropdown
    state: gr.HTML
    curve: gr.HTML
    log: gr.HTML
    cancel: gr.Button
    resume: gr.Button
    compare: gr.Button
    result: ResultPart


@dataclass(frozen=True)
class TuneTab:
    """The tab's components."""

    steps: gr.Tabs
    setup_tab: gr.Tab
    data: DataPart
    recipe: RecipePart
    run: RunPart
    run_tab: gr.Tab


def build_tune_tab() -> TuneTab:
    """The layout: two steps, each a tab."""
    with gr.Tabs(elem_id="xm-tune-steps", overflow_behavior="wrap") as steps:
        with gr.Tab(label("tune.setup_tab"), id="setup") as setup_tab, gr.Row(elem_classes="xm-columns"):
            with gr.Column(scale=5, min_width=300):
                source = _build_source()
            with gr.Column(scale=7, min_width=300):
                panel(f"<h2>{html('tune.found')}</h2>")
                report = panel(hint("tune.found_empty"), "xm-card", elem_id="xm-tune-report")
                recipe = _build_recipe()
        with gr.Tab(label("tune.run_tab"), id="run") as run_tab:
            run = _build_run()
    return TuneTab(steps, setup_tab, DataPart(report=report, **source), recipe, run, run_tab)


def _build_source() -> dict:
    task = gr.Radio(
        [(label(f"tune.task_{name}"), name) for name in TASKS], value=TASKS[0], label=label("tune.task"),
        elem_id="xm-tune-task",
    )  # fmt: skip
    panel(f"<h2>{html('tune.data')}</h2>")
    with gr.Tabs(elem_id="xm-tune-source"):
        with gr.Tab(label("tune.sample_tab")):
            panel(hint("tune.sample_info"))
            samples = {
                sample.name: gr.Button(
                    label(f"tune.sample_{sample.name.replace('-', '_')}"), size="sm", visible=sample.task == TASKS[0],
                    elem_id=f"xm-tune-sample-{sample.name}", elem_classes="xm-sample",
                )
                for task_name in TASKS for sample in list_samples(task_name)
            }  # fmt: skip
            no_samples = panel(hint("tune.no_samples"), visible=False)
        with gr.Tab(label("tune.upload_tab")):
            file = gr.File(
                label=label("tune.upload"), height=150, elem_id="xm-tune-file", elem_classes="xm-drop"
            )  # of any type: what is wrong with it is said below, not in a corner of the page
            panel(hint("tune.upload_info"), elem_id="xm-tune-upload-info")
        with gr.Tab(label("tune.hub_tab")):
            hub = gr.Textbox(
                label=label("tune.hub"), info=label("tune.hub_info"), placeholder="owner/name", elem_id="xm-tune-hub"
            )
            look = gr.Button(label("tune.look"), size="sm", elem_id="xm-tune-look")
    with gr.Row(elem_classes="xm-run"):
        stop = gr.Button(label("app.stop"), variant="stop", size="sm", visible=False, elem_id="xm-tune-data-stop")
    status = panel(elem_id="xm-tune-data-status")
    with gr.Row():
        columns = {
            role: gr.Dropdown(
                [], label=label(f"tune.role_{role}"), visible=False, min_width=130, elem_id=f"xm-tune-column-{role}"
            )
            for role in dict.fromkeys(role for roles in ROLES.values() for role in roles)
        }
    return {
        "task": task, "samples": samples, "no_samples": no_samples, "file": file, "hub": hub, "look": look,
        "columns": columns, "stop": stop, "status": status,
    }  # fmt: skip


def _build_recipe() -> RecipePart:
    panel(f"<h2>{html('tune.how')}</h2>")
    start = gr.Dropdown(
        [(label("tune.start_new"), "")], value="", label=label("tune.start"), info=label("tune.start_info"),
        visible=False, elem_id="xm-tune-start",
    )  # fmt: skip
    trainable = gr.Radio(
        [(label(f"tune.train_{name}"), name) for name in TRAINABLES[TASKS[0]]], value=TRAINABLES[TASKS[0]][0],
        show_label=False, elem_id="xm-tune-trainable",
    )  # fmt: skip
    costs = panel(hint("tune.costs_empty"), "xm-card", elem_id="xm-tune-costs")
    name = gr.Textbox(label=label("tune.name"), info=label("tune.name_info"), max_lines=1, elem_id="xm-tune-name")
    with gr.Accordion(label("tune.advanced"), open=False, elem_id="xm-tune-advanced"):
        with gr.Row():
            towers = {
                modality: gr.Dropdown(
                    [], label=label(f"tune.tower_{modality}"), visible=False, min_width=180,
                    elem_id=f"xm-tune-tower-{modality}",
                )
                for modality in MODALITIES
            }  # fmt: skip
        with gr.Row():
            settings = {setting.name: _build_setting(setting) for setting in SETTINGS}
        teacher, weight, temperature = _build_teacher()
    with gr.Accordion(label("tune.recipe"), open=False, elem_id="xm-tune-recipe-box"):
        panel(hint("tune.recipe_info"))
        recipe = gr.Code(
            language="yaml", interactive=False, show_label=False, lines=6, buttons=["copy", "download"],
            elem_id="xm-tune-recipe",
        )  # fmt: skip
    with gr.Row(elem_classes="xm-run"):
        train = gr.Button(label("tune.train"), variant="primary", interactive=False, elem_id="xm-tune-train")
    status = panel(elem_id="xm-tune-recipe-status")
    return RecipePart(
        start, trainable, costs, name, towers, settings, teacher, weight, temperature, recipe, train, status
    )


def _build_teacher() -> tuple[gr.Dropdown, gr.Slider, gr.Slider]:
    """Distillation: whose scores to learn, and how."""
    fields = Distillation.model_fields
    teacher = gr.Dropdown(
        [(label("tune.teacher_none"), "")], value="", label=label("tune.teacher"), info=label("tune.teacher_info"),
        visible=False, min_width=180, elem_id="xm-tune-teacher",
    )  # fmt: skip
    with gr.Row():
        weight = gr.Slider(
            0.1, 1, fields["weight"].default, step=0.1, label=label("tune.weight"), info=label("tune.weight_info"),
            visible=False, min_width=180, elem_id="xm-tune-weight",
        )  # fmt: skip
        temperature = gr.Slider(
            0.5, 10, fields["temperature"].default, step=0.5, label=label("tune.temperature"),
            info=label("tune.temperature_info"), visible=False, min_width=180, elem_id="xm-tune-temperature",
        )  # fmt: skip
    return teacher, weight, temperature


def _build_setting(setting: Setting) -> gr.Component:
    """A component that fits the field's type."""
    kind, default = setting.kind, setting.default
    common = {
        "label": label(f"tune.field_{setting.name}"), "info": label(f"tune.info_{setting.name}"),
        "visible": TASKS[0] in setting.tasks, "elem_id": f"{_PLACES[setting.place]}{setting.name}",
    }  # fmt: skip
    if kind is bool:
        return gr.Checkbox(default, min_width=180, elem_classes="xm-tick", **common)
    if isinstance(kind, tuple):
        named = setting.name != "optimizer"
        choices = [(label(f"tune.choice_{value}") if named else value, value) for value in kind]
        return gr.Dropdown(choices, value=default, min_width=180, **common)
    # One that is empty from the beginning would say 0; see `RecipeEvents.on_arrive`.
    return gr.Number(
        None if setting.empty else default, precision=0 if kind is int else None, minimum=setting.least,
        maximum=setting.most, min_width=180,
        placeholder=label(f"tune.empty_{setting.empty}") if setting.empty else None, **common,
    )  # fmt: skip


def _build_run() -> RunPart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            picked = gr.Dropdown([], label=label("tune.picked"), visible=False, elem_id="xm-tune-picked")
            state = panel(hint("tune.no_runs"), "xm-card", elem_id="xm-tune-state")
            with gr.Row(elem_classes="xm-run"):
                cancel = gr.Button(label("tune.cancel"), variant="stop", visible=False, elem_id="xm-tune-cancel")
                resume = gr.Button(label("tune.resume"), visible=False, elem_id="xm-tune-resume")
            with gr.Row(elem_classes="xm-tools"):
                compare = gr.Button(label("tune.compare"), size="sm", visible=False, elem_id="xm-tune-compare")
            panel(f"<h2>{html('tune.curve')}</h2>")
            curve = panel(hint("tune.curve_empty"), "xm-card", elem_id="xm-tune-curve")
            with gr.Accordion(label("tune.log"), open=False, elem_id="xm-tune-log-box"):
                log = panel(elem_id="xm-tune-log")
        with gr.Column(scale=7, min_width=300):
            result = build_result()
    return RunPart(picked, state, curve, log, cancel, resume, compare, result)
