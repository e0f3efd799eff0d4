"""Whose runs are whose: a visitor without a log-in is known by a number that their browser keeps."""

import os
import uuid

import gradio as gr

from xmodal.jobs.supervisor import Supervisor
from xmodal.settings import settings

_LOCAL = ("127.0.0.1", "localhost", "::1")
_supervisors: list[Supervisor] = []


def build_owner() -> gr.BrowserState:
    """What the browser keeps. The secret need not be one: the value is kept from nobody who has the browser."""
    return gr.BrowserState("", storage_key="xmodal-owner", secret="xmodal-owner")


def owner_of(kept: str | None, request: gr.Request) -> str:
    """Who asks: the name they logged in with, or what their browser keeps, or a new number."""
    if request.username:
        return f"user:{request.username}"
    return kept if isinstance(kept, str) and len(kept) == 32 and kept.isalnum() else uuid.uuid4().hex


def sees_all() -> bool:
    """Whether everybody who can open the page sits at this machine, so that every run may be shown."""
    chosen = settings()
    return chosen.host in _LOCAL and not (chosen.auth or chosen.share or "SPACE_ID" in os.environ)


def start_supervisor() -> None:
    """See to it from now on that waiting jobs have a worker; once a process."""
    if not _supervisors:
        _supervisors.append(Supervisor())
        _supervisors[0].start()


def wake_supervisor() -> None:
    """A job was put in the queue."""
    start_supervisor()
    _supervisors[0].wake()
