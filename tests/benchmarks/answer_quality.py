"""How well an adapter answers the questions that were held out from its training, in each language.

The rows are those that the recipe holds out: whole articles. Beside the adapter, on the same rows: the sentence whose
embedding is nearest to the question, and the language model asked freely (on fewer rows, for it is slow).

    python -m tests.benchmarks.answer_quality assets/recipes/span-qa-en-zh.yaml --data FOLDER [--model NAME] [--rows N]
    python -m tests.benchmarks.answer_quality --pairs tests/data/cross_lingual_pairs.jsonl [--model NAME]
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from xmodal.cli_progress import ProgressLine
from xmodal.data.documents import make_document
from xmodal.data.sets import load_data
from xmodal.models.sources import fetch
from xmodal.models.span_qa import load_span_model
from xmodal.tasks.answer import find_answerer
from xmodal.tasks.languages import language_of
from xmodal.tasks.retrieval import build_index
from xmodal.tasks.spans import find_many
from xmodal.training.calibrate import reliability
from xmodal.training.config import load_recipe
from xmodal.training.intervals import bootstrap_interval
from xmodal.training.metrics import answer_metrics, token_f1

NAMES = ("exact_match", "f1", "f1_answerable", "answerability")
_SENTENCE = re.compile(r"[^.!?。！？；]+[.!?。！？；]*")


def nearest_sentence(rows: Sequence[dict]) -> list[str]:
    """The best sentence by embedding alone."""
    found = []
    for row in rows:
        sentences = [one.strip() for one in _SENTENCE.findall(row["context"]) if one.strip()] or [row["context"]]
        indexes = build_index([make_document(sentence, "one") for sentence in sentences])
        found.append(indexes.search(row["question"], 1)[0].passage.text)
    return found


def language_model(rows: Sequence[dict]) -> list[str]:
    """SmolLM2, told the passage and to answer in a few words."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = fetch("smollm2-135m-instruct").path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    found = []
    for row in rows:
        asked = f"{row['context']}\n\nQuestion: {row['question']}\nAnswer in as few words as possible."
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": asked}], tokenize=False, add_generation_prompt=True
        )
        inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            out = model.generate(**inputs, max_new_tokens=32, do_sample=False)
        found.append(tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip())
    return found


def show(name: str, rows: Sequence[dict], given: Sequence[str]) -> None:
    metrics = answer_metrics([row["answers"]["text"] for row in rows], given)
    spans = []
    for metric in NAMES:
        if metric in metrics.examples:
            interval = bootstrap_interval(metrics.examples[metric])
            spans.append(f"{interval.value:6.1%} ({interval.low:.1%} to {interval.high:.1%})")
        elif metric == "f1_answerable":
            pairs = [pair for pair, row in zip(metrics.examples["f1"], rows, strict=True) if row["answers"]["text"]]
            interval = bootstrap_interval(pairs)
            spans.append(f"{interval.value:6.1%} ({interval.low:.1%} to {interval.high:.1%})")
        else:
            spans.append(f"{metrics.values[metric]:6.1%}")
    print(f"{name:28} {len(rows):5} " + "  ".join(spans), flush=True)


def measure_recipe(args: argparse.Namespace) -> None:
    recipe = load_recipe(args.recipe)
    sources = [str(args.data / Path(source).name) for source in recipe.data.sources]
    recipe = load_recipe(args.recipe, [f"data.source={sources[0]}", f"data.more_sources={json.dumps(sources[1:])}"])
    everything = list(load_data(recipe.data).check)
    adapter = find_answerer(args.model)
    model = load_span_model(adapter)
    print(f"{'':28}  rows " + "  ".join(f"{name:>24}" for name in NAMES))
    for language in ("en", "zh"):
        rows = [row for row in everything if language_of(row["question"]) == language]
        with ProgressLine() as report:
            results = find_many(model, [(row["question"], [row["context"]]) for row in rows], report=report)
        show(f"{language} {adapter.name}", rows, [result.text for result in results])
        told = [(row, result) for row, result in zip(rows, results, strict=True) if row["answers"]["text"]]
        show(f"{language} made to answer", [row for row, _ in told], [result.spans[0].text for _, result in told])
        right = [
            float(not row["answers"]["text"]) if not result.text
            else max((token_f1(answer, result.text) for answer in row["answers"]["text"]), default=0.0)
            for row, result in zip(rows, results, strict=True)
        ]  # fmt: skip
        ece = reliability([result.confidence for result in results], right)["ece"]
        print(f"{'':28} expected calibration error {ece:.3f}")
        baselines: list[tuple[str, Callable, int]] = [("nearest sentence", nearest_sentence, args.rows)]
        if language == "en":
            baselines.append(("SmolLM2, asked freely", language_model, args.rows // 2))
        for name, run, most in baselines:
            some = rows[:: max(len(rows) // most, 1)][:most]
            show(f"{language} {name}", some, run(some))
            chosen = {id(row) for row in some}
            same = [result.text for row, result in zip(rows, results, strict=True) if id(row) in chosen]
            show(f"{language} adapter, same rows", some, same)


def measure_pairs(args: argparse.Namespace) -> None:
    """Question in one language, text in the other: right if the answer has, or is in, one of those accepted."""
    rows = [json.loads(line) for line in args.pairs.read_text(encoding="utf-8").splitlines()]
    model, right = load_span_model(find_answerer(args.model)), {"en": [], "zh": []}
    for row in rows:
        result = find_many(model, [(row["question"], [row["context"]])])[0]
        given = result.text
        best = max(token_f1(answer, given) for answer in row["answers"])
        right[language_of(row["question"])].append(best >= 0.5)
        print(f"{'yes' if best >= 0.5 else 'NO ':3}  {row['question']}  ->  {given!r} (wanted {row['answers'][0]!r})")
    for language, found in right.items():
        print(f"asked in {language}: {sum(found)} of {len(found)}")
    both = [one for found in right.values() for one in found]
    print(f"together: {sum(both)} of {len(both)} ({sum(both) / len(both):.1%})")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path, nargs="?")
    parser.add_argument("--data", type=Path, help="folder of the recipe's files")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--model", default="")
    parser.add_argument("--rows", type=int, default=100, help="for the baselines")
    args = parser.parse_args()
    if args.pairs:
        measure_pairs(args)
    if args.recipe:
        measure_recipe(args)


if __name__ == "__main__":
    main()
