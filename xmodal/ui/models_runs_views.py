"""Runs as HTML: the list, several side by side, and their curves."""

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

import yaml

from xmodal.data.config import bare_name
from xmodal.ui.i18n import html
from xmodal.ui.messages import stored
from xmodal.ui.metric_views import is_number, measure, metric_name, rank
from xmodal.ui.models_views import change, size
from xmodal.ui.views import clock, hint, meter

STATES = ("new", "queued", "running", "interrupted", "finished", "failed", "cancelled", "stopped")
_COLOURS = ("#0f766e", "#d97706", "#7c3aed", "#dc2626", "#2563eb", "#65a30d")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 240, 52, 28, 8


def run_list(rows: Sequence[dict], chosen: Sequence[str]) -> str:
    """A tick box, the state and the outcome of each run; the box carries `data-pick`."""
    if not rows:
        return hint("models.runs_none")
    items = "".join(
        f'<li><label class="xm-item"><input type="checkbox" data-pick="{escape(row["run"])}"'
        f"{' checked' if row['run'] in chosen else ''}>"
        f'<span class="xm-item-name" dir="auto">{escape(row["name"])}</span> {_state(row["state"])}'
        f'<span class="xm-item-facts">{" · ".join(_brief(row))}</span>{_progress(row)}{_problem(row)}</label></li>'
        for row in rows
    )
    return f'<ul class="xm-items">{items}</ul>'


def run_table(runs: Sequence[dict]) -> str:
    """One run's facts, or several side by side: what came out, and the settings in which they differ."""
    if not runs:
        return hint("models.runs_empty")
    names = sorted({name for run in runs for side in ("before", "after") for name in _side(run, side)}, key=rank)
    rows = [
        (html("models.state"), [_state(run["state"]) for run in runs]),
        (html("models.task"), [html(f"models.does_{run['task']}") for run in runs]),
        *((metric_name(name), [_outcome(run, name) for run in runs]) for name in names),
        (html("models.seconds"), [clock(run["seconds"]) for run in runs]),
        (html("models.on_the_disk"), [size(run["disk_mb"]) for run in runs]),
    ]
    settings = [_flatten(yaml.safe_load(run["recipe"]) or {}) for run in runs]
    keys = [key for key in dict.fromkeys(key for values in settings for key in values) if key != "name"]
    differing = [key for key in keys if len({str(values.get(key)) for values in settings}) > 1]
    head = "".join(
        f'<th scope="col" dir="auto">{_swatch(i, runs)}{escape(run["name"])}</th>' for i, run in enumerate(runs)
    )
    body = "".join(_row(name, cells) for name, cells in rows)
    if len(runs) > 1:
        body += _row(f"<strong>{html('models.differ')}</strong>", [""] * len(runs))
        body += "".join(
            _row(f"<code>{escape(key)}</code>", [escape(_setting(key, values.get(key))) for values in settings])
            for key in differing
        ) or _row(html("models.same_settings"), [""] * len(runs))
    return (
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def curves(runs: Sequence[dict]) -> str:
    """The loss of each run by step, as one SVG; empty where there is none."""
    lines = [[(p["step"], p["loss"]) for p in run["curve"] if _finite(p.get("loss")) and _finite(p.get("step"))]
             for run in runs]  # fmt: skip
    points = [point for line in lines for point in line]
    if not points:
        return hint("models.curve_none")
    last = max(step for step, _ in points) or 1
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    low = 0.0 if 0 <= low <= high / 2 else low
    high = high if high > low else low + 1

    def place(step: float, loss: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 8) * step / last
        return f"{x:.1f},{_TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - loss) / (high - low):.1f}"

    grid = "".join(_tick(high - (high - low) * i / 4, i / 4) for i in range(5))
    drawn = "".join(
        f'<polyline points="{" ".join(place(*point) for point in line)}" stroke="{_COLOURS[i % len(_COLOURS)]}"'
        f' stroke-dasharray="{_DASHES[i % len(_DASHES)] if len(runs) > 1 else ""}"/>'
        for i, line in enumerate(lines)
        if line
    )
    axis = (
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">0</text>'
        f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 8}" text-anchor="end">{last:.0f}</text>'
    )
    legend = "".join(
        f'<li>{_swatch(i, runs)}<span dir="auto">{escape(run["name"])}</span>'
        f'<span class="xm-percent">{lines[i][-1][1]:.3g}</span></li>'
        for i, run in enumerate(runs)
        if lines[i]
    )
    return (
        f'<figure class="xm-curves"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="loss">{grid}{axis}'
        f'<g fill="none" stroke-width="2">{drawn}</g></svg><figcaption class="xm-hint">{html("models.curve_axes")}'
        f'</figcaption><ul class="xm-legend">{legend}</ul></figure>'
    )


def _tick(value: float, share: float) -> str:
    y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * share
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>'
    )


def _swatch(i: int, runs: Sequence[dict]) -> str:
    if len(runs) < 2:
        return ""
    return (
        f'<svg class="xm-swatch" viewBox="0 0 24 6" aria-hidden="true"><line x1="0" x2="24" y1="3" y2="3"'
        f' stroke-width="3" stroke="{_COLOURS[i % len(_COLOURS)]}"'
        f' stroke-dasharray="{_DASHES[i % len(_DASHES)]}"/></svg>'
    )


def _row(name: str, cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _state(state: str) -> str:
    text = html(f"models.state_{state}") if state in STATES else escape(state)
    return f'<span class="xm-badge xm-state-{escape(state)}">{text}</span>'


def _brief(row: dict) -> list[str]:
    facts = [f"{datetime.fromtimestamp(row['submitted']):%Y-%m-%d %H:%M}"]
    if is_number(row.get("after")):
        name = str(row["metric"])
        facts.append(f"{metric_name(name)} {change(name, row['before'], row['after'])}")
    if row["seconds"]:
        facts.append(clock(row["seconds"]))
    return [*facts, size(row["disk_mb"])]


def _progress(row: dict) -> str:
    now = row.get("progress") or {}
    share = now["done"] / now["total"] if now.get("total") else None
    return meter(min(share, 1) if share is not None else None) if row["state"] == "running" else ""


def _problem(row: dict) -> str:
    return (
        f'<span class="xm-item-what">{stored(row["problem"])} {stored(row["advice"])}</span>' if row["problem"] else ""
    )


def _side(run: dict, side: str) -> dict:
    values = (run.get("metrics") or {}).get(side)
    return {k: v for k, v in values.items() if is_number(v)} if isinstance(values, dict) else {}


def _outcome(run: dict, name: str) -> str:
    before, after = _side(run, "before").get(name), _side(run, "after").get(name)
    if after is None:
        return "–"
    interval = (run.get("metrics") or {}).get("interval_after") or {}
    main = (run.get("metrics") or {}).get("metric") == name and "low" in interval
    span = f" ({measure(name, interval['low'])} – {measure(name, interval['high'])})" if main else ""
    return change(name, before, after) + span


def _setting(key: str, value: Any) -> str:
    """A setting for people; of an uploaded file its name only, not where it lies on this machine."""
    if key in ("data.source", "data.more_sources"):
        sources = value if isinstance(value, list) else [value or "–"]
        return ", ".join(bare_name(str(source)) for source in sources) or "–"
    return "–" if value in (None, "", []) else str(value)[:200]


def _flatten(values: Any, prefix: str = "") -> dict[str, Any]:
    """`{"train": {"epochs": 3}}` as `{"train.epochs": 3}`."""
    if not isinstance(values, dict):
        return {prefix: values}
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flatten(value, f"{prefix}.{key}" if prefix else str(key))
    return found


def _finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)
