"""Whether what a training goes on from may have been trained on rows that are held out now."""

import logging

import yaml

from xmodal.data.config import DataConfig, bare_name
from xmodal.data.sets import LoadedData
from xmodal.models.adapters import Adapter, load_adapter
from xmodal.training.config import Recipe
from xmodal.training.processes import is_main

_SPLIT = ("check_fraction", "split_column", "check_values", "train_values", "group_column", "max_rows", "seed")
_log = logging.getLogger(__name__)


def find_seen(recipe: Recipe, data: LoadedData) -> dict[str, list[str]]:
    """What the metrics say of it: `seen_by`, the names of such adapters; nothing where there are none.

    Adapters know their data by name. Where that is the data's of now, the rows held out are only known to be the same
    if the whole data and its split are. Each is logged.
    """
    names = dict.fromkeys(name for name in (recipe.start, *recipe.train.mean_with) if name)
    found = [
        one.name for one in map(load_adapter, names) if _may_have_seen(one, recipe, data.report.measured_fingerprint)
    ]
    for name in found if is_main() else ():
        _log.warning(
            "%s may have been trained on rows that are held out now: the numbers may look better than they are. "
            "Split the data as it was then, or check the result on other data.",
            name,
        )
    return {"seen_by": found} if found else {}


def _may_have_seen(adapter: Adapter, recipe: Recipe, fingerprint: str) -> bool:
    told = yaml.safe_load(adapter.recipe).get("data", {}) if adapter.recipe else {}
    old = {**DataConfig(source="-").model_dump(mode="json"), **told}
    now = recipe.data.map_sources(bare_name).model_dump(mode="json")
    (held, _), (old_held, old_further) = _sides(now), _sides(old)
    if not set(held) & {*old_held, *old_further}:
        return False
    # Older adapters tell the whole data's alone, which further sets are a part of.
    known = adapter.data.get("measured_fingerprint") or ("" if old_further else adapter.data.get("fingerprint"))
    alike = known in ("", fingerprint)
    # It may itself have gone on from one that had seen them.
    return "seen_by" in adapter.metrics or not alike or held != old_held or any(old[key] != now[key] for key in _SPLIT)


def _sides(data: dict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The data sets that are measured, and the further ones."""
    config = DataConfig.model_construct(**data)
    held = config.measured_sources
    return held, config.sources[len(held) :]
