"""Blind comparisons as HTML. What models say, and their names, may be somebody else's text: all is escaped."""

from html import escape

from xmodal.jobs.ratings import Comparison, Score
from xmodal.progress import Progress
from xmodal.ui.i18n import html
from xmodal.ui.views import Bar, bars, hint, progress


def side(letter: str, output: str, model: str = "") -> str:
    """One of the two results, under its letter, with its model's name once that may be known."""
    said = f'<p class="xm-said" dir="auto">{escape(output)}</p>' if output else hint("blind.nothing")
    name = f': <span class="xm-label" dir="auto">{escape(model)}</span>' if model else ""
    return f'<p class="xm-total">{letter}{name}</p>{said}'


def turn(number: int, step: Progress | None = None) -> str:
    """Which of the two models is at work, without telling which side its result will be on."""
    return f'<p class="xm-hint">{html("blind.turn", number=number)}</p>{progress(step)}'


def same() -> str:
    """Both gave the same."""
    return f'<p class="xm-hint">{html("blind.alike")}</p>'


def reveal(stored: Comparison, target: str = "") -> str:
    """Which was which, after the choice, and what the data says is right."""
    chosen = html(f"blind.chose_{stored.choice}", name=stored.preferred)
    right = f'<p dir="auto">{html("blind.target", target=target)}</p>' if target else ""
    return f'<div class="xm-status" role="status"><p><strong>{chosen}</strong></p>{right}</div>'


def standing(models: tuple[str, str], found: Score) -> str:
    """How often which was chosen, and whether that can be chance."""
    of = found.first + found.second
    ties = f'<p class="xm-hint">{html("blind.ties", count=found.ties)}</p>' if found.ties else ""
    if not of:
        return ties or hint("blind.score_none")
    wins = (found.first, found.second)
    ahead = 0 if wins[0] >= wins[1] else 1
    low, high = (found.low, found.high) if ahead == 0 else (1 - found.high, 1 - found.low)
    values = {
        "name": models[ahead], "other": models[1 - ahead], "wins": wins[ahead], "of": of, "low": f"{low:.0%}",
        "high": f"{high:.0%}",
    }  # fmt: skip
    kind, key = ("better", "blind.clear") if found.better else ("noise", "blind.open")
    rows = [Bar(model, count / of, str(count)) for model, count in zip(models, wins, strict=True)]
    return (
        f'<p class="xm-verdict" data-verdict="{kind}">{html(key, **values)}</p>{bars(rows)}'
        f'<p class="xm-hint">{html("blind.chances", **values)}</p>{ties}'
    )
