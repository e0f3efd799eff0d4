"""The sound event model as a tower, with its real weights."""

import numpy as np
import pytest
import torch

from xmodal.errors import InputError
from xmodal.models.classifier_model import prepare_tower
from xmodal.models.towers import load_tower, tower_models

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tower():
    return load_tower("audio", "yamnet").eval()


def test_tokens_are_the_logits_of_stretches_and_short_sounds_are_masked(tower):
    random = np.random.default_rng(0)
    long, short = (random.normal(0, 0.1, 16_000 * seconds).astype(np.float32) for seconds in (3, 1))
    tokens, mask = tower(**tower.prepare([long, short]))
    assert tokens.shape == (2, mask.shape[1], tower.dim) and tower.dim == 521
    assert mask[0].all() and mask[1].sum() < mask.shape[1]
    assert torch.isfinite(tokens).all()
    np.testing.assert_allclose(tokens[1][mask[1]].sigmoid(), tower.sounds.scores(short).clip(1e-7, 1), atol=1e-5)


def test_it_cannot_be_trained_further(tower):
    with pytest.raises(InputError, match="cannot be trained further"):
        prepare_tower(tower, "lora", 1, 8)


def test_it_is_offered_after_the_default():
    assert tower_models("audio")[0] == "whisper-base"
    assert "yamnet" in tower_models("audio")
