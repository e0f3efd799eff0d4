"""Who may change what others use too: everybody at this machine, and those who logged in."""

import gradio as gr

from xmodal.errors import InputError
from xmodal.ui.tune_owner import owner_of, sees_all


def may_manage(request: gr.Request) -> bool:
    """Whether the visitor may delete, import and rename, and read what others judged."""
    return sees_all() or bool(request.username)


def require_manager(request: gr.Request) -> None:
    """Refuse strangers.

    Raises:
        InputError: The visitor is one.
    """
    if not may_manage(request):
        raise InputError(
            "This page is open to strangers, so nobody may do that here.", "Log in, or run xmodal yourself."
        )


def owner_for(kept: str | None, request: gr.Request) -> str | None:
    """Whose runs a visitor may see and change; None for everybody's."""
    return None if sees_all() else owner_of(kept, request)
