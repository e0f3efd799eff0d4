"""Thumbs up and down below a result, and a line for words."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from xmodal.jobs.feedback import Feedback, add_comment, save_feedback
from xmodal.ui.i18n import html, label
from xmodal.ui.sessions import Sessions, Visit
from xmodal.ui.theme import STATIC, panel


@dataclass(frozen=True)
class Rating:
    """The components, by what they are for."""

    row: gr.Row
    good: gr.Button
    bad: gr.Button
    comment: gr.Textbox
    send: gr.Button
    thanks: gr.HTML

    @property
    def parts(self) -> list:
        """Everything that changes."""
        return [self.row, self.good, self.bad, self.comment, self.send, self.thanks]

    def shown(self) -> dict:
        """Updates that ask for a rating; the buttons' texts, as they would not follow a change of language else."""
        return {
            self.row: gr.update(visible=True),
            self.good: gr.update(value=label("rating.good")),
            self.bad: gr.update(value=label("rating.bad")),
        }

    def cleared(self) -> dict:
        """Updates that take it away."""
        return {
            self.row: gr.update(visible=False),
            self.comment: gr.update(visible=False, value=""),
            self.send: gr.update(visible=False),
            self.thanks: "",
        }


def build_rating(question: str, prefix: str) -> Rating:
    """The layout, hidden until there is a result.

    Args:
        question: Key of the text that asks.
        prefix: Of the element ids.
    """
    with gr.Row(visible=False, elem_classes="xm-rating") as row:
        panel(f"<p>{html(question)}</p>")
        up, down = STATIC / "thumb-up.svg", STATIC / "thumb-down.svg"
        good = gr.Button(label("rating.good"), icon=up, size="sm", min_width=64, elem_id=f"{prefix}-good")
        bad = gr.Button(label("rating.bad"), icon=down, size="sm", min_width=64, elem_id=f"{prefix}-bad")
        comment = gr.Textbox(
            placeholder=label("rating.comment"), show_label=False, container=False, visible=False, min_width=180
        )
        send = gr.Button(label("rating.send"), size="sm", min_width=60, visible=False)
        thanks = panel(elem_id=f"{prefix}-thanks")
    return Rating(row, good, bad, comment, send, thanks)


class RatingEvents:
    """Handlers of one rating.

    Args:
        rating: Its components.
        sessions: The visitors of the tab.
        judge: A visitor's result and a rating (1 or -1) to what is stored; None if there is nothing to rate.
    """

    def __init__(self, rating: Rating, sessions: Sessions, judge: Callable[[Visit, int], Feedback | None]):
        self.rating = rating
        self.sessions = sessions
        self.judge = judge

    def connect(self) -> None:
        """Tie the handlers to the components."""
        rating, private = self.rating, {"api_visibility": "private", "show_progress": "hidden"}
        changed = [rating.comment, rating.send, rating.thanks]
        rating.good.click(self.on_good, None, changed, **private)
        rating.bad.click(self.on_bad, None, changed, **private)
        gr.on([rating.send.click, rating.comment.submit], self.on_comment, rating.comment, changed, **private)

    def on_good(self, request: gr.Request) -> dict:
        """Thumbs up."""
        return self._rate(1, request)

    def on_bad(self, request: gr.Request) -> dict:
        """Thumbs down."""
        return self._rate(-1, request)

    def _rate(self, value: int, request: gr.Request) -> dict:
        """Store the judgement, and ask for words."""
        session = self.sessions.get(request)
        feedback = self.judge(session, value)
        if feedback is None:
            return {self.rating.thanks: ""}
        session.rated = save_feedback(feedback)
        return {
            self.rating.comment: gr.update(visible=True),
            self.rating.send: gr.update(visible=True),
            self.rating.thanks: f"<p>{html('rating.thanks')}</p>",
        }

    def on_comment(self, comment: str, request: gr.Request) -> dict:
        """Add words to the rating just given."""
        session = self.sessions.get(request)
        if session.rated and comment.strip():
            add_comment(session.rated, comment.strip())
        return {self.rating.comment: gr.update(visible=False, value=""), self.rating.send: gr.update(visible=False)}
