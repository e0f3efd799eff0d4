"""Two ways to say a thing in the reader's language.

`label(key)` is for Gradio's own components: the browser translates it. `html(key, ...)` is for HTML made here: it
holds every language at once and the style sheet shows the one that `<html lang>` names, so switching costs nothing
and a result already on the page follows. Both know the same keys, from `xmodal.ui.locales`.
"""

from functools import cache
from html import escape

import gradio as gr

from xmodal.ui.locales import en, zh

LOCALES = {"en": en, "zh": zh}


@cache
def translations() -> gr.I18n:
    """The dictionaries as `launch(i18n=...)` takes them."""
    return gr.I18n(**{code: locale.TEXTS for code, locale in LOCALES.items()})


def label(key: str):
    """A text that the browser translates, for labels, buttons, hints and tab names.

    Raises:
        KeyError: No such key.
    """
    _ = en.TEXTS[key]
    return translations()(key)


def html(key: str, **values: object) -> str:
    """HTML with the text in every language; `values` are filled in and escaped.

    Raises:
        KeyError: No such key.
    """
    filled = {name: escape(str(value)) for name, value in values.items()}
    return "".join(
        f'<span class="xm-text" lang="{code}">{escape(locale.TEXTS[key], quote=False).format(**filled)}</span>'
        for code, locale in LOCALES.items()
    )
