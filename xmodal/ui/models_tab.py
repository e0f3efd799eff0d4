"""Layout of the Models and runs tab. What happens is in `models_events.py`, `models_runs_events.py` and
`models_keep_events.py`."""

from dataclasses import dataclass

import gradio as gr

from xmodal.jobs.feedback_export import TARGETS
from xmodal.ui.blind_tab import BlindPart, build_blind
from xmodal.ui.i18n import html, label
from xmodal.ui.models_views import KINDS, TASKS
from xmodal.ui.theme import panel
from xmodal.ui.views import hint

PICK_ONE = """
element.addEventListener("click", (event) => {
  const item = event.target.closest("button[data-pick]");
  if (!item) return;
  for (const other of element.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", other === item);
  trigger("select", { pick: item.dataset.pick });
});
"""
PICK_SEVERAL = """
element.addEventListener("change", () => {
  const boxes = [...element.querySelectorAll("input[data-pick]:checked")];
  trigger("select", { pick: boxes.map((box) => box.dataset.pick) });
});
"""


@dataclass(frozen=True)
class Confirm:
    """A question before something is deleted."""

    row: gr.Column
    question: gr.HTML
    extra: gr.Checkbox | None
    yes: gr.Button
    no: gr.Button

    @property
    def parts(self) -> list:
        """Everything that changes."""
        return [self.row, self.question, *([self.extra] if self.extra else [])]

    def asked(self, question: str) -> dict:
        """Updates that ask."""
        return {self.row: gr.update(visible=True), self.question: question}

    def cleared(self) -> dict:
        """Updates that take the question away."""
        extra = {self.extra: gr.update(value=False)} if self.extra else {}
        return {self.row: gr.update(visible=False), self.question: "", **extra}


@dataclass(frozen=True)
class ModelsPart:
    """Components for the models."""

    task: gr.Dropdown
    kind: gr.Dropdown
    words: gr.Textbox
    list: gr.HTML
    file: gr.File
    details: gr.HTML
    buttons: dict[str, gr.Button]
    stop: gr.Button
    confirm: Confirm
    status: gr.HTML
    packed: gr.DownloadButton
    card_box: gr.Accordion
    card: gr.HTML
    rename_box: gr.Accordion
    name: gr.Textbox
    rename: gr.Button
    push_box: gr.Accordion
    repo: gr.Textbox
    token: gr.Textbox
    private: gr.Checkbox
    push: gr.Button

    @property
    def filters(self) -> list:
        """What chooses the models shown."""
        return [self.task, self.kind, self.words]

    @property
    def drawn(self) -> list:
        """Everything that depends on the model chosen."""
        return [
            self.list, self.details, *self.buttons.values(), self.stop, *self.confirm.parts, self.status, self.card_box,
            self.card, self.rename_box, self.name, self.push_box, self.token,
        ]  # fmt: skip


@dataclass(frozen=True)
class RunsPart:
    """Components for the runs."""

    list: gr.HTML
    refresh: gr.Button
    buttons: dict[str, gr.Button]
    confirm: Confirm
    status: gr.HTML
    table: gr.HTML
    curves: gr.HTML
    recipe_box: gr.Accordion
    recipe: gr.Code
    timer: gr.Timer

    @property
    def drawn(self) -> list:
        """Everything that changes."""
        return [
            self.list, *self.buttons.values(), *self.confirm.parts, self.status, self.table, self.curves,
            self.recipe_box, self.recipe, self.timer,
        ]  # fmt: skip


@dataclass(frozen=True)
class KeepPart:
    """Components for the ratings and the disk."""

    counts: gr.HTML
    latest: gr.HTML
    csv: gr.Button
    task: gr.Radio
    data_set: gr.Button
    packed: gr.DownloadButton
    feedback_status: gr.HTML
    disk: gr.HTML
    confirm: Confirm
    disk_status: gr.HTML

    @property
    def ratings(self) -> list:
        """What shows the ratings."""
        return [self.counts, self.latest, self.feedback_status]

    @property
    def folders(self) -> list:
        """What shows the disk."""
        return [self.disk, *self.confirm.parts, self.disk_status]


@dataclass(frozen=True)
class ModelsTab:
    """The tab's parts, and the inner tabs that they are on."""

    models: ModelsPart
    runs: RunsPart
    keep: KeepPart
    blind: BlindPart
    models_opened: gr.Tab
    runs_opened: gr.Tab
    blind_opened: gr.Tab
    feedback_opened: gr.Tab
    disk_opened: gr.Tab


def build_models_tab() -> ModelsTab:
    """The layout: models, runs, ratings and the disk, each on a tab of its own."""
    with gr.Tabs():
        with gr.Tab(label("models.models_tab"), id="models-list") as models_opened:
            models = _build_models()
        with gr.Tab(label("models.runs_tab"), id="models-runs") as runs_opened:
            runs = _build_runs()
        with gr.Tab(label("blind.tab"), id="models-blind") as blind_opened:
            blind = build_blind()
        with gr.Tab(label("models.feedback_tab"), id="models-feedback") as feedback_opened:
            feedback = _build_feedback()
        with gr.Tab(label("models.disk_tab"), id="models-disk") as disk_opened:
            disk = _build_disk()
    keep = KeepPart(**feedback, **disk)
    return ModelsTab(models, runs, keep, blind, models_opened, runs_opened, blind_opened, feedback_opened, disk_opened)


def _build_models() -> ModelsPart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            found = _build_filters()
            models = panel(hint("models.looking"), "xm-card", "xm-picks", elem_id="xm-models-list", js_on_load=PICK_ONE)
            with gr.Accordion(label("models.import"), open=False, elem_id="xm-models-import"):
                panel(hint("models.import_info"))
                file = gr.File(
                    label=label("models.import_file"), height=110, file_types=[".zip"], elem_id="xm-models-file",
                    elem_classes="xm-drop",
                )  # fmt: skip
        with gr.Column(scale=7, min_width=300):
            details = panel(hint("models.details_empty"), "xm-card", elem_id="xm-models-details")
            with gr.Row(elem_classes="xm-tools"):
                buttons = {
                    name: gr.Button(
                        label(f"models.{name}"), size="sm", min_width=80, visible=False, elem_id=f"xm-models-{name}",
                        variant={"fetch": "primary", "remove": "stop", "delete": "stop"}.get(name, "secondary"),
                    )
                    for name in ("fetch", "verify", "pack", "remove", "delete")
                }  # fmt: skip
                stop = gr.Button(
                    label("app.stop"), size="sm", variant="stop", visible=False, elem_id="xm-models-stop", min_width=60
                )
            packed = _build_packed("xm-models-packed")
            confirm = _build_confirm("xm-models")
            status = panel(elem_id="xm-models-status")
            folded = _build_folded()
    return ModelsPart(
        list=models, file=file, details=details, buttons=buttons, stop=stop, confirm=confirm, status=status,
        packed=packed, **found, **folded,
    )  # fmt: skip


def _build_filters() -> dict:
    with gr.Row(elem_classes="xm-filters"):
        tasks = [(label("models.any"), ""), *((label(f"models.does_{task}"), task) for task in TASKS)]
        kinds = [(label("models.any"), ""), *((label(f"models.kind_{kind}"), kind) for kind in KINDS)]
        task = gr.Dropdown(tasks, value="", label=label("models.task"), min_width=120, elem_id="xm-models-task")
        kind = gr.Dropdown(kinds, value="", label=label("models.kind"), min_width=120, elem_id="xm-models-kind")
        words = gr.Textbox("", label=label("models.search"), min_width=120, elem_id="xm-models-search")
    return {"task": task, "kind": kind, "words": words}


def _build_folded() -> dict:
    with gr.Accordion(label("models.card"), open=False, visible=False, elem_id="xm-models-card-box") as card_box:
        card = panel(elem_id="xm-models-card")
    with (
        gr.Accordion(label("models.rename"), open=False, visible=False, elem_id="xm-models-rename-box") as rename_box,
        gr.Row(elem_classes="xm-run"),
    ):
        name = gr.Textbox(label=label("models.new_name"), max_length=100, elem_id="xm-models-name")
        rename = gr.Button(label("models.rename_run"), size="sm", min_width=80, elem_id="xm-models-rename")
    with gr.Accordion(label("models.push"), open=False, visible=False, elem_id="xm-models-push-box") as push_box:
        panel(hint("models.push_info"))
        with gr.Row():
            repo = gr.Textbox(
                label=label("models.repo"), info=label("models.repo_info"), min_width=160, elem_id="xm-models-repo"
            )
            token = gr.Textbox(
                label=label("models.token"), info=label("models.token_info"), type="password", min_width=160,
                elem_id="xm-models-token",
            )  # fmt: skip
        private = gr.Checkbox(True, label=label("models.private"))
        push = gr.Button(label("models.push_run"), size="sm", elem_id="xm-models-push")
    return {
        "card_box": card_box, "card": card, "rename_box": rename_box, "name": name, "rename": rename,
        "push_box": push_box, "repo": repo, "token": token, "private": private, "push": push,
    }  # fmt: skip


def _build_runs() -> RunsPart:
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            with gr.Row(elem_classes="xm-tools"):
                panel(hint("models.runs_hint"))
                refresh = gr.Button(label("models.refresh"), size="sm", min_width=80, elem_id="xm-runs-refresh")
            runs = panel(hint("models.looking"), "xm-card", "xm-picks", elem_id="xm-runs-list", js_on_load=PICK_SEVERAL)
        with gr.Column(scale=7, min_width=300):
            with gr.Row(elem_classes="xm-tools"):
                buttons = {
                    name: gr.Button(
                        label(f"models.run_{name}"), size="sm", min_width=80, visible=False, elem_id=f"xm-runs-{name}",
                        variant="secondary" if name == "resume" else "stop",
                    )
                    for name in ("cancel", "resume", "delete")
                }  # fmt: skip
            confirm = _build_confirm("xm-runs", "models.with_adapter")
            status = panel(elem_id="xm-runs-status")
            panel(f"<h2>{html('models.compare')}</h2>")
            table = panel(hint("models.runs_empty"), "xm-card", elem_id="xm-runs-table")
            panel(f"<h2>{html('models.curve')}</h2>")
            curves = panel(hint("models.curve_empty"), "xm-card", elem_id="xm-runs-curves")
            with gr.Accordion(label("models.recipe"), open=False, visible=False, elem_id="xm-runs-recipe-box") as box:
                recipe = gr.Code(language="yaml", interactive=False, show_label=False, elem_id="xm-runs-recipe")
    timer = gr.Timer(3, active=False)
    return RunsPart(runs, refresh, buttons, confirm, status, table, curves, box, recipe, timer)


def _build_feedback() -> dict:
    panel(hint("models.feedback_info"))
    with gr.Row(elem_classes="xm-columns"):
        with gr.Column(scale=5, min_width=300):
            panel(f"<h2>{html('models.ratings')}</h2>")
            counts = panel(hint("models.looking"), "xm-card", elem_id="xm-feedback-counts")
            csv = gr.Button(label("models.csv"), size="sm", elem_id="xm-feedback-csv")
            panel(f"<h2>{html('models.data_set')}</h2>")
            panel(hint("models.data_set_info"))
            tasks = [(label(f"models.does_{name}"), name) for name in TARGETS]
            task = gr.Radio(tasks, value=tasks[0][1], label=label("models.task"), elem_id="xm-feedback-task")
            data_set = gr.Button(label("models.data_set_run"), size="sm", elem_id="xm-feedback-data-set")
            packed = _build_packed("xm-feedback-packed")
            status = panel(elem_id="xm-feedback-status")
        with gr.Column(scale=7, min_width=300):
            panel(f"<h2>{html('models.latest')}</h2>")
            latest = panel(hint("models.latest_empty"), "xm-card", elem_id="xm-feedback-latest")
    return {
        "counts": counts, "latest": latest, "csv": csv, "task": task, "data_set": data_set, "packed": packed,
        "feedback_status": status,
    }  # fmt: skip


def _build_disk() -> dict:
    panel(hint("models.disk_info"))
    status = panel(elem_id="xm-disk-status")
    confirm = _build_confirm("xm-disk")
    disk = panel(hint("models.looking"), "xm-card", elem_id="xm-disk-list", js_on_load=PICK_ONE)
    return {"disk": disk, "confirm": confirm, "disk_status": status}


def _build_packed(name: str) -> gr.DownloadButton:
    """Clicked by a script once the file is made."""
    return gr.DownloadButton(label("models.pack"), elem_id=name, elem_classes="xm-unseen")


def _build_confirm(prefix: str, extra: str = "") -> Confirm:
    with gr.Column(visible=False, elem_classes="xm-confirm", elem_id=f"{prefix}-confirm") as row:
        question = panel()
        more = gr.Checkbox(False, label=label(extra), elem_id=f"{prefix}-extra") if extra else None
        with gr.Row(elem_classes="xm-tools"):
            yes = gr.Button(label("models.yes"), variant="stop", size="sm", min_width=80, elem_id=f"{prefix}-yes")
            no = gr.Button(label("models.no"), size="sm", min_width=80, elem_id=f"{prefix}-no")
    return Confirm(row, question, more, yes, no)
