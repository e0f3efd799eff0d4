"""What the Question answering tab shows, as HTML. Sources and questions are somebody else's text: all are escaped."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from xmodal.tasks.results import AnswerResult, Evidence
from xmodal.ui.i18n import html
from xmodal.ui.messages import stored
from xmodal.ui.views import clock, hint, meter

_AROUND = 700
"""Characters of a paragraph that are shown on either side of the answer."""
_EMPTY_LINES = re.compile(r"\n\s*\n")
_BEFORE_S, _AFTER_S = 0.3, 0.3


def answer(result: AnswerResult) -> str:
    """The answer, how sure it is, and where it is from."""
    if result.answerable:
        first = result.evidence[0]
        said = f'<p class="xm-answer xm-said" dir="auto">{escape(result.answer)}</p>'
        place = f'<p class="xm-hint">{html("answer.from")} {_place(first)}</p>'
    else:
        said = f'<p class="xm-answer xm-said">{html("answer.none")}</p>'
        place = f'<p class="xm-hint">{html("answer.none_hint")}</p>'
    return (
        f'<div data-answerable="{str(result.answerable).lower()}" role="status">'
        f'<p class="xm-hint xm-asked" dir="auto">{escape(result.question)}</p>{said}'
        f'<p class="xm-sure">{html("answer.sure", percent=f"{result.confidence:.0%}")}</p>{meter(result.confidence)}'
        f"{place}{_notes(result)}</div>"
    )


def evidence(result: AnswerResult, files: Mapping[str, Path]) -> str:
    """The paragraph of the answer, open, and the other places, folded.

    Args:
        result: What was found.
        files: Paths of pictures and recordings by the name of the source.
    """
    if not result.evidence:
        return hint("answer.evidence_none")
    first, *others = result.evidence
    lines = [_paragraph(first, files)]
    if others:
        lines.append(f"<h3>{html('answer.others')}</h3>")
    for one in others:
        lines.append(
            f'<details class="xm-other"><summary><span dir="auto">{escape(one.text)}</span> '
            f"· {_place(one)}</summary>"
            f"{_paragraph(one, files)}</details>"
        )
    return "".join(lines)


def history(results: Sequence[AnswerResult]) -> str:
    """The questions of this visit, the latest first."""
    if not results:
        return hint("answer.history_empty")
    rows = "".join(
        f'<li><span class="xm-asked" dir="auto">{escape(one.question)}</span>'
        f'<span dir="auto"><strong>{escape(one.answer) or html("answer.none")}</strong> '
        f'<span class="xm-percent">{one.confidence:.0%}</span></span></li>'
        for one in reversed(results)
    )
    return f'<ol class="xm-history">{rows}</ol>'


def _paragraph(one: Evidence, files: Mapping[str, Path]) -> str:
    """The text around, with the answer marked; the picture, or the moment to play."""
    return (
        f'<figure class="xm-evidence" data-source="{one.source}">{_media(one, files)}'
        f'<blockquote dir="auto">{_marked(one)}</blockquote><figcaption>{_place(one)}</figcaption></figure>'
    )


def _marked(one: Evidence) -> str:
    """The paragraph with the answer marked, cut on both sides where it is long."""
    start, end = one.at, one.at + len(one.text)
    low, high = max(start - _AROUND, 0), min(end + _AROUND, len(one.passage))
    before = ("…" if low else "") + _text(one.passage[low:start])
    after = _text(one.passage[end:high]) + ("…" if high < len(one.passage) else "")
    return f"{before}<mark>{_text(one.passage[start:end])}</mark>{after}"


def _text(words: str) -> str:
    """Paragraphs on lines of their own, without empty ones between."""
    return escape(_EMPTY_LINES.sub("\n", words))


def _media(one: Evidence, files: Mapping[str, Path]) -> str:
    path = files.get(one.file)
    if path is None:
        return ""
    url = "gradio_api/file=" + quote(str(path).replace("\\", "/"))
    if one.source == "image":
        return f'<img class="xm-preview" src="{escape(url)}" alt="{escape(one.file)}">'
    if one.source == "audio":
        when = f"#t={max(one.time[0] - _BEFORE_S, 0):.1f},{one.time[1] + _AFTER_S:.1f}" if one.time else ""
        return f'<audio controls preload="metadata" src="{escape(url + when)}"></audio>'
    return ""


def _place(one: Evidence) -> str:
    """The source, and the page, moment or heading in it."""
    facts = [f'<strong class="xm-source" dir="auto">{_name(one.file)}</strong>']
    if one.page:
        facts.append(html("answer.page", number=one.page))
    if one.time:
        facts.append(html("answer.moment", start=clock(one.time[0]), end=clock(one.time[1])))
    if one.heading:
        facts.append(f'<span dir="auto">{escape(one.heading)}</span>')
    return " · ".join(facts)


def _name(file: str) -> str:
    if file in ("health-en.jsonl", "health-zh.jsonl"):
        return html("answer.health_name")
    return html("answer.text_name") if file == "text" else escape(file)


def _notes(result: AnswerResult) -> str:
    from xmodal.tasks.answer import NO_ADVICE

    lines = [html("answer.no_advice") if note == NO_ADVICE else stored(note) for note in result.notes]
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f'<ul class="xm-problems">{items}</ul>' if items else ""
