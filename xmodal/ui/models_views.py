"""Models as HTML. Names, licences, metrics and cards of adapters may be a stranger's: every text is escaped."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from xmodal.modalities import MODALITIES
from xmodal.ui.i18n import html
from xmodal.ui.metric_views import is_number, measure, metric_name
from xmodal.ui.views import hint

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

    from xmodal.models.catalogue import Entry

KINDS = ("own", "shipped", "starter", "hub")
TASKS = ("transcribe", "tag", "classify", "answer", "describe", "embed", "generate", "label")
_SHOWN_LABELS = 12


def size(megabytes: float) -> str:
    """`40 kB`, `0.3 MB`, `82 MB`, `1.5 GB`."""
    if 0 < megabytes < 0.095:
        return f"{max(1000 * megabytes, 1):.0f} kB"
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 9.95 else f"{megabytes:.1f} MB"


def model_list(entries: Sequence["Entry"], chosen: str = "") -> str:
    """A button for each model; it carries `data-pick`, which the page's script sends back."""
    if not entries:
        return hint("models.none_found")
    rows = "".join(
        f'<li><button type="button" class="xm-item" data-pick="{escape(entry.key)}"'
        f' aria-pressed="{str(entry.key == chosen).lower()}">'
        f'<span class="xm-item-name" dir="auto">{escape(entry.name)}</span> {_badge(entry)}'
        f'<span class="xm-item-what">{_does(entry)}</span>'
        f'<span class="xm-item-facts">{" · ".join(_brief(entry))}</span></button></li>'
        for entry in entries
    )
    return f'<ul class="xm-items">{rows}</ul>'


def model_details(entry: "Entry") -> str:
    """All that is known of a model."""
    facts = [
        ("kind", html(f"models.kind_{entry.kind}")),
        ("does", _does(entry)),
        ("summary", f'<span lang="en">{escape(entry.summary)}</span>' if entry.summary else ""),
        ("quality", quality(entry.metrics) if entry.metrics is not None else ""),
        ("classes", _labels(entry.labels)),
        ("where", _where(entry)),
        ("size", _sizes(entry)),
        ("licence", escape(entry.licence) or html("models.not_stated")),
        ("languages", _languages(entry.languages)),
        ("base" if entry.kind in ("own", "shipped") else "source", escape(entry.origin)),
        ("made" if entry.kind in ("own", "shipped") else "revision", f"<code>{escape(entry.revision)}</code>"),
        ("folder", f"<code>{escape(str(entry.path))}</code>" if entry.path else ""),
    ]
    rows = "".join(f"<dt>{html(f'models.{key}')}</dt><dd>{value}</dd>" for key, value in facts if value)
    return f'<h3 class="xm-name" dir="auto">{escape(entry.name)}</h3><dl class="xm-dl">{rows}</dl>'


def quality(metrics: dict | None) -> str:
    """`Accuracy 52.1% → 91.0% (88.0% – 94.0%), on 200 rows`; says so where nothing was measured."""
    metrics = metrics or {}
    name = str(metrics.get("metric", "accuracy"))
    before, after = (_value(metrics.get(side), name) for side in ("before", "after"))
    if after is None:
        return html("classify.not_measured")
    text = f"{metric_name(name)} {change(name, before, after)}"
    interval = metrics.get("interval_after")
    if isinstance(interval, dict) and is_number(interval.get("low")) and is_number(interval.get("high")):
        text += f" ({measure(name, interval['low'])} – {measure(name, interval['high'])})"
    if isinstance(metrics.get("check_rows"), int):
        text += f" {html('classify.checked_on', rows=metrics['check_rows'])}"
    gain = metrics.get("gain")
    if isinstance(gain, dict) and "within_noise" in gain:
        text += f". {html('models.gain_noise' if gain['within_noise'] else 'models.gain_real')}"
    return text


def change(name: str, before: Any, after: Any) -> str:
    """`52.1% → 91.0%`; only the second where there was nothing before."""
    last = f"<strong>{measure(name, after)}</strong>" if is_number(after) else "–"
    return f"{measure(name, before)} → {last}" if is_number(before) else last


def card(text: str) -> str:
    """A model card: Markdown without raw HTML and without pictures, which would be fetched from elsewhere."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text.replace("\r\n", "\n"), count=1, flags=re.DOTALL)
    drawn = _markdown().render(body).replace("<a href", '<a target="_blank" rel="noopener noreferrer nofollow" href')
    for level in (3, 2, 1):
        drawn = drawn.replace(f"<h{level}>", f"<h{level + 2}>").replace(f"</h{level}>", f"</h{level + 2}>")
    return f'<div class="xm-prose" lang="en">{drawn}</div>'


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def message(key: str, **values: object) -> str:
    """A sentence on how an action went."""
    return f'<div class="xm-status" role="status"><p>{html(key, **values)}</p></div>'


def _value(values: Any, name: str) -> float | None:
    value = values.get(name) if isinstance(values, dict) else None
    return value if is_number(value) else None


def _badge(entry: "Entry") -> str:
    return f'<span class="xm-badge xm-badge-{entry.kind}">{html(f"models.kind_{entry.kind}")}</span>'


def _does(entry: "Entry") -> str:
    parts = [html(f"models.does_{task}") for task in entry.tasks if task in TASKS]
    takes = [html(f"classify.name_{name}") for name in entry.modalities if name in MODALITIES]
    if entry.tasks == ("classify",) and takes:
        return f"{parts[0]} ({', '.join(takes)})"
    return ", ".join(parts) or html("models.does_unknown")


def _brief(entry: "Entry") -> list[str]:
    facts = [size(entry.disk_mb if entry.here else entry.download_mb), escape(entry.licence)]
    if not entry.here:
        facts.append(html("models.to_fetch"))
    if entry.metrics is not None:
        name = str(entry.metrics.get("metric", "accuracy"))
        after = _value(entry.metrics.get("after"), name)
        if after is not None:
            facts.append(f"{metric_name(name)} {change(name, _value(entry.metrics.get('before'), name), after)}")
    return [fact for fact in facts if fact]


def _where(entry: "Entry") -> str:
    if entry.kind in ("own", "shipped"):
        return html("models.here")
    if entry.here:
        return html("models.here_from_index" if entry.source == "index" else "models.here_from_hub")
    return html(f"models.fetch_{'_or_'.join(entry.sources)}" if entry.sources else "models.not_here")


def _sizes(entry: "Entry") -> str:
    parts = [html("models.on_disk", size=size(entry.disk_mb))] if entry.here else []
    if entry.download_mb:
        parts.append(html("models.to_download", size=size(entry.download_mb)))
    return ", ".join(parts)


def _labels(labels: Sequence[str]) -> str:
    if len(labels) <= _SHOWN_LABELS:
        return ", ".join(map(escape, labels))
    first = ", ".join(map(escape, labels[:3]))
    return f"<details><summary>{len(labels)}: {first}…</summary>{', '.join(map(escape, labels))}</details>"


def _languages(codes: Sequence[str]) -> str:
    return ", ".join(html("models.many_languages") if code == "multi" else escape(code) for code in codes)
