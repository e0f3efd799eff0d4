"""Layout of the inner tab for trainings. What happens is in `models_runs_events.py`."""

from dataclasses import dataclass

import gradio as gr

from xmodal.ui.i18n import html, label
from xmodal.ui.models_shared import PICK_SEVERAL, Confirm, build_confirm
from xmodal.ui.theme import panel
from xmodal.ui.views import hint


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


def build_runs() -> RunsPart:
    """The layout: the list on the left, what was ticked side by side on the right."""
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
            confirm = build_confirm("xm-runs", "models.with_adapter")
            status = panel(elem_id="xm-runs-status")
            panel(f"<h2>{html('models.compare')}</h2>")
            table = panel(hint("models.runs_empty"), "xm-card", elem_id="xm-runs-table")
            panel(f"<h2>{html('models.curve')}</h2>")
            curves = panel(hint("models.curve_empty"), "xm-card", elem_id="xm-runs-curves")
            with gr.Accordion(label("models.recipe"), open=False, visible=False, elem_id="xm-runs-recipe-box") as box:
                recipe = gr.Code(language="yaml", interactive=False, show_label=False, elem_id="xm-runs-recipe")
    timer = gr.Timer(3, active=False)
    return RunsPart(runs, refresh, buttons, confirm, status, table, curves, box, recipe, timer)
