"""What was found in a data set, as HTML. Cells, labels and file names are somebody else's text: all are escaped."""

import base64
import io
import mimetypes
from html import escape
from pathlib import Path

from xmodal.data.report import DataReport, DataWarning
from xmodal.errors import XmodalError
from xmodal.ui import messages
from xmodal.ui.i18n import html
from xmodal.ui.views import Bar, bars

_CELL = 160
_TOP = 12
_THUMBNAIL = 96
_SOUND_BYTES = 400_000
"""Longer sounds are named only: they would travel inside the page."""


def report(found: DataReport) -> str:
    """How many rows, what is odd about them, the classes, and the first rows."""
    facts = [html("tune.rows", rows=found.rows), html("tune.rows_train", rows=found.train_rows),
             html("tune.rows_check", rows=found.check_rows)]  # fmt: skip
    if found.licence:
        facts.append(html("tune.licence", licence=found.licence))
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    return f'<ul class="xm-facts">{items}</ul>{_warnings(found.warnings)}{_classes(found)}{_preview(found)}'


def wanted(name: str) -> str:
    """Which model waits for data to be trained further on, if any."""
    return f'<p class="xm-hint">{html("tune.further_info", name=name)}</p>' if name else ""


def _warnings(warnings: tuple[DataWarning, ...]) -> str:
    if not warnings:
        return ""
    rows = "".join(
        f"<li><strong>{html(f'tune.warn_{warning.kind}')}</strong> {messages.warning(warning)}{_examples(warning)}</li>"
        for warning in warnings
    )
    return f'<ul class="xm-problems">{rows}</ul>'


def _examples(warning: DataWarning) -> str:
    if not warning.examples:
        return ""
    named = "".join(f'<li dir="auto">{escape(_short(example))}</li>' for example in warning.examples)
    return f"<details><summary>{html('tune.examples')}</summary><ul>{named}</ul></details>"


def _classes(found: DataReport) -> str:
    """A bar for each class, by its rows to train on."""
    train, check = (found.class_counts.get(side, {}) for side in ("train", "check"))
    if not train:
        return ""
    most = max(train.values())
    ranked = sorted(train.items(), key=lambda item: -item[1])
    rows = [Bar(name, count / most, f"{count} + {check.get(name, 0)}") for name, count in ranked]
    more = ""
    if len(rows) > _TOP:
        more = (
            f"<details><summary>{html('classify.more', count=len(rows) - _TOP)}</summary>{bars(rows[_TOP:])}</details>"
        )
    title = html("tune.classes", count=len(train))
    return f"<h3>{title}</h3><div class='xm-classes'>{bars(rows[:_TOP])}</div>{more}"


def _preview(found: DataReport) -> str:
    if not found.preview:
        return ""
    roles = [role for role in found.preview[0] if role != "id"]
    head = "".join(f'<th scope="col">{html(f"tune.role_{_role(role)}")}{_source(found, role)}</th>' for role in roles)
    body = "".join(
        f'<tr><th scope="row">{escape(_short(str(row["id"]), 24))}</th>'
        + "".join(f'<td dir="auto" class="xm-of-{role}">{cell(role, row[role])}</td>' for role in roles)
        + "</tr>"
        for row in found.preview
    )
    return (
        f"<h3>{html('tune.first_rows')}</h3>"
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _role(role: str) -> str:
    return "answer" if role == "answers" else role


def _source(found: DataReport, role: str) -> str:
    """The column it came from, where that has another name."""
    column = found.columns.get(_role(role))
    return f'<br><small dir="auto">{escape(_short(column, 24))}</small>' if column and column != _role(role) else ""


def cell(role: str, value: object) -> str:
    """A text's beginning, a thumbnail, a player; the name alone of a file that is gone or too large for the page."""
    if value is None:
        return "–"
    if role == "image":
        return _picture(Path(str(value)))
    if role == "audio":
        return _sound(Path(str(value)))
    if isinstance(value, dict):
        value = " / ".join(value.get("text", [])) or "–"
    return escape(_short(str(value)))


def _picture(path: Path) -> str:
    """A thumbnail inside the page: the files of data sets are not served."""
    from xmodal.data.images import load_image

    try:
        picture = load_image(path)
    except XmodalError:
        return escape(path.name)
    picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80)
    data = base64.b64encode(out.getvalue()).decode()
    return f'<img class="xm-thumbnail" src="data:image/webp;base64,{data}" alt="{escape(path.name, quote=True)}">'


def _sound(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or ""
    try:
        small = path.stat().st_size <= _SOUND_BYTES
        data = base64.b64encode(path.read_bytes()).decode() if small and kind.startswith("audio/") else ""
    except OSError:
        data = ""
    if not data:
        return escape(path.name)
    name = escape(path.name, quote=True)
    return (
        f'<audio class="xm-clip" controls preload="none" src="data:{kind};base64,{data}" aria-label="{name}"></audio>'
    )


def _short(text: str, limit: int = _CELL) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
