"""Options of the classifier on toy towers: stages, filling, distillation, pull, variation, towers from scratch."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from xmodal.errors import UnknownModelError
from xmodal.models.augment import add_noise, hide_tokens, hide_words, mask_spectrogram
from xmodal.models.classifier import ClassifierConfig, ClassifierHead
from xmodal.models.classifier_model import (
    ClassifierModel,
    Collator,
    LossConfig,
    mean_token,
    tower_tensors,
)
from xmodal.models.fusion import FUSION_NAMES
from xmodal.models.scratch import make_scratch_tower
from xmodal.models.towers import SCRATCH_TOWERS, Tower, load_tower

DIM = 6


class ToyTower(Tower):
    """Numbers to one token each."""

    modality, dim = "text", DIM

    def __init__(self):
        super().__init__("toy", nn.Linear(1, DIM))

    def prepare(self, values):
        return {"values": torch.tensor(values)[..., None]}

    def forward(self, values):
        return self.network(values), torch.ones(values.shape[:2], dtype=torch.bool)


def make_model(fusion="concat", towers=(), loss=None, **options) -> ClassifierModel:
    torch.manual_seed(0)
    names = {"text": "toy", "image": "toy"}
    config = ClassifierConfig(
        names, dict.fromkeys(names, DIM), ("a", "b", "c"), fusion=fusion, width=16, dropout=0.0, **options
    )
    return ClassifierModel(config, {name: ToyTower() for name in towers}, None, loss or LossConfig())


def make_rows(rows=8, **more):
    generator = torch.Generator().manual_seed(1)
    return [
        {
            "text": torch.randn(4, DIM, generator=generator),
            "image": None if i % 4 == 0 else torch.randn(3, DIM, generator=generator),
            "label": i % 3,
            **{name: values[i] for name, values in more.items()},
        }
        for i in range(rows)
    ]


def collate(rows, towers=()):
    return Collator(("text", "image"), {name: ToyTower() for name in towers}, lambda _, value: value)(rows)


class TestFill:
    @pytest.mark.parametrize("fusion", FUSION_NAMES)
    def test_a_missing_modality_counts_as_one_token_that_is_the_mean(self, fusion):
        head = make_model(fusion, fill_missing=True).head.eval()
        mean = torch.linspace(-1, 1, DIM)
        head.set_fillers({"image": mean, "text": torch.zeros(DIM)})
        tokens = {"text": torch.randn(2, 3, DIM), "image": torch.full((2, 4, DIM), torch.nan)}
        masks = {"text": torch.ones(2, 3, dtype=torch.bool), "image": torch.zeros(2, 4, dtype=torch.bool)}
        filled = head(tokens, masks, {})
        there = {**tokens, "image": mean.expand(2, 1, DIM)}
        expected = head(there, {**masks, "image": torch.ones(2, 1, dtype=torch.bool)}, {})
        torch.testing.assert_close(filled, expected)
        torch.testing.assert_close(head({"text": tokens["text"]}, {"text": masks["text"]}, {}), expected)

    def test_the_mean_is_stored_instead_of_a_stand_in(self):
        names = make_model(fill_missing=True).head.state_dict()
        assert "pools.text.filler" in names and "pools.text.stand_in" not in names

    def test_all_parameters_take_part(self):
        model = make_model("attention", fill_missing=True, modality_dropout=0.5)
        model(**collate(make_rows()))["loss"].backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


class TestStages:
    @pytest.mark.parametrize("fusion", FUSION_NAMES)
    def test_each_stage_trains_its_own(self, fusion):
        model = make_model(fusion, towers=("text",))
        rows = make_rows(text=[[float(i), 1.0] for i in range(8)])
        trained = {}
        for stage in ("heads", "fusion"):
            model.enter_stage(stage)
            model.train().zero_grad()
            model(**collate(rows, ("text",)))["loss"].backward()
            trained[stage] = {name for name, p in model.named_parameters() if p.grad is not None}
        lasting = {name for name in trained["heads"] if not name.startswith("own_heads")}
        assert "towers.text.network.weight" in lasting and "head.pools.image.stand_in" in lasting
        assert trained["fusion"] and not lasting & trained["fusion"]
        model.enter_stage("all")
        assert all(p.requires_grad for p in model.parameters())
        assert lasting | trained["fusion"] == {name for name, _ in model.named_parameters()}

    def test_the_first_stage_sums_the_losses_of_the_modalities(self):
        model = make_model("late")
        batch = collate(make_rows())
        model.enter_stage("heads")
        each = model.head.modality_logits(batch["tokens"], batch["masks"], batch["present"])
        expected = sum(nn.functional.cross_entropy(logits, batch["labels"]) for logits in each.values())
        torch.testing.assert_close(model(**batch)["loss"], expected)

    def test_towers_rest_in_the_second_stage(self):
        model = make_model(towers=("text",))
        model.enter_stage("fusion")
        assert model.train().training and not model.towers["text"].training
        model.enter_stage("all")
        assert model.train().towers["text"].training

    def test_the_heads_of_the_first_stage_are_not_stored(self):
        model = make_model("concat")
        before = set(model.state_dict())
        model.enter_stage("heads")
        assert set(model.state_dict()) > before
        model.enter_stage("all")
        assert set(model.state_dict()) == before


class TestLoss:
    def test_distillation_mixes_both_losses(self):
        teacher = torch.randn(8, 3, generator=torch.Generator().manual_seed(2))
        batch = collate(make_rows(teacher=teacher))
        plain = make_model()(**batch | {"teacher": None})
        mixed = make_model(loss=LossConfig(teacher=0.25, temperature=3.0))(**batch)["loss"]
        soft = (plain["logits"] / 3).log_softmax(-1)
        target = (teacher / 3).softmax(-1)
        distance = (target * (target.log() - soft)).sum(-1).mean()
        torch.testing.assert_close(mixed, 0.75 * plain["loss"] + 0.25 * 9 * distance)

    def test_nothing_is_learnt_from_a_teacher_who_says_the_same(self):
        model = make_model(loss=LossConfig(teacher=1.0, temperature=2.0))
        rows = make_rows()
        logits = model(**collate(rows))["logits"].detach()
        loss = model(**collate(make_rows(teacher=logits)))["loss"]
        assert loss.item() == pytest.approx(0, abs=1e-6)

    def test_pull_is_the_distance_in_units_of_the_variance(self):
        values = [[float(i), 1.0] for i in range(8)]
        model = make_model(towers=("text",), loss=LossConfig(pull=2.0))
        model.anchor_variance = {"text": 4.0}
        rows = make_rows(text=values)
        inputs = collate(rows, ("text",))["inputs"]["text"]
        pooled = mean_token(*model.towers["text"](**inputs)).detach()
        losses = []
        for shift in (0.0, 1.0):
            anchors = [{"text": row + shift} for row in pooled]
            losses.append(model(**collate(make_rows(text=values, anchors=anchors), ("text",)))["loss"])
        plain = model(**collate(rows, ("text",)))["loss"]
        torch.testing.assert_close(losses[0], plain)
        torch.testing.assert_close(losses[1], plain + 2.0 * 1.0 / 4.0)

    def test_tokens_are_dropped_in_training_only(self):
        batch = collate(make_rows())
        model, plain = make_model(loss=LossConfig(token_dropout=0.5)), make_model()
        dropped, kept = model.train()(**batch)["logits"], plain.train()(**batch)["logits"]
        assert not torch.allclose(dropped, kept)
        torch.testing.assert_close(model.eval()(**batch)["logits"], kept)


class TestVariation:
    @pytest.mark.parametrize("in_one", [False, True])
    def test_each_row_keeps_a_token_and_hides_about_the_share(self, in_one):
        mask = torch.arange(40) < torch.tensor([1, 2, 10, 40]).repeat(100)[:, None]
        torch.manual_seed(0)
        kept = hide_tokens(mask, 0.3, in_one)
        assert (kept & ~mask).sum() == 0 and kept.any(dim=1).all()
        assert (mask & ~kept).sum() / mask.sum() == pytest.approx(0.3, abs=0.03)
        torch.manual_seed(0)
        assert torch.equal(hide_tokens(mask, 0.3, in_one), kept)
        if in_one:
            edges = (mask & ~kept).int().diff(dim=1).abs().sum(dim=1)
            assert edges.max() == 2

    def test_only_words_are_hidden(self):
        ids = torch.arange(1_000).repeat(2, 1)
        words = ids >= 10
        hidden = hide_words(ids, words, 0.2, mask_id=7_777)
        assert torch.equal(hidden[~words], ids[~words])
        assert (hidden == 7_777).float().mean() == pytest.approx(0.2, abs=0.04)

    def test_a_spectrogram_is_masked_in_its_content_and_gets_a_noise_floor(self):
        torch.manual_seed(0)
        mel = torch.randn(16, 80, 200).clamp(-1, 1)
        frames = torch.full((16,), 100.0)
        masked = mask_spectrogram(mel, frames)
        changed = masked != mel
        assert 0.05 < changed.float().mean() < 0.5
        assert not changed.all(dim=1)[:, 100:].any()
        quiet = torch.full((200, 80, 10), -1.0)
        quiet[:, 0, 0] = 1.0
        noisy = add_noise(quiet)
        touched = (noisy != quiet).any(dim=(1, 2))
        assert 0.3 < touched.float().mean() < 0.7
        assert noisy.isfinite().all() and (noisy[touched] > quiet[touched]).float().mean() > 0.9
        assert noisy[touched].amax() < 1.1


def make_values(modality):
    if modality == "image":
        return [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    return [np.random.default_rng(i).normal(0, 0.1, 16_000 * (i + 1)).astype(np.float32) for i in range(2)]


class TestScratch:
    @pytest.mark.parametrize("name", SCRATCH_TOWERS)
    @pytest.mark.parametrize("modality", ["image", "audio"])
    def test_padding_changes_nothing_and_weights_are_small(self, name, modality):
        tower = load_tower(modality, name).eval()
        values = make_values(modality)
        tokens, mask = tower(**tower.prepare(values))
        alone, alone_mask = tower(**tower.prepare(values[:1]))
        assert tokens.shape[2] == tower.dim and tower.source == "none" and not tower.pretrained
        torch.testing.assert_close(tokens[0][mask[0]], alone[0][alone_mask[0]], rtol=1e-4, atol=1e-5)
        assert sum(p.numel() * 4 for p in tower.parameters()) < 10_000_000

    @pytest.mark.parametrize("name", SCRATCH_TOWERS)
    def test_what_is_stored_gives_the_same_tokens(self, name):
        torch.manual_seed(0)
        first, second = (make_scratch_tower("image", name).eval() for _ in range(2))
        stored = tower_tensors({"image": first}, "lora")
        assert list(stored) == ["tower_image"]
        second.network.load_state_dict(stored["tower_image"])
        inputs = first.prepare(make_values("image"))
        torch.testing.assert_close(first(**inputs)[0], second(**inputs)[0])

    def test_pictures_and_sounds_vary_in_training_only_if_asked(self):
        for modality in ("image", "audio"):
            tower = make_scratch_tower(modality, "scratch-lstm").train()
            values = make_values(modality)
            if modality == "image":
                values = [Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50, 3), dtype=np.uint8))]
            for augment in (False, True):
                tower.augment = augment
                first, second = (next(iter(tower.vary(tower.prepare(values)).values())) for _ in range(2))
                assert torch.equal(first, second) != augment, (modality, augment)

    def test_an_unknown_tower_is_told_which_there_are(self):
        with pytest.raises(UnknownModelError, match=r"Choose one of: multilingual-e5-small, scratch-lstm, scratch-tr"):
            load_tower("text", "scratch-rnn")


def test_heads_of_older_adapters_still_load():
    config = ClassifierConfig({"text": "t"}, {"text": 6}, ("a", "b"))
    values = {key: value for key, value in config.to_dict().items() if key != "fill_missing"}
    assert ClassifierHead(ClassifierConfig.from_dict(values)).pools["text"].stand_in.shape == (256,)
