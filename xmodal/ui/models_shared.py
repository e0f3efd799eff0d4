"""What the parts of the Models and runs tab share: lists to pick from, questions before deleting, made-up downloads."""

from dataclasses import dataclass

import gradio as gr

from xmodal.ui.i18n import label
from xmodal.ui.theme import panel

PICK_ONE = """
element.addEventListener("click", (event) => {
  const item = event.target.closest("button[data-pick]");
  if (!item) return;
  for (const other of element.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", other === item);
  trigger("select", { pick: item.dataset.pick });
});
"""
# A list that was drawn before the last tick, and comes after it, neither takes the tick away nor brings one back; what
# came with it was drawn for other ticks, so they are told again.
PICK_SEVERAL = """
let ticked = null;
const boxes = () => [...element.querySelectorAll("input[data-pick]")];
const tell = () => {
  trigger("select", { pick: boxes().filter((box) => box.checked).map((box) => box.dataset.pick) });
};
element.addEventListener("change", () => {
  ticked = new Set(boxes().filter((box) => box.checked).map((box) => box.dataset.pick));
  tell();
});
new MutationObserver(() => {
  const wrong = boxes().filter((box) => ticked && ticked.has(box.dataset.pick) !== box.checked);
  for (const box of wrong) box.checked = !box.checked;
  if (wrong.length) tell();
}).observe(element, { childList: true, subtree: true });
"""


def in_order(name: str) -> dict:
    """Options of events that bring data with them, such as what was picked: one after the other, each of them.

    Args:
        name: Of the queue; events of the same name are worked at in the order in which they came.

    `trigger_mode="always_last"` would send the data of the first again instead of the last's (Gradio 6.31).
    """
    return {"trigger_mode": "multiple", "concurrency_limit": 1, "concurrency_id": name}


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


def build_packed(name: str) -> gr.DownloadButton:
    """Holds the file once it is made; `SAVE_FILE` saves it."""
    return gr.DownloadButton(label("models.pack"), elem_id=name, elem_classes="xm-unseen")


def build_confirm(prefix: str, extra: str = "") -> Confirm:
    """The layout of the question.

    Args:
        prefix: Of the element ids.
        extra: Key of the text of a tick box; none if empty.
    """
    with gr.Column(visible=False, elem_classes="xm-confirm", elem_id=f"{prefix}-confirm") as row:
        question = panel()
        more = gr.Checkbox(False, label=label(extra), elem_id=f"{prefix}-extra") if extra else None
        with gr.Row(elem_classes="xm-tools"):
            yes = gr.Button(label("models.yes"), variant="stop", size="sm", min_width=80, elem_id=f"{prefix}-yes")
            no = gr.Button(label("models.no"), size="sm", min_width=80, elem_id=f"{prefix}-no")
    return Confirm(row, question, more, yes, no)
