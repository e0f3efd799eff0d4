"""Several runs side by side: a table and a plot."""

from collections.abc import Sequence
from html import escape

import gradio as gr

from xmodal.jobs.runs import curve, run_rows
from xmodal.ui import tune_views, views
from xmodal.ui.i18n import html
from xmodal.ui.tune_owner import owner_of, sees_all
from xmodal.ui.tune_result_views import metric_name, percent
from xmodal.ui.tune_tab import ComparePart

_POINTS = 200
_COLUMNS = ("run", "task", "state", "metric", "before", "after", "check_rows", "seconds", "disk")


class CompareEvents:
    """Handlers of the list of runs.

    Args:
        part: The components.
        owner: What the browser keeps.
    """

    def __init__(self, part: ComparePart, owner: gr.BrowserState):
        self.part, self.owner = part, owner

    def connect(self, opened: gr.Tab) -> None:
        """Tie the handlers to the components."""
        options = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 4}
        inputs, outputs = [self.owner, self.part.chosen], [self.part.chosen, self.part.table]
        gr.on([opened.select, self.part.refresh.click], self.on_open, inputs, outputs, **options)
        self.part.chosen.input(self.on_choose, inputs, self.part.table, **options)

    def on_open(self, kept: str | None, chosen: list[str], request: gr.Request) -> dict:
        """Look which runs there are."""
        rows = self._rows(kept, request)
        names = [row["run"] for row in rows]
        kept_names = [name for name in chosen or [] if name in names]
        return {
            self.part.chosen: gr.update(
                choices=[(_title(row), row["run"]) for row in rows], value=kept_names,
                visible=bool(rows),
            ),
            self.part.table: draw(rows, kept_names),
        }  # fmt: skip

    def on_choose(self, kept: str | None, chosen: list[str], request: gr.Request) -> str:
        """Runs were chosen; all are shown while none is."""
        return draw(self._rows(kept, request), chosen or [])

    def _rows(self, kept: str | None, request: gr.Request) -> list[dict]:
        return run_rows(None if sees_all() else owner_of(kept, request))


def draw(rows: Sequence[dict], chosen: Sequence[str]) -> str:
    """The table and the plot of the runs chosen; the table alone, of all, where none is."""
    if not rows:
        return views.hint("tune.no_runs")
    shown = [row for row in rows if row["run"] in chosen] or list(rows)
    head = "".join(f'<th scope="col">{html(f"tune.col_{name}")}</th>' for name in _COLUMNS)
    body = "".join(_row(row) for row in shown)
    table = (
        f'<div class="xm-scroll" tabindex="0"><table class="xm-table xm-runs"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    lines = {_title(row): curve(row["run"], _POINTS) for row in shown} if chosen else {}
    return tune_views.curves(lines) + table


def _title(row: dict) -> str:
    """The name and when it was started, as names need not differ."""
    day, _, clock = row["run"][:15].partition("-")
    return f"{row['name']} ({day[4:6]}-{day[6:8]} {clock[:2]}:{clock[2:4]})"


def _row(row: dict) -> str:
    state = html(f"tune.state_{row['state']}") if row["state"] != "new" else html("tune.state_queued")
    cells = (
        html(f"tune.task_{row['task']}"),
        state,
        metric_name(row["metric"]) if row["metric"] and row["after"] is not None else "–",
        percent(row["before"]),
        f"<strong>{percent(row['after'])}</strong>",
        row["check_rows"] if row["check_rows"] is not None else "–",
        views.clock(row["seconds"]),
        f"{row['disk_mb']:.1f} MB",
    )
    drawn = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row" dir="auto">{escape(row["name"])}</th>{drawn}</tr>'
