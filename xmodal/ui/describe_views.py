"""What the Image description tab shows, as HTML. What is written in pictures and file names is escaped."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from xmodal.errors import XmodalError
from xmodal.tasks.label_words import describe_labels
from xmodal.tasks.languages import language_of
from xmodal.tasks.results import ColourShare, DescribeResult
from xmodal.ui import views
from xmodal.ui.i18n import class_name, html, localised
from xmodal.ui.views import Bar, bars, hint

if TYPE_CHECKING:
    from xmodal.ui.describe_work import Seen

_WRITTEN = 160
"""Characters of the text in a picture that are shown where there are many."""


def description(text: str, growing: bool = False) -> str:
    """The description, maybe still growing."""
    return (
        f'<p class="xm-answer xm-said" lang="{language_of(text)}" aria-live="polite"'
        f' aria-busy="{str(growing).lower()}">{escape(text)}</p>'
    )


def described(result: DescribeResult) -> str:
    """The whole description; a page in Chinese has what the labels say in Chinese below."""
    if language_of(result.description) == "zh":
        return description(result.description)
    chinese = describe_labels(result.labels, "zh")
    return f'{description(result.description)}<p class="xm-said xm-text" lang="zh">{escape(chinese)}</p>'


def alt(result: DescribeResult) -> str:
    """The text that stands for the picture."""
    return f'<p class="xm-said" lang="{language_of(result.alt)}">{escape(result.alt)}</p>'


def labels(result: DescribeResult) -> str:
    """A bar for each label."""
    return bars([Bar(class_name(one.label, "pictures"), one.score, _percent(one.score)) for one in result.labels])


def colours(found: Sequence[ColourShare]) -> str:
    """A field of each colour, with its name and share."""
    rows = "".join(
        f'<li><i style="background:{escape(one.hex)}"></i><span>{_name(one)}</span>'
        f'<span class="xm-percent">{one.share:.0%} · {escape(one.hex)}</span></li>'
        for one in found
    )
    return f'<ul class="xm-colours">{rows}</ul>'


def written(result: DescribeResult, looked: bool) -> str:
    """The paragraphs that stand in the picture."""
    if not result.written:
        return hint("describe.written_none" if looked else "describe.written_off")
    paragraphs = "".join(f'<blockquote dir="auto">{escape(text)}</blockquote>' for text in result.written)
    return f'<div class="xm-written">{paragraphs}</div>'


def picture(seen: "Seen") -> str:
    """The picture; once it is known, with where its label was seen laid over it, which can be switched off."""
    more = f'<p class="xm-problems">{html("describe.first_frame")}</p>' if seen.more_frames else ""
    whole = f'<img src="{seen.picture}" alt="">'
    if not seen.heat:
        return f'<figure class="xm-look"><div>{whole}</div></figure>{more}'
    title = html("describe.heat", label=class_name(seen.label, "pictures"))
    switch = f'<label><input type="checkbox" checked> <span>{title}</span></label>'
    return (
        f'<figure class="xm-look"><div>{whole}<img class="xm-heat" src="{seen.heat}" alt=""></div>'
        f"<figcaption>{switch}{hint('describe.heat_hint')}</figcaption></figure>{more}"
    )


def preview(source: str, name: str) -> str:
    """The chosen picture, small."""
    return f'<img class="xm-preview" src="{source}" alt="{escape(name, quote=True)}">'


def row(name: str, thumbnail: str, outcome: DescribeResult | XmodalError) -> str:
    """One of many pictures: what it shows, or what is wrong with it."""
    title = f'<p class="xm-hint xm-file" dir="auto">{escape(name)}</p>'
    if isinstance(outcome, XmodalError):
        what, advice = views.words_of(outcome)
        blank = '<span class="xm-blank" aria-hidden="true">?</span>'
        return f"<li data-problem>{blank}<div>{title}<p>{what} {advice}</p></div></li>"
    best = outcome.labels[0]
    dots = "".join(f'<i style="background:{escape(one.hex)}"></i>' for one in outcome.colours)
    text = f'<p class="xm-hint" dir="auto">“{escape(_short(outcome.written))}”</p>' if outcome.written else ""
    text += f'<p class="xm-hint">{html("describe.first_frame")}</p>' if outcome.notes else ""
    return (
        f'<li><img src="{thumbnail}" alt=""><div>{title}'
        f'<p class="xm-said" lang="{language_of(outcome.description)}">{escape(outcome.description)}</p>{text}'
        f'<p class="xm-hint">{localised(class_name(best.label, "pictures"))} {escape(_percent(best.score))}'
        f'<span class="xm-dots" aria-hidden="true">{dots}</span></p></div></li>'
    )


def rows(items: Sequence[str]) -> str:
    """The rows so far. The list is left open, as HTML allows: what only grows at its end is sent only once."""
    return '<ol class="xm-described">' + "".join(items) if items else hint("describe.rows_empty")


def _percent(score: float) -> str:
    """What is named at all is more than nothing."""
    return f"{score:.0%}" if score >= 0.005 else "<1%"


def _short(written: Sequence[str]) -> str:
    text = " ".join(" ".join(written).split())
    return text if len(text) <= _WRITTEN else text[: _WRITTEN - 1] + "…"


def _name(colour: ColourShare) -> str:
    return html(f"describe.colour_{colour.name.replace(' ', '_')}")
