"""Results as HTML. Transcripts, labels, model and file names are somebody else's text: every one is escaped.

The time line is in `picture.py`. Elements that start playback carry `data-start` (seconds); `static/page.js` does the
rest.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from xmodal.errors import XmodalError
from xmodal.progress import Progress
from xmodal.tasks.results import LabelScore, TranscribeResult
from xmodal.ui import messages
from xmodal.ui.i18n import class_name, html, localised


def clock(seconds: float) -> str:
    """`75.4` as `1:15`, `3675` as `1:01:15`."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def hint(key: str) -> str:
    """What a place will show, while it is empty."""
    return f'<p class="xm-hint">{html(key)}</p>'


def transcript(result: TranscribeResult, growing: bool = False) -> str:
    """Segments one under the other; each is a button that plays the recording from there."""
    if not result.segments:
        return hint("audio.transcript_empty" if growing else "audio.transcript_none")
    rows = "".join(
        f'<li><button type="button" class="xm-segment" data-start="{segment.start:.2f}" data-end="{segment.end:.2f}">'
        f'<span class="xm-time">{clock(segment.start)}</span> '
        f'<span class="xm-said" dir="auto">{escape(segment.text.strip())}</span></button></li>'
        for segment in result.segments
    )
    language = escape(result.language, quote=True)
    return f'<ol class="xm-segments" lang="{language}" aria-busy="{str(growing).lower()}">{rows}</ol>'


class Bar(NamedTuple):
    """A name, maybe one for each language, the share of the width (0 to 1), and the amount as text."""

    name: str | Mapping[str, str]
    share: float
    amount: str


def sounds(labels: Sequence[LabelScore]) -> str:
    """A bar for each label."""
    if not labels:
        return hint("audio.sounds_none")
    return bars([Bar(class_name(item.label, "sounds"), item.score, f"{item.score:.0%}") for item in labels])


def bars(rows: Sequence[Bar]) -> str:
    """Bars one below the other."""
    items = "".join(
        f'<li><span class="xm-label" dir="auto">{_bar_name(row.name)}</span>'
        f'<span class="xm-percent">{escape(row.amount)}</span>'
        f'<span class="xm-bar" aria-hidden="true"><i style="width:{min(max(row.share, 0), 1):.1%}"></i></span></li>'
        for row in rows
    )
    return f'<ul class="xm-bars">{items}</ul>'


def _bar_name(name: str | Mapping[str, str]) -> str:
    return escape(name) if isinstance(name, str) else localised(name)


def progress(step: Progress | None = None) -> str:
    """What is going on and how far it is: a bar where the end is known, a moving one where it is not."""
    text = html("status.start") if step is None else html(f"status.{step.stage}", what=step.what)
    amount, bar = "", meter()
    if step is not None and step.total > 0:
        done = min(step.done, step.total)
        bar = meter(done / step.total)
        amount = f"{_amount(done, step.unit)} / {_amount(step.total, step.unit, last=True)}"
    elif step is not None and step.done > 0:
        amount = _amount(step.done, step.unit, last=True)
    if step is not None and step.rate > 0:
        amount += f" · {step.rate:.1f}×" if step.unit == "s" else f" · {step.rate:.1f} {escape(step.unit)}/s"
    return f'<div class="xm-status" role="status"><p>{text} <span class="xm-amount">{amount}</span></p>{bar}</div>'


def _amount(value: float, unit: str, last: bool = False) -> str:
    """Seconds as a clock, megabytes with their unit, and what is counted without."""
    if unit == "s":
        return clock(value)
    return f"{value:.0f} MB" if unit == "MB" and last else f"{value:.0f}"


def meter(share: float | None = None) -> str:
    """A progress bar; a moving one if `share` (0 to 1) is not known."""
    if share is None:
        return '<div class="xm-meter" role="progressbar"><i></i></div>'
    percent = f"{100 * share:.0f}"
    return (
        f'<div class="xm-meter" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}">'
        f'<i style="width:{percent}%"></i></div>'
    )


def finished(seconds: float, facts: Sequence[str], stopped: bool = False) -> str:
    """A line of what came out; `facts` are HTML."""
    first = html("status.stopped") if stopped else html("status.done", seconds=f"{seconds:.1f}")
    items = "".join(f"<li>{fact}</li>" for fact in (first, *facts))
    return f'<div class="xm-status" role="status"><ul class="xm-facts">{items}</ul></div>'


def waiting() -> str:
    """Nothing happens yet: others are before."""
    return f'<div class="xm-status" role="status"><p>{html("status.waiting")}</p>{meter()}</div>'


def words_of(error: Exception) -> tuple[str, str]:
    """What is wrong and what to do, as HTML; an unexpected error is not explained to the visitor but owned up to."""
    if isinstance(error, XmodalError):
        return messages.words_of(error)
    return html("notice.bug"), html("notice.bug_advice")


def notice(what: str, advice: str) -> str:
    """A notice from two sentences that are HTML already."""
    title = html("notice.problem")
    return f'<div class="xm-notice" role="alert"><strong>{title}</strong><p>{what}</p><p>{advice}</p></div>'
