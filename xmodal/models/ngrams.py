"""Character n-grams beside the towers: what a text is about often shows in single words, which pooled tokens blur."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_SIZE = 2**16
_STRENGTH, _ROUNDS = 3.0, 100  # inverse regularisation and most iterations of the logistic regression


class NgramModel:
    """Logistic regression on 1- and 2-grams of characters, hashed and weighted by tf-idf.

    Args:
        tensors: `idf` `(2^16,)`, `weight` `(labels, 2^16)` and `bias` `(labels,)`, as `fit` makes them.
    """

    def __init__(self, tensors: dict[str, Tensor]):
        self.tensors = tensors
        self._idf, self._weight, self._bias = (tensors[name].float().numpy() for name in ("idf", "weight", "bias"))

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[int], count: int) -> "NgramModel":
        """Learn from texts and their class numbers below `count`; classes without a text stay improbable."""
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        counts = _count(texts)
        tfidf = TfidfTransformer(sublinear_tf=True).fit(counts)
        model = LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS).fit(tfidf.transform(counts), labels)
        weight, bias = np.zeros((count, _SIZE)), np.full(count, -20.0)
        two = len(model.classes_) == 2
        weight[model.classes_] = np.concatenate([-model.coef_, model.coef_]) / 2 if two else model.coef_
        bias[model.classes_] = np.concatenate([-model.intercept_, model.intercept_]) / 2 if two else model.intercept_
        return cls({
            "idf": torch.from_numpy(tfidf.idf_).float(),
            "weight": torch.from_numpy(weight).half(),
            "bias": torch.from_numpy(bias).float(),
        })  # fmt: skip

    def log_probs(self, texts: Sequence[str | None]) -> Tensor:
        """`(texts, labels)`; zeros, which say nothing, where there is no text."""
        from sklearn.preprocessing import normalize

        counts = _count([text or "" for text in texts])
        counts.data = 1 + np.log(counts.data)
        weighted = normalize(counts.multiply(self._idf).tocsr())
        scores = torch.from_numpy(np.asarray(weighted @ self._weight.T + self._bias, np.float32))
        there = torch.tensor([bool(text) for text in texts])
        return scores.log_softmax(-1) * there[:, None]


def cross_fitted(texts: Sequence[str | None], labels: Sequence[int], count: int, parts: int, seed: int) -> Tensor:
    """For each text what a model says that was fitted to the other parts, `(texts, labels)`.

    What is trained beside it then sees how far n-grams can be trusted on texts they were not fitted to.
    """
    order = np.random.default_rng(seed).permutation(len(texts))
    made = torch.zeros(len(texts), count)
    for held in np.array_split(order, parts):
        rest = [i for i in np.setdiff1d(order, held) if texts[i]]
        if len({labels[i] for i in rest}) > 1:
            model = NgramModel.fit([texts[i] for i in rest], [labels[i] for i in rest], count)
            made[held] = model.log_probs([texts[i] for i in held])
    return made


def _count(texts: Sequence[str]):
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer="char", ngram_range=(1, 2), n_features=_SIZE, alternate_sign=False, norm=None, dtype=np.float32
    ).transform(texts)
