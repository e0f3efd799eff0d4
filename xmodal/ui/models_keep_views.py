"""Ratings and disk use as HTML."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from xmodal.jobs.disk_use import FolderUse
from xmodal.jobs.feedback import Feedback
from xmodal.ui.i18n import html
from xmodal.ui.models_views import TASKS, size
from xmodal.ui.views import hint

LATEST = 20
_CELL = 120


def feedback_counts(found: Sequence[Feedback]) -> str:
    """How often which task was judged right and wrong."""
    if not found:
        return hint("models.feedback_none")
    counts = Counter((item.task, item.rating) for item in found)
    rows = "".join(
        f'<tr><th scope="row">{_task(task)}</th><td>{counts[task, 1]}</td><td>{counts[task, -1]}</td></tr>'
        for task in dict.fromkeys(item.task for item in found)
    )
    return _table(("models.task", "rating.good", "rating.bad"), rows)


def feedback_latest(found: Sequence[Feedback]) -> str:
    """The newest ratings."""
    rows = "".join(
        f"<tr><td>{escape(item.time[:16].replace('T', ' '))}</td><td>{_task(item.task)}</td>"
        f"<td>{html('rating.good' if item.rating > 0 else 'rating.bad')}</td>"
        f'<td dir="auto">{escape(_short(item.output))}</td><td dir="auto">{escape(_short(item.comment))}</td>'
        f"<td>{escape(item.model)}</td></tr>"
        for item in reversed(found[-LATEST:])
    )
    heads = ("models.time", "models.task", "models.judged", "models.output", "models.comment", "models.model")
    return _table(heads, rows, "xm-wide") if found else ""


def disk_table(folders: Sequence[FolderUse], allowed: bool) -> str:
    """Each folder with its size and what is in it; a button with `data-pick` where it can be made again."""
    total = sum(folder.bytes for folder in folders) or 1
    rows = "".join(
        f'<li><span class="xm-label"><strong>{html(f"models.folder_{folder.name}")}</strong><br>'
        f'<span class="xm-hint">{html(f"models.about_{folder.name}")}</span></span>'
        f'<span class="xm-percent">{size(folder.bytes / 1e6)}{_free(folder, allowed)}</span>'
        f'<span class="xm-bar" aria-hidden="true"><i style="width:{folder.bytes / total:.1%}"></i></span></li>'
        for folder in folders
    )
    whole = html("models.total", size=size(sum(folder.bytes for folder in folders) / 1e6))
    return f'<p class="xm-total">{whole}</p><ul class="xm-bars">{rows}</ul>'


def _free(folder: FolderUse, allowed: bool) -> str:
    if not (folder.can_free and allowed):
        return ""
    return f' <button type="button" class="xm-free" data-pick="{folder.name}">{html("models.free_it")}</button>'


def _task(task: str) -> str:
    return html(f"models.does_{task}") if task in TASKS else escape(task)


def _table(heads: Sequence[str], rows: str, more: str = "") -> str:
    head = "".join(f'<th scope="col">{html(key)}</th>' for key in heads)
    return (
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table {more}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _short(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
