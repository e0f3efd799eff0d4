from itertools import chain, combinations

import pytest
import torch
from torch import nn

from xmodal.errors import InputError
from xmodal.models.classifier import ClassifierConfig, ClassifierHead, contributions
from xmodal.models.fusion import FUSION_NAMES

DIMS = {"text": 6, "image": 5, "audio": 7}
LENGTHS = {"text": 4, "image": 3, "audio": 5}
SUBSETS = list(chain.from_iterable(combinations(DIMS, size) for size in range(4)))


def make_head(fusion="concat", modalities=tuple(DIMS), **options) -> ClassifierHead:
    torch.manual_seed(0)
    options = {"width": 16, "dropout": 0.0, **options}
    dims = {modality: DIMS[modality] for modality in modalities}
    towers = {modality: f"toy-{modality}" for modality in modalities}
    return ClassifierHead(ClassifierConfig(towers, dims, ("a", "b", "c"), fusion=fusion, **options))


def make_batch(rows=4, present=tuple(DIMS), dims=DIMS):
    """Modalities that are not `present` hold NaN, so that any look at them shows."""
    generator = torch.Generator().manual_seed(1)
    tokens, masks, there = {}, {}, {}
    for modality, dim in dims.items():
        tokens[modality] = torch.randn(rows, LENGTHS[modality], dim, generator=generator)
        masks[modality] = torch.ones(rows, LENGTHS[modality], dtype=torch.bool)
        masks[modality][0, -1] = False
        there[modality] = torch.full((rows,), modality in present)
        if modality not in present:
            tokens[modality].fill_(torch.nan)
    return tokens, masks, there


@pytest.mark.parametrize("fusion", FUSION_NAMES)
@pytest.mark.parametrize("shown", SUBSETS, ids=lambda shown: "+".join(shown) or "none")
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_any_subset_gives_finite_logits_and_gradients(fusion, shown, training):
    head = make_head(fusion, modality_dropout=0.5).train(training)
    tokens, masks, present = make_batch(present=shown)
    logits = head(tokens, masks, present)
    assert logits.shape == (4, 3) and logits.isfinite().all()
    logits.square().sum().backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("fusion", FUSION_NAMES)
def test_a_modality_left_out_is_one_marked_missing_and_one_without_content(fusion):
    head = make_head(fusion).eval()
    tokens, masks, present = make_batch(present=("text", "audio"))
    marked = head(tokens, masks, present)
    without = {key: value for key, value in tokens.items() if key != "image"}
    torch.testing.assert_close(head(without, masks, present), marked)
    empty = {**masks, "image": torch.zeros_like(masks["image"])}
    torch.testing.assert_close(head(tokens, empty, {**present, "image": torch.ones(4, dtype=torch.bool)}), marked)


@pytest.mark.parametrize("fusion", FUSION_NAMES)
def test_padding_changes_nothing(fusion):
    head = make_head(fusion).eval()
    tokens, masks, present = make_batch()
    longer = {key: nn.functional.pad(value, (0, 0, 0, 3), value=torch.nan) for key, value in tokens.items()}
    padded = {key: nn.functional.pad(value, (0, 3)) for key, value in masks.items()}
    torch.testing.assert_close(head(longer, padded, present), head(tokens, masks, present))


@pytest.mark.parametrize("fusion", FUSION_NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_tokens_and_autocast(fusion, dtype):
    head = make_head(fusion)
    tokens, masks, present = make_batch(present=("text", "image"))
    tokens = {key: value.to(dtype) for key, value in tokens.items()}
    assert head(tokens, masks, present).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        logits = head(tokens, masks, present)
    logits.float().square().sum().backward()
    assert logits.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in head.parameters())


@pytest.mark.parametrize("fusion", ["concat", "product", "attention"])
def test_modality_dropout_trains_the_stand_ins(fusion):
    head = make_head(fusion, modality_dropout=0.5).train()
    head(*make_batch(rows=16)).square().sum().backward()
    assert all(pool.stand_in.grad.abs().sum() > 0 for pool in head.pools.values())


def test_late_fusion_trains_the_stand_ins_where_nothing_is_present():
    head = make_head("late")
    head(*make_batch(present=())).square().sum().backward()
    assert all(pool.stand_in.grad.abs().sum() > 0 for pool in head.pools.values())


def test_modality_dropout_hides_some_but_never_all_and_only_in_training():
    head = make_head(modality_dropout=0.9)
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [False] * 3]).repeat(200, 1)
    shown = head.train()._hide_some(present)
    assert (shown & ~present).sum() == 0
    assert (shown.any(dim=1) == present.any(dim=1)).all()
    assert 0 < shown.sum() < present.sum()
    assert (head.eval()._hide_some(present) == present).all()


def test_a_silent_modality_does_not_zero_a_product():
    head = make_head("product").eval()
    tokens, masks, present = make_batch()
    with torch.no_grad():
        head.fusion.factors[1][1].bias.fill_(-100.0)  # tanh at -1, the least a factor can be
    shifted = {**tokens, "text": -tokens["text"]}
    assert (head(tokens, masks, present) - head(shifted, masks, present)).abs().max() > 1e-3


def test_late_fusion_counts_only_the_votes_of_those_present():
    head = make_head("late").eval()
    batch = make_batch(present=("text",))
    torch.testing.assert_close(head(*batch), head.modality_logits(*batch)["text"])


def test_stages_share_out_the_parameters():
    for fusion in FUSION_NAMES:
        head = make_head(fusion)
        parts = [{id(p) for p in head.stage_parameters(stage)} for stage in ("heads", "fusion", "all")]
        assert parts[0] and parts[1] and not parts[0] & parts[1] and parts[0] | parts[1] == parts[2]
    assert len(make_head("late").stage_parameters("fusion")) == 2


def test_only_late_fusion_has_heads_of_its_own():
    with pytest.raises(InputError, match="Set fusion to late"):
        make_head("concat").modality_logits(*make_batch())


def test_contributions_are_drops_and_leave_the_head_in_its_mode():
    head = make_head("product").train()
    tokens, masks, present = make_batch(rows=1, present=("text", "audio"))
    drops = contributions(head, tokens, masks, present, 1)
    assert list(drops) == ["text", "audio"] and head.training
    head.eval()
    full, without = (
        head(tokens, masks, there).softmax(-1)[0, 1].item()
        for there in (present, {**present, "text": torch.tensor([False])})
    )
    assert drops["text"] == pytest.approx(full - without)


def fit(head: nn.Module, batch, labels, steps: int, rate: float) -> None:
    optimiser = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=0.01)
    head.train()
    for step in range(steps):
        chosen = torch.randint(len(labels), (64,), generator=torch.Generator().manual_seed(step))
        part = [{key: value[chosen] for key, value in group.items()} for group in batch]
        optimiser.zero_grad()
        nn.functional.cross_entropy(head(*part), labels[chosen]).backward()
        optimiser.step()


@torch.no_grad()
def accuracy(head: nn.Module, batch, labels) -> float:
    return (head.eval()(*batch).argmax(-1) == labels).float().mean().item()


def make_parity(rows: int, seed: int):
    """Three noisy bits, one a modality, each a direction of its own in all tokens; the label is their parity."""
    generator = torch.Generator().manual_seed(seed)
    tokens, masks, present, bits = {}, {}, {}, []
    for number, (modality, dim) in enumerate(DIMS.items()):
        direction = torch.randn(dim, generator=torch.Generator().manual_seed(100 + number))
        bit = torch.randint(2, (rows,), generator=generator)
        noise = torch.randn(rows, LENGTHS[modality], dim, generator=generator)
        tokens[modality] = noise + (2 * bit - 1)[:, None, None] * 1.5 * direction
        masks[modality] = torch.ones(rows, LENGTHS[modality], dtype=torch.bool)
        present[modality] = torch.ones(rows, dtype=torch.bool)
        bits.append(bit)
    return (tokens, masks, present), sum(bits) % 2


@pytest.mark.parametrize("fusion", ["product", "attention"])
def test_the_parity_of_three_modalities_is_learnt(fusion):
    head = make_head(fusion, width=32, dropout=0.1, modality_dropout=0.1)
    batch, labels = make_parity(512, seed=2)
    fit(head, batch, labels, steps=250, rate=2e-3)
    unseen, truth = make_parity(256, seed=3)
    assert accuracy(head, unseen, truth) > 0.95
    tokens, masks, present = unseen
    absent = {**present, "image": torch.zeros(256, dtype=torch.bool)}
    assert accuracy(head, (tokens, masks, absent), truth) < 0.65


def test_one_tower_is_a_probe_that_few_examples_suffice_for():
    """Ten classes, 320 rows of 30 tokens; features of unlike scale and far from zero, as those of frozen towers are."""
    torch.manual_seed(0)
    dim, centres = 64, torch.randn(10, 64)
    scale, shift = torch.rand(dim) * 3 + 0.1, torch.randn(dim) * 4

    def draw(rows: int):
        labels = torch.arange(rows) % 10
        tokens = (centres[labels][:, None] * 0.5 + torch.randn(rows, 1, dim) * 0.5 + torch.randn(rows, 30, dim)) * scale
        masks = torch.arange(30) < torch.randint(5, 31, (rows, 1))
        return ({"text": tokens + shift}, {"text": masks}, {"text": torch.ones(rows, dtype=torch.bool)}), labels

    (batch, labels), (unseen, truth) = draw(320), draw(200)
    config = ClassifierConfig({"text": "toy"}, {"text": dim}, tuple("abcdefghij"))
    head = ClassifierHead(config)
    seen = batch[0]["text"][batch[1]["text"]]
    head.calibrate({"text": (seen.mean(0), seen.std(0))})
    fit(head, batch, labels, steps=60, rate=1e-3)
    assert accuracy(head, unseen, truth) > 0.9


def test_config_round_trip_and_order():
    config = ClassifierConfig({"audio": "w", "text": "e"}, {"audio": 7, "text": 6}, ["a", "b"], fusion="late", width=8)
    assert config.modalities == ("text", "audio") and list(config.dims) == ["text", "audio"]
    assert ClassifierConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 3}, "no setting named 'depth'"),
        ({"fusion": "sum"}, "no fusion named 'sum'"),
        ({"width": 30}, "multiple of 4"),
        ({"labels": ["a", "a"]}, "different labels"),
        ({"towers": {"smell": "x"}}, "one or more of text, image, audio"),
        ({"dims": {}}, "width of each tower"),
        ({"dropout": 1.0}, "from 0 to below 1"),
    ],
)
def test_a_config_that_cannot_be_used_says_why(change, message):
    values = {"towers": {"text": "e"}, "dims": {"text": 6}, "labels": ["a", "b"]}
    with pytest.raises(InputError, match=message):
        ClassifierConfig.from_dict({**values, **change})


def test_an_unknown_modality_and_an_empty_input_are_refused():
    tokens, masks, present = make_batch()
    with pytest.raises(InputError, match="no tower for image"):
        make_head(modalities=("text", "audio"))(tokens, masks, present)
    with pytest.raises(InputError, match="nothing to classify"):
        make_head()({}, {}, {})
