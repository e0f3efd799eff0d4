"""How the page looks: calm, one accent colour, system fonts (nothing is fetched from anywhere)."""

import json
from pathlib import Path

import gradio as gr

from xmodal.ui.i18n import LOCALES

STATIC = Path(__file__).parent / "static"
STYLE = STATIC / "style.css"
SCRIPT = STATIC / "page.js"
SAVE_FILE = """(file) => {
  if (!file?.url) return;
  const link = Object.assign(document.createElement("a"), { href: file.url, download: file.orig_name ?? "" });
  document.body.append(link);
  link.click();
  link.remove();
}"""
"""Saves the file that a hidden download button holds, its input; clicking the button could come before its file."""

_SANS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "sans-serif",
)


def build_theme() -> gr.themes.Base:
    """Gradio's soft theme with our colours, corners and fonts."""
    return gr.themes.Soft(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=_SANS,
        font_mono=("ui-monospace", "Menlo", "Consolas", "monospace"),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        color_accent="*primary_700",
        block_shadow="none",
        block_border_width="1px",
        block_label_background_fill="*block_background_fill",
        block_label_background_fill_dark="*block_background_fill",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_label_border_width="0px",
        block_label_border_width_dark="0px",
        block_label_shadow="none",
        block_title_background_fill="none",
        block_title_background_fill_dark="none",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
    )


def build_style() -> str:
    """The style sheet, with the texts of Gradio's upload boxes: they do not follow a change of language."""
    boxes = [
        f'html:lang({code}) .{name} [data-testid="upload-text"]::after '
        f"{{ content: {json.dumps(locale.TEXTS[key], ensure_ascii=False)}; }}"
        for code, locale in LOCALES.items()
        for name, key in (("xm-drop", "app.drop"), ("xm-drop-many", "app.drop_many"))
    ]
    return "\n".join([STYLE.read_text(encoding="utf-8"), *boxes])


def panel(value: str = "", *classes: str, **options) -> gr.HTML:
    """A place for our own HTML, without Gradio's styles for texts and buttons in it."""
    return gr.HTML(value, apply_default_css=False, elem_classes=["xm-panel", *classes], **options)
