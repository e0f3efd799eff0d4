"""What came out of a run, as HTML: numbers before and after, what of it is noise, and where the mistakes are."""

from collections.abc import Sequence
from html import escape

from xmodal.ui import tune_changed_views
from xmodal.ui.i18n import html
from xmodal.ui.metric_views import measure, metric_name

_ERRORS = ("wer", "cer")
_MOST_CLASSES = 20


def card(metrics: dict, changed: dict[str, list[dict]] | None = None) -> str:
    """All of a finished run.

    Args:
        metrics: As the engine gives them.
        changed: Rows that got better and worse, as `read_changed` gives them; without them, their ids are shown.
    """
    if "after" not in metrics:
        return _cross_validation(metrics)
    return "".join((
        _verdict(metrics), _seen(metrics), _sides(metrics), _without(metrics), _cross_validation(metrics),
        _others(metrics), _per_class(metrics), confusion(metrics), tune_changed_views.changed(metrics, changed or {}),
    ))  # fmt: skip


def _verdict(metrics: dict) -> str:
    gain, name = metrics.get("gain") or {}, metrics.get("metric", "accuracy")
    kind = "noise" if gain.get("within_noise") else "better" if gain.get("better") else "worse"
    points = 100 * abs(gain.get("difference") or 0.0)
    words = html(f"tune.verdict_{kind}", points=f"{points:.1f}", rows=metrics.get("check_rows", "?"))
    lower = f'<p class="xm-hint">{html("tune.lower_better")}</p>' if name in _ERRORS else ""
    return f'<p class="xm-verdict" data-verdict="{kind}">{words}</p>{lower}'


def _seen(metrics: dict) -> str:
    """What it goes on from may know the rows it was measured on."""
    names = ", ".join(metrics.get("seen_by", ()))
    return f'<p class="xm-problems">{html("tune.seen_by", names=names)}</p>' if names else ""


def _sides(metrics: dict) -> str:
    """The main metric before and after: a bar, and the interval as a line on it."""
    name = metrics.get("metric", "accuracy")
    rows = ""
    for side in ("before", "after"):
        value, interval = metrics[side].get(name), metrics.get(f"interval_{side}") or {}
        low, high = interval.get("low"), interval.get("high")
        # Error rates can be above 100 %.
        most = max(1.0, *(v for v in (value, high) if v is not None)) if value is not None else 1.0
        line = ""
        if low is not None and high is not None:
            line = f'<b style="left:{low / most:.1%};width:{(high - low) / most:.1%}"></b>'
        between = f"{html('tune.interval')} {measure(name, low)} – {measure(name, high)}" if line else ""
        if line and low == high:
            between = html("tune.interval_none")
        rows += (
            f'<li><span class="xm-label">{html(f"tune.{side}")}</span>'
            f'<span class="xm-percent"><strong class="xm-{side}">{measure(name, value)}</strong>'
            f" <small>{between}</small></span>"
            f'<span class="xm-bar xm-range" aria-hidden="true"><i style="width:{(value or 0) / most:.1%}"></i>{line}'
            "</span></li>"
        )
    return f'<h3>{metric_name(name)}</h3><ul class="xm-bars xm-sides">{rows}</ul>{_hint("tune.interval_hint")}'


def _without(metrics: dict) -> str:
    """The main metric with each input taken away from all rows: how much the model makes of it."""
    found, name = metrics.get("without"), metrics.get("metric", "accuracy")
    whole = metrics["after"].get(name)
    if not found or whole is None:
        return ""
    values = {"with_all": whole, **{f"without_{role}": side.get(name) for role, side in found.items()}}
    rows = "".join(
        f'<li data-input="{key}"><span class="xm-label">{html(f"tune.{key}")}</span>'
        f'<span class="xm-percent">{measure(name, value)}{_points(value, whole) if key != "with_all" else ""}</span>'
        f'<span class="xm-bar" aria-hidden="true"><i style="width:{min(value or 0, 1):.1%}"></i></span></li>'
        for key, value in values.items()
    )
    return f'<h3>{html("tune.without")}</h3><ul class="xm-bars">{rows}</ul>{_hint("tune.without_hint")}'


def _points(value: float | None, whole: float) -> str:
    return "" if value is None else f" ({html('tune.points', points=f'{100 * (value - whole):+.1f}')})"


def _cross_validation(metrics: dict) -> str:
    found = metrics.get("cross_validation")
    if not found:
        return ""
    name = metrics.get("metric", "accuracy")
    parts = ", ".join(measure(name, value) for value in found["folds"])
    mean, deviation = measure(name, found["mean"]), measure(name, found["deviation"])
    words = html("tune.cross_words", parts=len(found["folds"]))
    return f"<h3>{html('tune.cross')}</h3><p><strong>{mean} ± {deviation}</strong> {words} <small>({parts})</small></p>"


def _others(metrics: dict) -> str:
    """The other numbers, folded."""
    names = [name for name in metrics["after"] if name != metrics.get("metric")]
    if not names:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{metric_name(name)}</th><td>{measure(name, metrics["before"].get(name))}</td>'
        f"<td>{measure(name, metrics['after'].get(name))}</td></tr>"
        for name in names
    )
    return _folded("tune.others", _table(("", html("tune.before"), html("tune.after")), rows))


def _per_class(metrics: dict) -> str:
    found = metrics.get("per_class")
    if not found:
        return ""
    rows = "".join(
        f'<tr><th scope="row" dir="auto">{escape(name)}</th>'
        f"{''.join(f'<td>{measure(key, row[key])}</td>' for key in ('recall', 'precision', 'f1'))}"
        f"<td>{row['support']}</td></tr>"
        for name, row in found.items()
    )
    head = ("", *(html(f"tune.{key}") for key in ("class_found", "class_right", "class_both", "class_rows")))
    return _folded("tune.per_class", _table(head, rows))


def confusion(metrics: dict) -> str:
    """True classes down, named ones across; the darker, the more of the row. Of many those with the most mistakes."""
    matrix, names = metrics.get("confusion"), metrics.get("names")
    if not matrix or not names:
        return ""
    wrong = [sum(row) + sum(line[i] for line in matrix) - 2 * row[i] for i, row in enumerate(matrix)]
    shown = sorted(sorted(range(len(names)), key=lambda i: -wrong[i])[:_MOST_CLASSES])
    head = "".join(f'<th scope="col" dir="auto"><span>{escape(names[i])}</span></th>' for i in shown)
    body = "".join(
        f'<tr><th scope="row" dir="auto">{escape(names[i])}</th>{_shades(matrix[i], i, shown)}</tr>' for i in shown
    )
    note = html("tune.confusion_some", shown=len(shown), all=len(names)) if len(shown) < len(names) else ""
    return (
        f"<h3>{html('tune.confusion')}</h3>"
        f'<div class="xm-scroll" tabindex="0"><table class="xm-confusion"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{_hint('tune.confusion_hint')}<p class='xm-hint'>{note}</p>"
    )


def _shades(row: Sequence[int], own: int, shown: Sequence[int]) -> str:
    total = sum(row) or 1
    return "".join(
        f'<td class="{"xm-own" if j == own else "xm-other"}" style="--share:{100 * row[j] / total:.0f}%">'
        f"{row[j] or ''}</td>"
        for j in shown
    )


def evaluation(name: str, values: dict, interval: dict, rows: int, matrix: dict, seen: bool) -> str:
    """What a model does on other data.

    Args:
        name: The main metric.
        values: All metrics.
        interval: Of the main one.
        rows: How many were checked.
        matrix: `confusion` and `names`, empty where there are no classes.
        seen: The rows are those it was trained on.
    """
    warning = f'<p class="xm-problems">{html("tune.evaluated_seen")}</p>' if seen else ""
    others = "".join(
        f'<tr><th scope="row">{metric_name(key)}</th><td>{measure(key, value)}</td></tr>'
        for key, value in values.items() if key != name
    )  # fmt: skip
    return (
        f'{warning}<p class="xm-answer"><strong>{measure(name, values[name])}</strong> '
        f'<span class="xm-percent">{metric_name(name)}</span></p>'
        f"<p>{html('tune.interval')} {measure(name, interval['low'])} – {measure(name, interval['high'])} · "
        f"{html('tune.rows', rows=rows)}</p>"
        f'<table class="xm-table"><tbody>{others}</tbody></table>{confusion(matrix)}'
    )


def _table(head: Sequence[str], rows: str) -> str:
    columns = "".join(f'<th scope="col">{title}</th>' for title in head)
    return (
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table"><thead><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _folded(key: str, content: str) -> str:
    return f"<details><summary>{html(key)}</summary>{content}</details>"


def _hint(key: str) -> str:
    return f'<p class="xm-hint">{html(key)}</p>'
