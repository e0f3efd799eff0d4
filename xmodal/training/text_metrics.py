"""How good descriptions and short answers about pictures are, by the libraries that others measure with."""

import re
from collections.abc import Sequence

import numpy as np

from xmodal.training.metrics import Metrics

_WORD = re.compile(r"\w+(?:'\w+)?|[\u3400-\u9fff]")
_WIDE = re.compile("[\u3400-\u9fff]")


def description_metrics(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> Metrics:
    """CIDEr-D, BLEU-4, ROUGE-L, chrF, and how many predictions are exactly a reference.

    Letter case and punctuation do not count; a Chinese character is a word. CIDEr (Vedantam et al. 2015, by
    pycocoevalcap) is 1 where others write 100; its words are weighed by how rare they are among these references, so
    it is low where there are few. BLEU and chrF are sacrebleu's, ROUGE-L is that of the package rouge-score.

    Args:
        references: For each picture the texts accepted; one at least.
        predictions: The text given.
    """
    if len(references) != len(predictions):
        raise ValueError(f"{len(references)} references and {len(predictions)} predictions")
    accepted = [[plain(text) for text in texts] for texts in references]
    given = [plain(text) for text in predictions]
    each = {
        "cider": _cider(accepted, given),
        "rouge_l": _rouge(accepted, given),
        "exact_match": [float(text in texts) for texts, text in zip(accepted, given, strict=True)],
    }
    values = {name: float(np.mean(scores)) if scores else None for name, scores in each.items()}
    values |= _corpus(accepted, given) if given else {"bleu": None, "chrf": None}
    return Metrics(values, examples={name: [(score, 1.0) for score in scores] for name, scores in each.items()})


def plain(text: str) -> str:
    """Words in small letters with a space between them."""
    return " ".join(_WORD.findall(" ".join(_spread(text.casefold()))))


def _spread(text: str) -> list[str]:
    """Chinese characters apart from one another, as each is a word."""
    return [f" {letter} " if _WIDE.match(letter) else letter for letter in text] if _WIDE.search(text) else [text]


def _cider(references: list[list[str]], predictions: list[str]) -> list[float]:
    from pycocoevalcap.cider.cider import Cider

    if not predictions:
        return []
    wanted = dict(enumerate(references))
    given = {i: [text] for i, text in enumerate(predictions)}
    return Cider().compute_score(wanted, given)[1].tolist()


def _rouge(references: list[list[str]], predictions: list[str]) -> list[float]:
    """F-measure against the reference that it is nearest to."""
    from rouge_score.rouge_scorer import RougeScorer

    class Words:
        """Texts are cut at spaces: rouge-score's own tokenizer drops what is not ASCII."""

        def tokenize(self, text: str) -> list[str]:
            return text.split()

    scorer = RougeScorer(["rougeL"], tokenizer=Words())
    return [
        max(scorer.score(text, given)["rougeL"].fmeasure for text in texts)
        for texts, given in zip(references, predictions, strict=True)
    ]


def _corpus(references: list[list[str]], predictions: list[str]) -> dict[str, float]:
    from sacrebleu.metrics import BLEU, CHRF

    most = max(map(len, references))
    streams = [[texts[i] if i < len(texts) else None for texts in references] for i in range(most)]
    bleu = BLEU(tokenize="none").corpus_score(predictions, streams).score
    return {"bleu": bleu / 100, "chrf": CHRF().corpus_score(predictions, streams).score / 100}
