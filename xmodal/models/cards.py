"""Model cards of adapters, with the front matter that the Hugging Face Hub reads."""

import json
from typing import Any

import yaml

from xmodal.errors import UnknownModelError
from xmodal.models.adapter_format import Adapter
from xmodal.models.registry import ModelSpec, find_model

_PIPELINES = {
    "text": "text-classification",
    "image": "image-classification",
    "audio": "audio-classification",
}
_BAR = 25
_LIMITS = {
    "classifier": "It chooses one of its labels for anything it is given, also for what belongs to none of them.",
    "span_qa": "It quotes from the source; it neither reasons nor knows anything else.",
    "transcriber": "It can write words that were not said, above all in silence and noise.",
    "generator": "It can describe what is not there.",
}


def write_card(adapter: Adapter, extra: str = "") -> str:
    """The README of an adapter.

    Args:
        adapter: What it says of itself, `files` included.
        extra: Markdown for the end.
    """
    front = yaml.safe_dump(_front_matter(adapter), allow_unicode=True, sort_keys=False)
    sections = [
        f"---\n{front}---",
        f"# {adapter.name}",
        _purpose(adapter),
        _data(adapter),
        _command(adapter),
        f"## Metrics\n\n{_metrics(adapter.metrics)}",
        f"## Limits\n\n{_LIMITS[adapter.family]} The numbers above hold for data like that it was checked on.",
        extra.strip(),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(adapter: Adapter) -> dict[str, Any]:
    licences = sorted({_licence_id(spec.licence) for spec in _bases(adapter).values() if spec})
    known = len(licences) == 1 and len(_bases(adapter)) == sum(spec is not None for spec in _bases(adapter).values())
    front: dict[str, Any] = {"license": licences[0] if known else "other"}
    if not _bases(adapter):
        front |= {"license_name": "that-of-the-data", "license_link": "#data-and-licence"}
    elif not known:
        front |= {"license_name": "those-of-the-base-models", "license_link": "#data-and-licence"}
    front["library_name"] = "xmodal"
    if _bases(adapter):
        front["base_model"] = [
            spec.hub if spec and spec.hub else str(adapter.base[role].get("model", role))
            for role, spec in _bases(adapter).items()
        ]
    languages = adapter.data.get("languages") or []
    if languages:
        front["language"] = [languages] if isinstance(languages, str) else list(languages)
    if adapter.family == "classifier" and len(adapter.base) == 1:
        front["pipeline_tag"] = _PIPELINES.get(next(iter(adapter.base)), "other")
    elif adapter.family in ("span_qa", "transcriber", "generator"):
        front["pipeline_tag"] = {
            "span_qa": "question-answering",
            "transcriber": "automatic-speech-recognition",
            "generator": "image-text-to-text",
        }[adapter.family]
    front["tags"] = ["xmodal", adapter.family, adapter.task, *adapter.base]
    return front


def _purpose(adapter: Adapter) -> str:
    names = [
        f"{entry.get('model', '?')} ({role}{', from scratch' if entry.get('source') == 'none' else ''})"
        for role, entry in adapter.base.items()
    ]
    lines = [
        f"## What it is for\n\nThe task `{adapter.task}`, by the family `{adapter.family}` of xmodal. "
        f"It stands on {' and '.join(names) or 'no pretrained model'}."
    ]
    if adapter.labels:
        shown = ", ".join(f"`{label}`" for label in adapter.labels[:50])
        more = f" and {len(adapter.labels) - 50} more" if len(adapter.labels) > 50 else ""
        lines.append(f"Labels: {shown}{more}.")
    if adapter.family == "classifier":
        example = " ".join(f"--{role} {'TEXT' if role == 'text' else 'FILE'}" for role in adapter.base)
        lines.append(f"```\npython -m xmodal classify --model {adapter.name} {example}\n```")
    if adapter.family == "transcriber":
        language = f" --language {adapter.settings['language']}" if "language" in adapter.settings else ""
        lines.append(f"```\npython -m xmodal transcribe FILE --model {adapter.name}{language}\n```")
    return "\n\n".join(lines)


def _data(adapter: Adapter) -> str:
    lines = [f"- {key}: {_short(value)}" for key, value in adapter.data.items()] or ["- not stated"]
    for role, spec in _bases(adapter).items():
        entry = adapter.base[role]
        licence = spec.licence if spec else "see its model card"
        revision = f", revision {entry['revision']}" if entry.get("revision") else ""
        lines.append(f"- base model for {role}: {entry.get('model', '?')}{revision}; licence {licence}")
    return "## Data and licence\n\n" + "\n".join(lines)


def _command(adapter: Adapter) -> str:
    if not adapter.recipe:
        return ""
    return (
        "## The command that made it\n\n```\npython -m xmodal train recipe.yaml\n```\n\nwith this `recipe.yaml`:\n\n"
        f"```yaml\n{adapter.recipe.rstrip()}\n```"
    )


def _metrics(metrics: dict[str, Any]) -> str:
    """A table of before and after on the same held-out rows, and whether the change is more than noise.

    `interval_before`, `interval_after` and `gain` are those of the metric named by `metric` (accuracy if not given).
    """
    main = metrics.get("metric", "accuracy")
    columns = []
    for side in ("before", "after"):
        values, interval = metrics.get(side) or {}, metrics.get(f"interval_{side}")
        columns.append({**values, main: interval} if interval and main in values else values)
    before, after = columns
    names = [name for name in {**after, **before} if _cell(after.get(name)) or _cell(before.get(name))]
    if not names:
        return "None were measured."
    rows = [f"| {name} | {_cell(before.get(name)) or '–'} | {_cell(after.get(name)) or '–'} |" for name in names]
    count = f" ({metrics['check_rows']})" if "check_rows" in metrics else ""
    seen = ", ".join(metrics.get("seen_by", ()))
    lines = [
        f"Before and after training, on the same rows{count}, none of them trained on{' here' if seen else ''}; "
        "in brackets the 95 % interval.",
        "\n".join(["| metric | before | after |", "|---|---|---|", *rows]),
    ]
    if seen:
        lines.append(
            f"It goes on from {seen}, which may have been trained on some of these rows: "
            "the numbers may look better than they are."
        )
    cross = metrics.get("cross_validation")
    if cross:
        values = {"value": cross["mean"]}
        lines.append(
            f"Cross-validation on the training rows, {len(cross['folds'])} parts: {cross['metric']} {_cell(values)} ± "
            f"{cross['deviation']:.3f} (mean and standard deviation)."
        )
    lines += [*_languages(metrics.get("by_language")), *_reliability(metrics.get("reliability"))]
    gain = metrics.get("gain")
    if gain:
        verdict = "which is within the noise" if gain.get("within_noise") else "which is more than noise"
        change = _cell({**gain, "value": gain["difference"]})
        lines.append(f"Change in {main}: {change}, {verdict}.")
    return "\n\n".join(lines)


def _languages(found: Any) -> list[str]:
    """After training, by the language of the question; only where there are several."""
    if not isinstance(found, dict) or len(found) < 2:
        return []
    names = list(dict.fromkeys(name for values in found.values() for name in values))
    rows = [f"| {name} | " + " | ".join(_cell(values.get(name)) or "–" for values in found.values()) + " |"
            for name in names]  # fmt: skip
    head = "| after training, by language | " + " | ".join(found) + " |"
    return ["\n".join([head, "|---" * (len(found) + 1) + "|", *rows])]


def _reliability(found: Any) -> list[str]:
    """A bar for each stretch of confidence: how often what was said with it was right."""
    if not isinstance(found, dict) or not found.get("bins"):
        return []
    rows = [
        f"{one['low']:4.0%} - {one['high']:4.0%}  said {one['confidence']:4.0%}  was right {one['right']:4.0%}  "
        f"{'█' * round(one['right'] * _BAR):{_BAR}}  {one['rows']} rows"
        for one in found["bins"]
    ]
    return [
        f"Confidence against how often it was right (expected calibration error {found['ece']:.3f}):",
        "\n".join(["```", *rows, "```"]),
    ]


def _cell(value: Any) -> str:
    """`0.912 [0.880, 0.940]`; empty for what is no number."""
    if isinstance(value, dict) and isinstance(value.get("value"), int | float):
        span = f" [{_cell(value['low'])}, {_cell(value['high'])}]" if "low" in value and "high" in value else ""
        return _cell(value["value"]) + span
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _bases(adapter: Adapter) -> dict[str, ModelSpec | None]:
    """Role to the registered model, None for models that are not registered; without what starts from nothing."""
    found: dict[str, ModelSpec | None] = {}
    for role, entry in adapter.base.items():
        if entry.get("source") == "none":
            continue
        try:
            found[role] = find_model(str(entry.get("model", "")))
        except UnknownModelError:
            found[role] = None
    return found


def _licence_id(licence: str) -> str:
    """The Hub's identifier, `apache-2.0` for `Apache-2.0 (remark)`."""
    return licence.split(" ")[0].lower()


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
