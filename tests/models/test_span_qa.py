import pytest
import torch
from tiny_text import SIZE, make_tower

from xmodal.errors import InputError
from xmodal.models.adapters import Adapter
from xmodal.models.span_qa import SpanCollator, SpanConfig, SpanModel, best_spans, load_span_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return SpanModel(SpanConfig("tiny", SIZE), make_tower(tmp_path_factory.mktemp("tiny"))).eval()


def batch_of(*rows):
    return SpanCollator(pad=1)(rows)


def test_only_the_passage_and_no_answer_have_logits(model):
    short = {"input_ids": [0, 5, 6, 2, 2, 7, 8, 2], "first": 5, "count": 2}
    long = {"input_ids": [0, 5, 2, 2, *range(7, 17), 2], "first": 4, "count": 10}
    batch = batch_of(short, long)
    assert batch["input_ids"].shape == (2, 15)
    assert batch["attention_mask"].sum(1).tolist() == [8, 15]
    with torch.no_grad():
        out = model(**batch)
    for side in ("start", "end"):
        assert (out[side] > -1e30).nonzero()[:, 1].tolist() == [0, 5, 6, 0, *range(4, 14)]


def test_padding_changes_nothing(model):
    short = {"input_ids": [0, 5, 6, 2, 2, 7, 8, 2], "first": 5, "count": 2}
    long = {"input_ids": [0, 5, 2, 2, *range(7, 17), 2], "first": 4, "count": 10}
    with torch.no_grad():
        alone, together = model(**batch_of(short))["start"], model(**batch_of(short, long))["start"]
    assert together[0, :8] == pytest.approx(alone[0], abs=1e-5)


def test_the_loss_is_that_of_the_right_span(model):
    row = {"input_ids": [0, 5, 2, 2, *range(7, 17), 2], "first": 4, "count": 10, "start": 6, "end": 9}
    with torch.no_grad():
        out = model(**batch_of(row))
    wanted = -(out["start"].softmax(-1)[0, 6].log() + out["end"].softmax(-1)[0, 9].log()) / 2
    assert out["loss"].item() == pytest.approx(wanted.item(), abs=1e-5)


def test_a_little_training_learns_to_mark_and_to_abstain(tmp_path):
    torch.manual_seed(0)
    model = SpanModel(SpanConfig("tiny", SIZE, dropout=0.0), make_tower(tmp_path))
    told = {"input_ids": [0, 5, 2, 2, 7, 8, 9, 10, 2], "first": 4, "count": 4, "start": 5, "end": 6}
    silent = {"input_ids": [0, 6, 2, 2, 7, 8, 9, 10, 2], "first": 4, "count": 4, "start": 0, "end": 0}
    batch, optimiser = batch_of(told, silent), torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        model(**batch)["loss"].backward()
        optimiser.step()
    model.eval()
    with torch.no_grad():
        out = model(**batch)
    first, last, odds, _ = best_spans(out["start"], out["end"], 5, 1)
    assert (first[0].item(), last[0].item()) == (5, 6)
    assert odds[0].item() > 0 > odds[1].item()


class TestBestSpans:
    def test_order_and_length_are_kept(self):
        start = torch.tensor([[0.0, 1.0, 0.0, 5.0, 0.0]])
        end = torch.tensor([[0.0, 6.0, 0.0, 0.0, 4.0]])
        first, last, odds, chance = best_spans(start, end, 2, 3)
        # (3, 1) would be 11, but runs backwards.
        assert list(zip(first[0].tolist(), last[0].tolist(), strict=True)) == [(3, 4), (1, 1), (3, 3)]
        assert odds[0].tolist() == [9.0, 7.0, 5.0]
        assert chance[0, 0].item() == pytest.approx((start.log_softmax(1)[0, 3] + end.log_softmax(1)[0, 4]).item())
        first, last, *_ = best_spans(start, end, 1, 1)
        assert (first.item(), last.item()) == (1, 1)

    def test_odds_are_against_no_answer(self):
        start, end = torch.tensor([[2.0, 1.0]]), torch.tensor([[3.0, 1.5]])
        assert best_spans(start, end, 4, 1)[2].item() == pytest.approx(2.5 - 5.0)

    def test_a_window_with_few_tokens_fills_up_with_the_impossible(self):
        hidden = torch.finfo(torch.float32).min
        start = end = torch.tensor([[0.0, hidden, 1.0]])
        assert (best_spans(start, end, 4, 5)[2] > -1e30).sum() == 1


def test_settings_are_read_back():
    config = SpanConfig("tiny", SIZE, null_threshold=1.5, span_odds=[0.5, -0.1])
    assert SpanConfig.from_dict(config.to_dict()) == config
    with pytest.raises(InputError, match="beam"):
        SpanConfig.from_dict({**config.to_dict(), "beam": 4})
    with pytest.raises(InputError, match="dim"):
        SpanConfig.from_dict({"tower": "tiny"})


def test_short_windows_still_move_on():
    assert SpanConfig("tiny", SIZE, max_length=64).stride == 16


def test_another_family_is_refused():
    with pytest.raises(InputError, match="does not mark answers"):
        load_span_model(Adapter("a", "classifier", "classify", {}))
