"""Puts the parts of the Fine-tune tab together."""

import gradio as gr

from xmodal.ui.classify_events import ClassifyEvents
from xmodal.ui.sessions import Sessions
from xmodal.ui.tune_data import DataEvents, SetupSession
from xmodal.ui.tune_owner import build_owner
from xmodal.ui.tune_recipe_events import RecipeEvents
from xmodal.ui.tune_result import ResultEvents
from xmodal.ui.tune_run import RunEvents
from xmodal.ui.tune_tab import TuneTab

TICK_S = 1.0


class Tune:
    """The Fine-tune tab of one page. Built outside of the tabs, whose contents exist only once they were opened.

    Args:
        tab: The components.
        tabs: The page's tabs.
        classify: Events of the tab that uses classifiers.
        models: The choice of the model on each tab that uses what is trained; see `ResultEvents`.
    """

    def __init__(self, tab: TuneTab, tabs: gr.Tabs, classify: ClassifyEvents, models: dict[str, gr.Dropdown]):
        owner, timer = build_owner(), gr.Timer(TICK_S, active=False)
        self.setups = Sessions(SetupSession)
        self.data = DataEvents(tab.data, self.setups)
        self.recipe = RecipeEvents(tab.recipe, tab.data.task, self.setups)
        self.runs = RunEvents(tab, owner, timer, self.setups, self.recipe)
        self.result = ResultEvents(self.runs, tabs, models)
        self.tab, self.tabs, self.classify = tab, tabs, classify

    def connect(self, page: gr.Blocks, runs_tab: gr.Tab) -> None:
        """Tie the handlers to the components.

        Args:
            page: The page.
            runs_tab: Where runs are compared, in the tab `models`.
        """
        self.data.connect(self.recipe.follow)
        self.recipe.connect(page, self.tab.setup_tab)
        self.runs.connect(page)
        model = self.classify.tab.model
        drawn = [model, self.classify.tab.card, *self.classify.one.boxes, *self.classify.batch.boxes]
        self.result.connect(self.classify.on_open, (model, drawn))
        to_runs = [gr.update(selected="models"), gr.update(selected=runs_tab.id)]
        self.tab.run.compare.click(
            lambda: to_runs, None, [self.tabs, runs_tab.parent], api_visibility="private", show_progress="hidden",
            queue=False,
        )  # fmt: skip
        page.unload(self.on_leave)

    def on_leave(self, request: gr.Request) -> None:
        """The visitor closed the page; their runs go on."""
        for sessions in (self.setups, self.runs.sessions, self.result.sessions):
            sessions.drop(request)
