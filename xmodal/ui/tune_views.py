"""Runs while they go on, as HTML: state, time left, and the curve of the loss."""

import math
from collections.abc import Sequence
from html import escape

from xmodal.jobs.records import Job
from xmodal.progress import Progress
from xmodal.ui.i18n import html
from xmodal.ui.messages import stored
from xmodal.ui.tune_estimate import Estimate, free_memory_mb
from xmodal.ui.views import clock, meter

_POINTS = 240
_LOG_LINES = 60


def costs(found: dict[str, Estimate], chosen: str, task: str) -> str:
    """About how long each choice takes, with how much memory; a remark where that is more than there is."""
    infos = {name: f"tune.train_info_{name}" for name in found}
    if task == "answer" and "head" in infos:
        infos["head"] += "_answer"
    free = free_memory_mb()
    rows = "".join(
        f'<tr{" aria-current=true" if name == chosen else ""}><th scope="row">{html(f"tune.train_{name}")}'
        f"<br><small>{html(infos[name])}</small></th>"
        f"<td>{html('tune.about')} {duration(cost.seconds)}</td>"
        f"<td>{html('tune.about')} {cost.memory_mb / 1000:.1f} GB</td></tr>"
        for name, cost in found.items()
    )
    short = chosen in found and found[chosen].memory_mb > free
    remark = html("tune.memory_short" if short else "tune.memory_free", free=f"{free / 1000:.1f}")
    head = "".join(f'<th scope="col">{html(f"tune.{key}")}</th>' for key in ("cost_what", "cost_time", "cost_memory"))
    kind = "xm-problems" if short else "xm-hint"
    return (
        f'<table class="xm-table xm-costs"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="{kind}">{remark}</p>'
    )


def duration(seconds: float) -> str:
    """In one unit, rounded as an estimate is."""
    if seconds < 90:
        return html("tune.seconds", count=max(5, 5 * round(seconds / 5)))
    if seconds < 90 * 60:
        return html("tune.minutes", count=round(seconds / 60))
    return html("tune.hours", count=f"{seconds / 3600:.1f}")


def state(job: Job) -> str:
    """What a job does now, and what is wrong if something is."""
    asked = job.state == "running" and job.cancel_at is not None
    title = html("tune.state_stopping" if asked else f"tune.state_{job.state}")
    facts = [f"<strong dir='auto'>{escape(job.name)}</strong>", html(f"tune.task_{job.task}")]
    if job.position:
        facts.append(html("tune.position", place=job.position))
    if job.seconds and not job.position:  # of one that waits again it would go on counting
        facts.append(html("tune.taken" if job.state == "running" else "tune.took", time=clock(job.seconds)))
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    return (
        f'<div class="xm-status"><p class="xm-state" data-state="{job.state}">{title}</p>'
        f'<ul class="xm-facts">{items}</ul>{_steps(job)}{_problem(job)}</div>'
    )


def _steps(job: Job) -> str:
    if job.state == "queued":
        return meter()
    if job.state != "running":
        return ""
    if not job.progress:
        return f"<p>{html('tune.starting')}</p>{meter()}"
    step = Progress(**job.progress)
    text = html(f"status.{step.stage}", what=step.what)
    if not step.total:
        return f"<p>{text}</p>{meter()}"
    done = min(step.done / step.total, 1.0)
    amount = f"{step.done:.0f} / {step.total:.0f}" if step.unit != "s" else f"{clock(step.done)} / {clock(step.total)}"
    left = job.seconds_left
    if left is not None and step.stage == "train":
        amount += f" · {html('tune.left', time=clock(left))}"
    return f'<p>{text} <span class="xm-amount">{amount}</span></p>{meter(done)}'


def _problem(job: Job) -> str:
    if not job.problem or job.state == "running":
        return ""
    kind = "xm-notice" if job.state == "failed" else "xm-hint"
    return f'<div class="{kind}"><p>{stored(job.problem)}</p><p>{stored(job.advice)}</p></div>'


def log(text: str) -> str:
    """The end of what the run printed."""
    lines = text.replace("\r", "\n").splitlines()[-_LOG_LINES:]
    return f'<pre class="xm-log" tabindex="0">{escape(chr(10).join(lines))}</pre>' if lines else ""


def curve(lines: Sequence[dict]) -> str:
    """The loss by step, as it was and smoothed."""
    points = [(line["step"], line["loss"]) for line in lines if line.get("loss") is not None]
    if len(points) < 2:
        return f'<p class="xm-hint">{html("tune.curve_empty")}</p>'
    first, last = points[0][1], points[-1][1]
    words = html("tune.curve_words", first=f"{first:.3g}", last=f"{last:.3g}", steps=points[-1][0])
    drawn = _plot([("xm-raw", points), ("", smooth(points))])
    return f'<figure class="xm-curve" data-points="{len(points)}">{drawn}<figcaption>{words}</figcaption></figure>'


def smooth(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A running mean over a twentieth of the points."""
    reach = max(1, len(points) // 40)
    values = [loss for _, loss in points]
    means = []
    for i, (step, _) in enumerate(points):
        near = values[max(0, i - reach) : i + reach + 1]
        means.append((step, sum(near) / len(near)))
    return means


def _plot(series: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> str:
    """Lines, each with its class, in a box of 100 by 100 that is stretched, with the scale beside it."""
    every = [point for _, points in series for point in points if math.isfinite(point[1])]
    left, right = min(x for x, _ in every), max(x for x, _ in every)
    low, high = min(0.0, *(y for _, y in every)), max(y for _, y in every)
    width, height = (right - left) or 1, (high - low) or 1

    def place(points: Sequence[tuple[float, float]]) -> str:
        thin = points[:: max(1, len(points) // _POINTS)]
        return " ".join(f"{100 * (x - left) / width:.2f},{100 - 100 * (y - low) / height:.2f}" for x, y in thin)

    lines = "".join(
        f'<polyline class="{kind}" points="{place(points)}" stroke="var(--primary-600)"/>' for kind, points in series
    )
    return (
        f'<div class="xm-plot"><span>{high:.3g}</span><span>{low:.3g}</span>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-hidden="true">{lines}</svg></div>'
    )
