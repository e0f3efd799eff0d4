"""The time line: waveform, spectrogram, and when there was speech and which sound, all on one scale.

Drawn as HTML with positions in percent, so that it fits a phone, follows light and dark, and its text keeps its size.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from xmodal.tasks.results import Segment, TimedLabel
from xmodal.ui.i18n import class_name, html, localised
from xmodal.ui.plots import Overview
from xmodal.ui.views import clock

LANES = 6
STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MAX_TICKS = 6
MERGE_GAP_S = 0.3

Span = tuple[float, float, float]
"""Start and end in seconds, and a score between 0 and 1."""


def draw_picture(overview: Overview, segments: Sequence[Segment] = (), timeline: Sequence[TimedLabel] = ()) -> str:
    """HTML of the time line; clicking it plays from there.

    Args:
        overview: Loudness and spectrogram.
        segments: Speech.
        timeline: Sounds over time; the strongest labels get a lane each.
    """
    duration = max(overview.duration, 0.001)
    lanes = []
    if segments:
        spans = [(item.start, item.end, 1.0) for item in segments]
        lanes.append(_lane(html("audio.lane_speech"), spans, duration, "xm-speech"))
    for name in _strongest(timeline):
        spans = [(item.start, item.end, item.score) for item in timeline if item.label == name]
        text = f'<span title="{escape(name)}">{localised(class_name(name, "sounds"))}</span>'
        lanes.append(_lane(text, spans, duration, "xm-sound"))
    return (
        f'<div class="xm-picture" data-duration="{duration:.3f}">'
        f'<div class="xm-track xm-wave">{_waveform(overview.peaks)}</div>'
        f'<div class="xm-track xm-spectrogram"><img alt="" src="{escape(overview.spectrogram)}"></div>'
        f"{''.join(lanes)}{_axis(duration)}"
        '<div class="xm-head" aria-hidden="true"></div></div>'
        f'<p class="xm-hint">{html("audio.picture_hint")}</p>'
    )


def _merged(spans: Sequence[Span], duration: float) -> list[Span]:
    """Spans joined where no gap would be seen, so that hours are some hundred boxes and not thousands."""
    gap = max(MERGE_GAP_S, duration / 400)
    merged: list[Span] = []
    for start, end, score in sorted(spans):
        if merged and start - merged[-1][1] < gap:
            first, last, highest = merged[-1]
            merged[-1] = (first, max(last, end), max(highest, score))
        else:
            merged.append((start, end, score))
    return merged


def _strongest(timeline: Sequence[TimedLabel]) -> list[str]:
    """Labels by how much of them there is: score times length."""
    weight: dict[str, float] = {}
    for item in timeline:
        weight[item.label] = weight.get(item.label, 0) + item.score * (item.end - item.start)
    return sorted(weight, key=weight.get, reverse=True)[:LANES]


def _lane(name: str, spans: Sequence[Span], duration: float, kind: str) -> str:
    boxes = "".join(
        f'<i style="left:{start / duration:.3%};width:{max(end - start, 0) / duration:.3%};'
        f'opacity:{0.35 + 0.65 * min(max(score, 0), 1):.2f}"></i>'
        for start, end, score in _merged(spans, duration)
    )
    return (
        f'<div class="xm-lane {kind}"><span class="xm-lane-name">{name}</span><div class="xm-track">{boxes}</div></div>'
    )


def _waveform(peaks: np.ndarray) -> str:
    """A filled outline; the box is stretched to whatever width there is."""
    scaled = peaks / max(float(peaks.max(initial=0)), 1e-4)
    count = len(scaled)
    top = " ".join(f"{i},{50 - 48 * value:.1f}" for i, value in enumerate(scaled))
    bottom = " ".join(f"{count - 1 - i},{50 + 48 * value:.1f}" for i, value in enumerate(scaled[::-1]))
    return (
        f'<svg viewBox="0 0 {max(count - 1, 1)} 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="{top} {bottom}"/></svg>'
    )


def _axis(duration: float) -> str:
    step = next((step for step in STEPS if duration / step <= MAX_TICKS), STEPS[-1])
    ticks = "".join(
        f'<span style="left:{time / duration:.2%}">{clock(time) if step >= 1 else f"{time:.1f} s"}</span>'
        for time in np.arange(0, duration * 0.96, step)
    )
    return f'<div class="xm-axis" aria-hidden="true">{ticks}</div>'
