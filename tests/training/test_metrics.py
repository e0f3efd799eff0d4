import json

import jiwer
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from xmodal.training.metrics import answer_metrics, classification_metrics, rate, speech_metrics, token_f1
from xmodal.training.normalise import answer_tokens, normalise_answer, spoken_words


def test_classification_by_hand():
    found = classification_metrics([0, 0, 0, 1, 1], [0, 0, 1, 1, 0], None, ["a", "b"])
    assert found.confusion == [[2, 1], [1, 1]]
    assert found.values == pytest.approx(
        {"accuracy": 0.6, "precision": (2 / 3 + 1 / 2) / 2, "recall": (2 / 3 + 1 / 2) / 2, "f1": (2 / 3 + 1 / 2) / 2,
         "auc": None}
    )  # fmt: skip
    assert found.per_class["b"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert rate(found.examples["accuracy"]) == 0.6
    json.dumps(found.as_dict(examples=True))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_classification_against_sklearn(classes):
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes, 300)
    scores = random.random((300, classes)) + 0.5 * np.eye(classes)[labels]
    scores /= scores.sum(1, keepdims=True)
    predictions = scores.argmax(1)
    found = classification_metrics(labels, predictions, scores, [str(i) for i in range(classes)])
    assert found.values["f1"] == pytest.approx(sklearn_metrics.f1_score(labels, predictions, average="macro"))
    area = sklearn_metrics.roc_auc_score(labels, scores[:, 1] if classes == 2 else scores, multi_class="ovr")
    assert found.values["auc"] == pytest.approx(area)


def test_a_class_that_is_nowhere_does_not_count():
    found = classification_metrics([0, 1], [0, 1], np.eye(3)[[0, 1]], ["a", "b", "c"])
    assert found.values["f1"] == 1.0
    assert found.values["auc"] == 1.0
    assert found.per_class["c"]["support"] == 0


def test_auc_of_one_class_is_not_defined():
    assert classification_metrics([1, 1], [1, 0], np.eye(2)[[1, 0]], ["a", "b"]).values["auc"] is None


@pytest.mark.parametrize(
    ("text", "normalised"),
    [("The  Eiffel Tower!", "eiffel tower"), ("a.b-c, an apple", "abc apple"), ("《战国无双３》。", "战国无双3"),
     ("$5 <a>", "5"), ("theatre", "theatre")],
)  # fmt: skip
def test_answers_are_normalised_as_squad_does(text, normalised):
    assert normalise_answer(text) == normalised


def test_mixed_text_is_cut_into_words_and_characters():
    assert answer_tokens("光荣和ω-force的iPhone 15") == ["光", "荣", "和", "ωforce", "的", "iphone", "15"]


@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [("the cat sat", "cat", 2 / 3), ("cat", "dog", 0), ("", "", 1), ("", "x", 0), ("the", "x", 0),
     ("北京大学", "北京", 2 / 3), ("a b b", "b b b", 2 * 2 / 5)],
)  # fmt: skip
def test_token_f1(reference, prediction, expected):
    assert token_f1(reference, prediction) == pytest.approx(expected)


def test_answers_with_and_without():
    references = [["France", "in France"], ["10th century"], [], []]
    found = answer_metrics(references, ["In  france.", "", "", "something"])
    assert found.values == pytest.approx(
        {"exact_match": 0.5, "f1": 0.5, "f1_answerable": 0.5, "f1_unanswerable": 0.5, "answerability": 0.5}
    )
    assert rate(found.examples["f1"]) == 0.5
    only = answer_metrics([["x"]], ["x"])
    assert only.values["answerability"] == 1.0
    assert only.values["f1_unanswerable"] is None


def test_error_rates_by_hand():
    found = speech_metrics(["Hello, big world!", "don't"], ["hello world", "dont stop"], "en")
    assert found.examples["wer"] == [(1, 3), (1, 1)]
    assert found.values["wer"] == 0.5
    assert found.examples["cer"] == [(3, 13), (4, 4)]


def test_error_rates_against_jiwer():
    references, predictions = ["a b c d", "e f g", "h"], ["a x c", "e f g g", "h"]
    found = speech_metrics(references, predictions, "en")
    assert found.values["wer"] == pytest.approx(jiwer.wer(references, predictions))
    joined = [["".join(text.split()) for text in side] for side in (references, predictions)]
    assert found.values["cer"] == pytest.approx(jiwer.cer(*joined))


def test_chinese_speech():
    found = speech_metrics(["设定二十九度。", "打开 空调"], ["设定二十九度", "打开空挑"], "zh")
    assert found.values["cer"] == found.values["wer"] == pytest.approx(1 / 10)
    assert spoken_words("打开TV吧", "zh") == ["打", "开", "tv", "吧"]


def test_silence():
    found = speech_metrics(["", "a"], ["two words", "a"], "en")
    assert found.values["wer"] == 2.0
    assert speech_metrics([""], [""], "en").values["wer"] is None


def test_different_lengths_are_a_bug():
    with pytest.raises(ValueError, match="1 references and 2 predictions"):
        answer_metrics([["a"]], ["a", "b"])
