"""What the parts of tabs have in common that have a run, a button to stop it, and a line that says how it stands."""

import time
from collections.abc import Callable, Iterator, Sequence

import gradio as gr

from xmodal.errors import CancelledError
from xmodal.ui import views
from xmodal.ui.background import stream
from xmodal.ui.notices import warn
from xmodal.ui.sessions import Sessions, Visit


class RunEvents:
    """Handlers of such a part.

    Args:
        part: With the components `status`, `run` and `stop`.
        sessions: Of the visitors.
    """

    def __init__(self, part, sessions: Sessions):
        self.part, self.sessions = part, sessions

    def on_wait(self) -> dict:
        """Asked to run: say so at once, there may be others before."""
        return {
            self.part.status: views.waiting(),
            self.part.run: gr.update(interactive=False),
            self.part.stop: gr.update(interactive=True),
        }

    def on_stop(self, request: gr.Request) -> None:
        """Stop the run."""
        self.sessions.get(request).cancel.set()

    def on_stopped(self, request: gr.Request) -> dict:
        """Show what was found before it was stopped."""
        return self._draw_end(self.sessions.get(request), 0, stopped=True)

    def _follow(
        self, session: Visit, work: Callable[[Callable], None], draw: Callable[[Sequence[object]], dict]
    ) -> Iterator[dict]:
        """The updates of a run and of its end.

        Args:
            session: The visitor's.
            work: Emits what is new.
            draw: The updates that show it.
        """
        began, problems = time.monotonic(), ""
        try:
            for items in stream(work, session.cancel):
                if updates := draw(items):
                    yield updates
        except CancelledError:
            yield self._draw_end(session, 0, stopped=True)
            return
        except Exception as error:  # noqa: BLE001 - `stream` has logged it; the page goes on
            problems = warn(error)
        yield self._draw_end(session, time.monotonic() - began, problems)

    def _draw_end(self, session: Visit, seconds: float, problems: str = "", stopped: bool = False) -> dict:
        """The page after a run: complete, stopped or failed; what was found is shown."""
        raise NotImplementedError

    def _at_rest(self, status: str) -> dict:
        return {
            self.part.status: status,
            self.part.run: gr.update(interactive=True),
            self.part.stop: gr.update(interactive=False),
        }
