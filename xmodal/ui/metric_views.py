"""Names and values of metrics as people read them, the same wherever they stand."""

from html import escape

from xmodal.training.metrics import as_text
from xmodal.ui.i18n import html

_ORDER = (
    "accuracy", "precision", "recall", "f1", "auc", "exact_match", "answerability", "f1_answerable", "f1_unanswerable",
    "cider", "bleu", "rouge_l", "chrf", "wer", "cer",
)  # fmt: skip
_TEXTS = {"f1": "f_one", "f1_answerable": "answerable", "f1_unanswerable": "unanswerable"}


def metric_name(name: str) -> str:
    """In plain words where it is known, as HTML."""
    return html(f"tune.metric_{_TEXTS.get(name, name)}") if name in _ORDER else escape(name)


def measure(name: str, value: object) -> str:
    """A value: as `as_text` has it where the metric is known, others as they are; a dash for none."""
    if not is_number(value):
        return "–"
    return as_text(name, value) if name in _ORDER else f"{value:.3g}"


def is_number(value: object) -> bool:
    """Whether it can be shown as a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rank(name: str) -> tuple[int, str]:
    """For sorting: those that are known first, in the order in which they are most often wanted."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)
