"""How good answers are: classes, marked answers, and transcripts. Pure functions of lists; results go into JSON.

Each returns a `Metrics`: the numbers, and what each example contributed, from which intervals are drawn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from xmodal.training.normalise import answer_tokens, normalise_answer, spoken_characters, spoken_words

Pair = tuple[float, float]
"""Numerator and denominator of one example's share in a rate."""


@dataclass(frozen=True)
class Metrics:
    """Numbers, and where they come from.

    Attributes:
        values: Name to number, within 0 to 1 except error rates, which can be above; None where it is not defined.
        per_class: Label to precision, recall, f1 and support; classification only.
        confusion: Rows are the true classes, columns the predicted ones, in the order of `names`.
        names: The classes.
        examples: Metric to a pair for each example; the metric is the sum of the first over the sum of the second.
    """

    values: dict[str, float | None]
    per_class: dict[str, dict[str, float]] = field(default_factory=dict)
    confusion: list[list[int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    examples: dict[str, list[Pair]] = field(default_factory=dict)

    def as_dict(self, examples: bool = False) -> dict:
        """Plain values for JSON."""
        content = asdict(self)
        if not examples:
            del content["examples"]
        return content


def as_text(name: str, value: float) -> str:
    """A metric for people: a share as `12.3%`, CIDEr as papers give it (100 times)."""
    return f"{100 * value:.1f}" if name == "cider" else f"{value:.1%}"


def classification_metrics(
    labels: Sequence[int],
    predictions: Sequence[int],
    scores: np.ndarray | None,
    names: Sequence[str],
) -> Metrics:
    """Accuracy, macro precision, recall and F1, and the area under the ROC curve.

    A macro mean is over the classes that are among the labels or the predictions; a class never predicted has
    precision 0. The AUC of more than two classes is the mean of each one against the rest, over those that have
    examples on both sides.

    Args:
        labels: True class numbers, `(examples,)`.
        predictions: Predicted class numbers.
        scores: `(examples, classes)`, higher is likelier; None leaves the AUC out.
        names: The classes by number.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    labels, predictions = np.asarray(labels, int), np.asarray(predictions, int)
    _same_length(labels, predictions)
    every = np.arange(len(names))
    confusion = confusion_matrix(labels, predictions, labels=every)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predictions, labels=every, average=None, zero_division=0
    )
    present = (confusion.sum(0) + confusion.sum(1)) > 0
    values = {
        "accuracy": float(np.mean(labels == predictions)),
        "precision": float(precision[present].mean()),
        "recall": float(recall[present].mean()),
        "f1": float(f1[present].mean()),
        "auc": None if scores is None else _auc(labels, np.asarray(scores, float)),
    }
    rows = zip(precision, recall, f1, support, strict=True)
    per_class = {
        name: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
        for name, (p, r, f, s) in zip(names, rows, strict=True)
    }
    examples = {"accuracy": [(float(right), 1.0) for right in labels == predictions]}
    return Metrics(values, per_class, confusion.tolist(), list(names), examples)


def answer_metrics(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> Metrics:
    """Exact match and F1 as in SQuAD 2.0, on words in English and on characters in Chinese (as CMRC 2018).

    Each prediction is compared with every reference, and the best counts. Where there is no reference, the question
    cannot be answered, and only an empty prediction is right. `answerability` is the mean of how often answerable
    questions are given an answer and how often the others are not.

    Args:
        references: For each question the answers accepted; empty where there is none.
        predictions: The answers given; empty for "the sources do not say".
    """
    _same_length(references, predictions)
    exact, f1, knows, answerable = [], [], [], []
    for accepted, given in zip(references, predictions, strict=True):
        accepted = [answer for answer in accepted if normalise_answer(answer)] or [""]
        exact.append(max(float(normalise_answer(answer) == normalise_answer(given)) for answer in accepted))
        f1.append(max(token_f1(answer, given) for answer in accepted))
        answerable.append(accepted != [""])
        knows.append(float(bool(given.strip()) == answerable[-1]))
    answerable = np.asarray(answerable, bool)
    values = {"exact_match": _mean(exact), "f1": _mean(f1)}
    for name, where in (("answerable", answerable), ("unanswerable", ~answerable)):
        values[f"f1_{name}"] = _mean(np.asarray(f1)[where])
    sides = [_mean(np.asarray(knows)[where]) for where in (answerable, ~answerable) if where.any()]
    values["answerability"] = _mean(sides)
    return Metrics(values, examples={"exact_match": _ones(exact), "f1": _ones(f1)})


def speech_metrics(references: Sequence[str], predictions: Sequence[str], language: str = "") -> Metrics:
    """Word and character error rate over all utterances: edits over reference length.

    Characters are counted without spaces and punctuation, words without punctuation; letter case does not count. In
    languages written without spaces a word is a character. Bring Chinese to one script before.

    Args:
        references: What was said.
        predictions: What was heard.
        language: Code such as `en`, `zh`; empty if not known.
    """
    _same_length(references, predictions)
    words, characters = [], []
    for reference, prediction in zip(references, predictions, strict=True):
        words.append(_edits(spoken_words(reference, language), spoken_words(prediction, language)))
        characters.append(_edits(spoken_characters(reference), spoken_characters(prediction)))
    values = {"wer": rate(words), "cer": rate(characters)}
    return Metrics(values, examples={"wer": words, "cer": characters})


def token_f1(reference: str, prediction: str) -> float:
    """Overlap of tokens; if either has none, whether both have none."""
    wanted, given = answer_tokens(reference), answer_tokens(prediction)
    if not wanted or not given:
        return float(wanted == given)
    same = sum((Counter(wanted) & Counter(given)).values())
    return 2 * same / (len(wanted) + len(given))


def rate(pairs: Sequence[Pair]) -> float | None:
    """Sum over sum; None if there is nothing below."""
    if not len(pairs):
        return None
    above, below = np.asarray(pairs, float).sum(0)
    return float(above / below) if below else None


def _auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    from sklearn.metrics import roc_auc_score

    if scores.shape[1] == 2:
        sides = [(labels == 1, scores[:, 1] - scores[:, 0])]
    else:
        sides = [(labels == k, scores[:, k]) for k in range(scores.shape[1])]
    areas = [roc_auc_score(side, score) for side, score in sides if side.any() and not side.all()]
    return _mean(areas)


def _edits(reference: list[str], prediction: list[str]) -> Pair:
    """Edits and reference length of one utterance. jiwer wants at least one reference word."""
    import jiwer

    if not reference:
        return float(len(prediction)), 0.0
    found = jiwer.process_words(" ".join(reference), " ".join(prediction))
    return float(found.substitutions + found.deletions + found.insertions), float(len(reference))


def _ones(values: Sequence[float]) -> list[Pair]:
    return [(float(value), 1.0) for value in values]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _same_length(first: Sequence, second: Sequence) -> None:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} references and {len(second)} predictions")
