"""Rows that a run got better or worse at, as HTML. Inputs and answers are somebody else's text: all are escaped."""

from html import escape

from xmodal.training.changed import SIDES
from xmodal.ui.i18n import html
from xmodal.ui.tune_data_views import cell
from xmodal.ui.views import hint

_MOST = 5
"""Rows of a side with their inputs: pictures and sounds travel inside the page."""
_TEXT = 300


def changed(metrics: dict, rows: dict[str, list[dict]]) -> str:
    """Both sides, folded.

    Args:
        metrics: Names the rows by `better` and `worse`.
        rows: What is in them, as `read_changed` gives it; empty for runs that did not store it.
    """
    sides = ""
    for side in SIDES:
        names, known = metrics.get(side) or [], rows.get(side) or []
        if names:
            table = _table(known[:_MOST]) if known else ""
            sides += f"<h4>{html(f'tune.got_{side}')}</h4>{table}{_ids(names[len(known[:_MOST]) :])}"
    return f"<details data-changed><summary>{html('tune.changed')}</summary>{sides}</details>" if sides else ""


def _table(rows: list[dict]) -> str:
    """What was put in, what is right, and what the model gives now."""
    roles = list(dict.fromkeys(role for row in rows for role in row["inputs"]))
    titles = [*(f"role_{role}" for role in roles), "row_right", "row_given"]
    head = "".join(f'<th scope="col">{html(f"tune.{title}")}</th>' for title in titles)
    body = "".join(
        f'<tr><th scope="row">{escape(str(row["id"])[:24])}</th>'
        + "".join(f'<td dir="auto" class="xm-of-{role}">{cell(role, row["inputs"].get(role))}</td>' for role in roles)
        + "".join(f'<td dir="auto">{_text(row[key])}</td>' for key in ("target", "given"))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _ids(names: list) -> str:
    """The others, by name."""
    if not names:
        return ""
    items = "".join(f'<li dir="auto">{escape(str(name)[:80])}</li>' for name in names)
    return f"<ul class='xm-ids'>{items}</ul>{hint('tune.changed_hint')}"


def _text(value: str) -> str:
    return escape(value[:_TEXT]) if value else html("tune.row_nothing")
