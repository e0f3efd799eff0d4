"""What the Classification tab shows, as HTML. Labels, columns and cells are somebody else's text: all are escaped."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from xmodal.data.spreadsheets import cell_text
from xmodal.modalities import MODALITIES
from xmodal.tasks.results import ClassifyResult
from xmodal.ui.i18n import html
from xmodal.ui.views import Bar, bars, hint

if TYPE_CHECKING:
    from xmodal.data.tables import Table
    from xmodal.models.adapter_format import Adapter
    from xmodal.tasks.classify_batch import BatchResult

TOP = 10
NAMED = 8
NOTABLE = 0.01
"""A share of the score below which an input is said to make no difference."""
_CELL = 80


def card(adapter: "Adapter", own: bool) -> str:
    """What a model takes, what it tells apart, how good it is. Its description may be a stranger's."""
    facts = [
        f"{html('classify.takes')} {_names(adapter.base)}",
        _quality(adapter.metrics),
        html("classify.own") if own else html("classify.shipped"),
    ]
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    named = ", ".join(map(escape, adapter.labels[:NAMED]))
    classes = html("classify.classes", count=len(adapter.labels))
    if len(adapter.labels) > NAMED:
        every = ", ".join(map(escape, adapter.labels))
        classes = f"<details><summary>{classes} {named}…</summary><p>{every}</p></details>"
    else:
        classes = f"<p>{classes} {named}</p>"
    return f'<div class="xm-model" data-model="{escape(adapter.name)}">{classes}<ul class="xm-facts">{items}</ul></div>'


def no_models() -> str:
    """There is nothing to choose."""
    return f"<p>{html('classify.none')}</p>{hint('classify.none_advice')}"


def _quality(metrics: dict) -> str:
    name = str(metrics.get("metric", "accuracy"))
    interval = metrics.get("interval_after")
    interval = interval if isinstance(interval, dict) else {}
    after = metrics.get("after")
    value = after.get(name) if isinstance(after, dict) else None
    if not _is_number(value):
        return html("classify.not_measured")
    known = f"{html('classify.accuracy')}" if name == "accuracy" else escape(name)
    text = f"{known} <strong>{value:.1%}</strong>"
    low, high = interval.get("low"), interval.get("high")
    if _is_number(low) and _is_number(high):
        text += f" ({low:.1%} – {high:.1%})"
    rows = metrics.get("check_rows")
    return f"{text} {html('classify.checked_on', rows=rows)}" if isinstance(rows, int) else text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def picture(path: str | None) -> str:
    """The picture chosen; the browser fetches it from the page's own server."""
    if not path:
        return ""
    url = "gradio_api/file=" + quote(path.replace("\\", "/"))
    return f'<img class="xm-preview" src="{escape(url)}" alt="{escape(Path(path).name)}">'


def result(found: ClassifyResult) -> str:
    """The label, the scores, what was not given, and what each input did."""
    ranked = sorted(found.scores.items(), key=lambda item: -item[1])
    rows = [Bar(label, score, f"{score:.1%}") for label, score in ranked]
    first = (
        f'<p class="xm-answer"><strong dir="auto">{escape(found.label)}</strong>'
        f' <span class="xm-percent">{found.scores.get(found.label, 0):.1%}</span></p>'
    )
    more = ""
    if len(rows) > TOP:
        summary = html("classify.more", count=len(rows) - TOP)
        more = f"<details><summary>{summary}</summary>{bars(rows[TOP:])}</details>"
    return first + bars(rows[:TOP]) + more + _missing(found) + _contributions(found)


def _missing(found: ClassifyResult) -> str:
    if not found.missing:
        return ""
    end = "classify.without_it" if len(found.missing) == 1 else "classify.without_them"
    return f'<p class="xm-missing">{html("classify.not_given")} {_names(found.missing)} {html(end)}</p>'


def _contributions(found: ClassifyResult) -> str:
    """A signed bar and a sentence for each input; nothing where a single one decided alone."""
    if len(found.contributions) < 2:
        return ""
    rows = "".join(
        f'<li><span class="xm-label">{html(f"classify.name_{modality}")}</span>'
        f'<span class="xm-percent">{100 * value:+.0f}</span>{_signed_bar(value)}</li>'
        for modality, value in found.contributions.items()
    )
    sentences = " ".join(
        html(f"classify.{modality}_{_stance(value)}", label=found.label, points=f"{abs(100 * value):.0f}")
        for modality, value in found.contributions.items()
    )
    return (
        f"<h3>{html('classify.contributions')}</h3>"
        f'<ul class="xm-bars xm-signed-bars">{rows}</ul><p class="xm-sentences">{sentences}</p>'
        f"{hint('classify.contributions_hint')}"
    )


def _stance(value: float) -> str:
    if abs(value) < NOTABLE:
        return "neutral"
    return "for" if value > 0 else "against"


def _signed_bar(value: float) -> str:
    """From the middle to the right for, to the left against."""
    width = min(abs(value), 1) / 2
    left = 0.5 if value >= 0 else 0.5 - width
    kind = "" if value >= 0 else ' class="xm-against"'
    return f'<span class="xm-signed" aria-hidden="true"><i{kind} style="left:{left:.1%};width:{width:.1%}"></i></span>'


def _names(modalities: Sequence[str]) -> str:
    return ", ".join(html(f"classify.name_{name}") for name in modalities if name in MODALITIES)


def summary(found: "BatchResult") -> str:
    """How many rows of each label, how many are right, and which could not be done."""
    problems, counts = found.problems, found.counts
    done = sum(counts.values())
    facts = [html("classify.rows_done", done=done, rows=len(found.table))]
    if found.right:
        share = sum(found.right) / len(found.right)
        facts.append(
            f"{html('classify.accuracy')} <strong>{share:.1%}</strong> "
            f"{html('classify.against', column=found.truth, rows=len(found.right))}"
        )
    if problems:
        facts.append(html("classify.rows_bad", count=len(problems)))
    largest = max(counts.values(), default=1)
    rows = [Bar(label, count / largest, f"{count} · {count / done:.0%}") for label, count in counts.items()]
    more = ""
    if len(rows) > TOP:
        folded = html("classify.more", count=len(rows) - TOP)
        more = f"<details><summary>{folded}</summary>{bars(rows[TOP:])}</details>"
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    return f'<ul class="xm-facts">{items}</ul>{bars(rows[:TOP])}{more}{_problems(problems)}'


def _problems(problems: dict[int, str]) -> str:
    if not problems:
        return ""
    shown = list(problems.items())[:TOP]
    rows = "".join(f"<li>{html('classify.row', number=number)} {escape(why)}</li>" for number, why in shown)
    more = f"<p>{html('classify.more_problems')}</p>" if len(problems) > TOP else ""
    return f'<div class="xm-problems"><p>{html("classify.problems")}</p><ul>{rows}</ul>{more}</div>'


def warnings(table: "Table") -> str:
    """What was left out or guessed when the file was read."""
    rows = "".join(
        f"<li>{escape(warning.message)}{escape(_examples(warning.examples))}</li>" for warning in table.warnings
    )
    return f'<ul class="xm-problems">{rows}</ul>' if rows else ""


def _examples(examples: Sequence[str]) -> str:
    return f" ({', '.join(examples)})" if examples else ""


def preview(table: "Table", inputs: dict[str, str], found: "BatchResult | None" = None) -> str:
    """The first rows, with what was found for them."""
    columns = [*dict.fromkeys(inputs.values())] or list(table.columns)[:3]
    if found is not None and found.truth:
        columns.append(found.truth)
    head = "".join(f'<th scope="col" dir="auto">{escape(_short(name))}</th>' for name in columns)
    if found is not None:
        head += f'<th scope="col">{html("classify.predicted")}</th><th scope="col">{html("classify.score")}</th>'
    body = ""
    for i in range(min(TOP, len(table))):
        cells = [cell_text(table.columns[name][i], str(table.folders[i])) for name in columns]
        drawn = "".join(f'<td dir="auto">{escape(_short(cell))}</td>' for cell in cells)
        if found is not None and i < len(found.predictions):
            row = found.predictions[i]
            score = "" if row.score is None else f"{row.score:.0%}"
            drawn += f"<td><strong>{escape(row.label)}</strong>{escape(row.problem)}</td><td>{score}</td>"
        body += f'<tr><th scope="row">{i + 1}</th>{drawn}</tr>'
    counted = html("classify.preview_rows", shown=min(TOP, len(table)), rows=len(table))
    return (
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table"><thead><tr><th></th>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><p class="xm-hint">{counted}</p>'
    )


def _short(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
