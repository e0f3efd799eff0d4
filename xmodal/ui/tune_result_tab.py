"""Layout of the result of a run and of what can be done with it."""

from dataclasses import dataclass

import gradio as gr

from xmodal.ui.i18n import html, label
from xmodal.ui.theme import panel
from xmodal.ui.views import hint


@dataclass(frozen=True)
class ResultPart:
    """The components."""

    card: gr.HTML
    tools: gr.Row
    use: gr.Button
    further: gr.Button
    pack: gr.Button
    packed: gr.DownloadButton
    said: gr.HTML
    more: gr.Column
    file: gr.File
    evaluate: gr.Button
    stop: gr.Button
    evaluated: gr.HTML
    repository: gr.Textbox
    token: gr.Textbox
    private: gr.Checkbox
    push: gr.Button
    pushed: gr.HTML

    @property
    def shown(self) -> list:
        """What appears with a result."""
        return [self.card, self.tools, self.further, self.more, self.said, self.file, self.evaluated, self.pushed]


def build_result() -> ResultPart:
    """The card, the buttons below it, and two folded parts."""
    panel(f"<h2>{html('tune.result')}</h2>")
    card = panel(hint("tune.result_empty"), "xm-card", elem_id="xm-tune-result")
    with gr.Row(visible=False, elem_classes="xm-tools") as tools:
        use = gr.Button(label("tune.use"), variant="primary", size="sm", elem_id="xm-tune-use")
        further = gr.Button(label("tune.further"), size="sm", elem_id="xm-tune-further")
        pack = gr.Button(label("tune.download"), size="sm", elem_id="xm-tune-pack")
        # Clicked by a script once the zip is made.
        packed = gr.DownloadButton(label("tune.download"), elem_id="xm-tune-packed", elem_classes="xm-unseen")
    said = panel(elem_id="xm-tune-said")
    with gr.Column(visible=False) as more:
        with gr.Accordion(label("tune.evaluate"), open=False, elem_id="xm-tune-evaluate-box"):
            file = gr.File(
                label=label("tune.evaluate_file"), height=120, elem_id="xm-tune-evaluate-file", elem_classes="xm-drop"
            )
            with gr.Row(elem_classes="xm-run"):
                evaluate = gr.Button(label("tune.evaluate_run"), size="sm", elem_id="xm-tune-evaluate")
                stop = gr.Button(
                    label("app.stop"), variant="stop", size="sm", interactive=False, elem_id="xm-tune-evaluate-stop"
                )
            evaluated = panel(elem_id="xm-tune-evaluated")
        with gr.Accordion(label("tune.push"), open=False, elem_id="xm-tune-push-box"):
            repository = gr.Textbox(
                label=label("tune.repository"), placeholder="owner/name", max_lines=1, elem_id="xm-tune-repository"
            )
            token = gr.Textbox(
                label=label("tune.token"), info=label("tune.token_info"), type="password", max_lines=1,
                elem_id="xm-tune-token",
            )  # fmt: skip
            private = gr.Checkbox(True, label=label("tune.private"))
            push = gr.Button(label("tune.push_run"), size="sm", elem_id="xm-tune-push")
            pushed = panel(elem_id="xm-tune-pushed")
    return ResultPart(
        card, tools, use, further, pack, packed, said, more, file, evaluate, stop, evaluated, repository, token,
        private, push, pushed,
    )  # fmt: skip
