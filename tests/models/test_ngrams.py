"""Counted characters beside the towers."""

import pytest
import torch

from xmodal.models.ngrams import NgramModel, cross_fitted

TEXTS = [f"这个苹果很甜 {i}" for i in range(12)] + [f"the phone rings {i}" for i in range(12)]
LABELS = [0] * 12 + [2] * 12


@pytest.fixture(scope="module")
def model():
    return NgramModel.fit(TEXTS, LABELS, 3)


def test_it_tells_texts_apart_and_gives_log_probabilities(model):
    told = model.log_probs(["苹果真甜", "my phone", None])
    assert told[:2].argmax(1).tolist() == [0, 2]
    assert told[:2].exp().sum(1).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert told[2].tolist() == [0, 0, 0]


def test_a_class_without_texts_is_improbable(model):
    assert model.log_probs(["苹果"])[0, 1] < -10


def test_more_than_two_classes(model):
    made = NgramModel.fit([*TEXTS, *(["水 果"] * 6)], [*LABELS, *([1] * 6)], 3)
    assert made.log_probs(["水 果"]).argmax() == 1


def test_stored_tensors_give_the_same(model):
    again = NgramModel({name: value.clone() for name, value in model.tensors.items()})
    assert torch.equal(again.log_probs(TEXTS), model.log_probs(TEXTS))


def test_cross_fitting_never_sees_the_text_itself():
    # Each text is unlike all others, so that only a model fitted to it could know its label.
    texts = [chr(0x4E00 + 7 * i) * 3 for i in range(40)]
    labels = [i % 2 for i in range(40)]
    fitted = NgramModel.fit(texts, labels, 2).log_probs(texts).argmax(1)
    assert (fitted == torch.tensor(labels)).all()
    told = cross_fitted(texts, labels, 2, 4, 0)
    assert told.shape == (40, 2)
    assert (told.exp().max(1).values < 0.75).all()
