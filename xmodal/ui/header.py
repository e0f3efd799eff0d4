"""Top of the page: name, language switch, device, and which models are at hand or where they would come from."""

from html import escape

import gradio as gr

from xmodal.errors import XmodalError
from xmodal.models.registry import ModelSpec, find_model, list_models
from xmodal.settings import settings
from xmodal.ui.i18n import LOCALES, html
from xmodal.ui.theme import panel

TASKS = ("transcribe", "tag")


def build_header() -> gr.HTML:
    """Name, tagline and language switch; returns the place for what `on_load_header` finds out."""
    switch = "".join(
        f'<button type="button" data-lang="{code}" lang="{code}">{escape(locale.NAME)}</button>'
        for code, locale in LOCALES.items()
    )
    panel(
        f'<header class="xm-header"><div><h1>xmodal</h1><p>{html("app.tagline")}</p></div>'
        f'<nav class="xm-languages" aria-label="Language / 语言">{switch}</nav></header>'
    )
    return panel(_facts(html("header.checking"), "", ""), elem_id="xm-machine")


def on_load_header() -> str:
    """Device and models as HTML. Imports torch, so it takes seconds at the first call; the page is up before."""
    from xmodal.models.hub import hub_reachable

    specs = [find_model(name) for name in dict.fromkeys(name for task in TASKS for name in list_models(task))]
    source = settings().source
    hub_up = source != "index" and hub_reachable()
    rows = "".join(
        f'<li><strong>{escape(spec.name)}</strong> <span class="xm-hint">{_where(spec, hub_up)}</span></li>'
        for spec in specs
    )
    remark = ""
    if source == "index":
        remark = html("header.index_only")
    elif not hub_up:
        remark = html("header.no_hub")
    return _facts(_device(), rows, remark)


def _device() -> str:
    from xmodal.device import pick_device

    try:
        return escape(pick_device().label)
    except XmodalError as error:
        return html("header.unknown", problem=f"{error.problem} {error.advice}")


def _where(spec: ModelSpec, hub_up: bool) -> str:
    from xmodal.models import sources

    if sources.find_cached(spec) is not None:
        return html("header.on_disk")
    if hub_up and spec.hub:
        return html("header.from_hub", size=spec.download_mb)
    if spec.index is not None and settings().source != "hub":
        return html("header.from_index", size=spec.index.download_mb)
    return html("header.unavailable")


def _facts(device: str, rows: str, remark: str) -> str:
    models = f"<details><summary>{html('header.models')}</summary><ul>{rows}</ul></details>" if rows else ""
    note = f'<p class="xm-remark">{remark}</p>' if remark else ""
    return f'<div class="xm-machine"><p>{html("header.device")}: {device}</p>{models}{note}</div>'
