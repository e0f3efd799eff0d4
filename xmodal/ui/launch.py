"""Starts the page: flags, one port, no calls to anywhere, and the heavy imports only once it is up."""

import argparse
import logging
import os
import socket
import sys
from collections.abc import Sequence

from xmodal.errors import SettingsError, XmodalError
from xmodal.settings import Settings, settings

# Read by Gradio when it is imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until it is interrupted; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        _apply_flags(arguments)
        _serve(settings())
    except XmodalError as error:
        print(error.problem, error.advice, sep="\n", file=sys.stderr)
        return 2
    return 0


def _apply_flags(arguments: Sequence[str] | None) -> None:
    """Flags become the settings' environment variables, so that both are checked in one place."""
    parser = argparse.ArgumentParser(prog="app.py", description="The xmodal web page.")
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for the whole network (XMODAL_HOST)")
    parser.add_argument("--port", help="port (XMODAL_PORT)")
    parser.add_argument("--share", action="store_const", const="1", help="also make a public link (XMODAL_SHARE)")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask for a log-in; several with commas (XMODAL_AUTH)")
    parser.add_argument("--mcp", action="store_const", const="1", help="offer the endpoints as MCP tools (XMODAL_MCP)")
    for name, value in vars(parser.parse_args(arguments)).items():
        if value is not None:
            os.environ[f"XMODAL_{name.upper()}"] = value
    settings.cache_clear()


def _serve(chosen: Settings) -> None:
    from xmodal.ui.i18n import translations
    from xmodal.ui.page import build_page
    from xmodal.ui.theme import SCRIPT, build_style, build_theme
    from xmodal.ui.tune_owner import start_supervisor
    from xmodal.ui.warm_up import start_warm_up

    on_spaces = "SPACE_ID" in os.environ
    host = "0.0.0.0" if on_spaces and "XMODAL_HOST" not in os.environ else chosen.host
    port = _find_port(host, chosen.port)
    page = build_page()
    page.launch(
        server_name=host,
        server_port=port,
        share=chosen.share and not on_spaces,
        auth=_read_auth(chosen.auth),
        max_file_size=f"{chosen.max_upload_mb}mb",
        mcp_server=chosen.mcp,
        i18n=translations(),
        theme=build_theme(),
        # Not `css`: Gradio would confine its rules to the page's body, and some depend on <html lang>.
        head=f"<style>{build_style()}</style>",
        js=SCRIPT.read_text(encoding="utf-8"),
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    here = f"http://{'localhost' if host == '0.0.0.0' else host}:{port}"
    print(f"xmodal is ready: {page.share_url or here}", flush=True)
    start_warm_up()
    start_supervisor()
    page.block_thread()


def _find_port(host: str, port: int) -> int:
    """The port, checked to be free; any free one for 0.

    Raises:
        SettingsError: It is taken, or may not be used.
    """
    with socket.socket() as probe:
        # As the server will do: a port that was used a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}.",
                "Stop what uses it, or choose another with --port.",
            ) from error
        return probe.getsockname()[1]


def _read_auth(text: str) -> list[tuple[str, str]] | None:
    pairs = [tuple(pair.split(":", 1)) for pair in text.split(",") if pair]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise SettingsError("The log-in is not of the form user:password.", "Correct --auth or XMODAL_AUTH.")
    return pairs or None
