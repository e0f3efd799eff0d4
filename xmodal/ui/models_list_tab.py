"""Layout of the inner tab for models. What happens is in `models_events.py`."""

from dataclasses import dataclass

import gradio as gr

from xmodal.ui.i18n import label
from xmodal.ui.models_shared import PICK_ONE, Confirm, build_confirm, build_packed
from xmodal.ui.models_views import KINDS, TASKS
from xmodal.ui.theme import panel
from xmodal.ui.views import hint


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


def build_models() -> ModelsPart:
    """The layout: the list on the left, the chosen model on the right."""
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
            packed = build_packed("xm-models-packed")
            confirm = build_confirm("xm-models")
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
