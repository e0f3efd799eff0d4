"""Two ways to say a thing in the reader's language.

`label(key)` is for Gradio's own components: the browser translates it. `html(key, ...)` is for HTML made here: it
holds every language at once and the style sheet shows the one that `<html lang>` names, so switching costs nothing
and a result already on the page follows. Both know the same keys, from `xmodal.ui.locales`.
"""

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Literal

import gradio as gr

from xmodal.data.label_names import chinese_name
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
    """HTML with the text in every language; `values`, maybe with a text for each language, are filled in and escaped.

    Raises:
        KeyError: No such key.
    """
    texts = {}
    for code, locale in LOCALES.items():
        filled = {name: escape(str(_in(code, value))) for name, value in values.items()}
        texts[code] = escape(locale.TEXTS[key], quote=False).format(**filled)
    return _spans(texts)


def class_name(label: str, of: Literal["pictures", "sounds"]) -> dict[str, str]:
    """A class of ImageNet or AudioSet in every language, as a value for `html`."""
    return {"en": label, "zh": chinese_name(label, of)}


def localised(texts: Mapping[str, str]) -> str:
    """HTML with a text of each language."""
    return _spans({code: escape(text) for code, text in texts.items()})


def _spans(texts: Mapping[str, str]) -> str:
    return "".join(f'<span class="xm-text" lang="{code}">{text}</span>' for code, text in texts.items())


def _in(code: str, value: object) -> object:
    return value[code] if isinstance(value, Mapping) else value
