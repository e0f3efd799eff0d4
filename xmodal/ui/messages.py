"""What the layers below say, in the reader's language where a translation knows its code.

They speak English; a translation of an error or a warning is found by its code and filled with its values.
"""

import re
from html import escape

from xmodal.data.report import DataWarning
from xmodal.errors import XmodalError
from xmodal.ui.i18n import LOCALES
from xmodal.ui.locales import zh_answer, zh_data_tune, zh_describe, zh_jobs

_ERRORS = {
    "zh": zh_data_tune.MESSAGES | zh_data_tune.RECIPES | zh_answer.MESSAGES | zh_describe.MESSAGES | zh_jobs.MESSAGES
}
_WARNINGS = {"zh": zh_data_tune.WARNINGS}
_STORED = {"zh": (*zh_jobs.STORED, *zh_answer.NOTES)}


def words_of(error: XmodalError) -> tuple[str, str]:
    """What is wrong and what to do, as HTML."""
    known = {code: texts[error.code] for code, texts in _ERRORS.items() if error.code in texts}
    sentences = (error.problem, error.advice)
    return tuple(
        _in_every_language(text, {code: pair[i] for code, pair in known.items()}, error.values)
        for i, text in enumerate(sentences)
    )


def stored(sentence: str) -> str:
    """A sentence that was kept without its code, such as why a job failed or a note on a source, as HTML."""
    known, values = {}, {}
    for language, pairs in _STORED.items():
        for pattern, text in pairs:
            if found := re.fullmatch(pattern, sentence):
                known[language], values = text, found.groupdict()
                break
    return _in_every_language(sentence, known, values)


def warning(found: DataWarning) -> str:
    """Something to know of a data set, as HTML."""
    key = found.code or found.kind
    known = {code: texts[key] for code, texts in _WARNINGS.items() if key in texts}
    # Where there is nothing to fill in, the sentence is another one.
    return _in_every_language(found.message, known if found.values else {}, found.values)


def _in_every_language(english: str, known: dict[str, str], values: dict[str, object]) -> str:
    if not known:
        return escape(english)
    texts = {code: known[code].format(**_translated(code, values)) if code in known else english for code in LOCALES}
    return "".join(f'<span class="xm-text" lang="{code}">{escape(text)}</span>' for code, text in texts.items())


def _translated(code: str, values: dict[str, object]) -> dict[str, object]:
    """Values with the role of a column and the setting of a recipe as the page calls them."""
    texts, role, setting = LOCALES[code].TEXTS, values.get("role"), str(values.get("setting", ""))
    setting = texts.get(f"tune.field_{setting.rpartition('.')[2]}", setting)
    return {**values, "role": texts.get(f"tune.role_{role}", role), "setting": setting}
