"""Tells a visitor what went wrong: as a toast now, and as a notice that stays where they look."""

import gradio as gr

from xmodal.ui import views
from xmodal.ui.i18n import html


def warn(error: Exception) -> str:
    """Show an error; returns the notice as HTML."""
    return _warn(*views.words_of(error))


def warn_of(key: str) -> str:
    """Show the texts `notice.<key>` and `notice.<key>_advice`; returns the notice as HTML."""
    return _warn(html(f"notice.{key}"), html(f"notice.{key}_advice"))


def _warn(what: str, advice: str) -> str:
    gr.Warning(f"{what} {advice}", title="xmodal")
    return views.notice(what, advice)
