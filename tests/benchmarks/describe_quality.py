"""How good descriptions of photographs are, what they invent, and how long they take.

Baselines in the same table: the model without what the tower calls a picture, and without its LoRA layers; the caption
of the training photograph that looks most alike; the image tower's first label. The photographs are those held out of a
folder of captioned pictures (imagefolder with a split).

    python -m tests.benchmarks.describe_quality FOLDER [--model describe-starter] [--photos 500] [--show 20]
"""

import argparse
import dataclasses
import re
import resource
import statistics
import time
from collections import Counter

import torch

from xmodal.data.config import make_data_config
from xmodal.data.sets import load_data
from xmodal.models.adapters import load_adapter
from xmodal.models.generator_adapter import load_generator
from xmodal.models.generator_text import SHORT, generate_texts
from xmodal.tasks.describe import cannot_tell, describe, describe_files
from xmodal.tasks.features import tower_tokens
from xmodal.tasks.pictures import label_picture
from xmodal.training.picture_lessons import references
from xmodal.training.text_metrics import description_metrics, plain

_BATCH = 16
_NOT_SEEN = {"picture", "photo", "background", "front", "back", "top", "side", "middle", "air", "way", "group", "one",
             "is", "in", "on", "and", "or", "with", "of", "are"}  # fmt: skip


def tell(generator, seen: list, batch: int = _BATCH) -> list[str]:
    texts = []
    for start in range(0, len(seen), batch):
        tokens = torch.stack(seen[start : start + batch]).float()
        texts += generate_texts(generator.model, generator.processor, tokens, [SHORT] * len(tokens))
    return texts


def load_without_lora(adapter):
    """The trained connector with the language model as it came."""
    train = {**adapter.settings["train"], "trainable": "head"}
    return load_generator(dataclasses.replace(adapter, settings={**adapter.settings, "train": train}))


def nearest_captions(train, train_seen: list, seen: list) -> list[str]:
    """The first caption of the training photograph whose whole picture is most alike, by the angle."""
    known = torch.nn.functional.normalize(torch.stack([one[0].float() for one in train_seen]), dim=1)
    asked = torch.nn.functional.normalize(torch.stack([one[0].float() for one in seen]), dim=1)
    return [references(train[i])[0] for i in (asked @ known.T).argmax(1).tolist()]


def frequent_things(captions: list[str], least: int) -> set[str]:
    """Words after `a` or `an`, or before a verb in -ing, that are often so: mostly nouns."""
    counts = Counter(
        word for text in captions for word in re.findall(r"\ban? (?:\w+ )?(\w+)(?= (?:\w+ing|is|in|on)\b)", text)
    )
    return {word for word, count in counts.items() if count >= least and not word.endswith("ing")} - _NOT_SEEN


def invented(texts: list[str], accepted: list[list[str]], things: set[str]) -> tuple[int, int]:
    """Things named, and those of them that no reference names."""
    named = wrong = 0
    for text, right in zip(texts, accepted, strict=True):
        words = set(plain(text).split()) & things
        told = set(plain(" ".join(right)).split())
        named += len(words)
        wrong += sum(
            word not in told and f"{word}s" not in told and word.removesuffix("s") not in told for word in words
        )
    return named, wrong


def print_row(name: str, accepted: list[list[str]], texts: list[str], things: set[str]) -> None:
    values = description_metrics(accepted, texts).values
    named, wrong = invented(texts, accepted, things)
    print(
        f"| {name} | {100 * values['cider']:.1f} | {100 * values['bleu']:.1f} | {values['rouge_l']:.3f} |"
        f" {wrong / max(named, 1):.1%} of {named} |",
        flush=True,
    )


def _time_one(path: str, model: str) -> tuple[float, float]:
    """Milliseconds to the first word and to the whole result, from the file on."""
    started, told = time.perf_counter(), []
    describe(path, model=model, ocr=False, tell=lambda _: told.append(time.perf_counter()))
    ended = time.perf_counter()
    return 1000 * ((told[0] if told else ended) - started), 1000 * (ended - started)


def measure_speed(paths: list[str], model: str) -> None:
    """First word and a whole description, warm medians; and many at once against one by one."""
    taken = [_time_one(path, model) for path in paths[:21]]
    first, whole = (statistics.median(column) for column in zip(*taken[1:], strict=True))
    print(f"from the file: first word {first:.0f} ms, whole with its labels {whole:.0f} ms")
    chosen = paths[:32]
    started = time.perf_counter()
    describe_files(chosen, model=model, ocr=False)
    together = time.perf_counter() - started
    started = time.perf_counter()
    for path in chosen:
        describe(path, model=model, ocr=False)
    single = time.perf_counter() - started
    print(f"many at once: {single / together:.1f} times the pictures a second of one by one ({32 / together:.1f}/s)")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--model", default="describe-starter")
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--show", type=int, default=20)
    args = parser.parse_args()
    data = load_data(make_data_config(source=args.folder, task="describe"))
    train, check = list(data.train), list(data.check)[: args.photos]
    adapter = load_adapter(args.model)
    generator = load_generator(adapter)
    train_seen = tower_tokens(generator.model.tower, [row["image"] for row in train])
    seen = tower_tokens(generator.model.tower, [row["image"] for row in check])
    accepted = [references(row) for row in check]
    things = frequent_things([text.lower() for row in train for text in references(row)], 20)
    print(f"{len(check)} photographs held out of {len(check) + len(train)}; {len(things)} kinds of things\n")
    print("| | CIDEr | BLEU-4 | ROUGE-L | things that no reference names |\n|---|---|---|---|---|")
    texts = tell(generator, seen)
    print_row(args.model, accepted, texts, things)
    told_names, generator.model.config.names = generator.model.config.names, 0
    print_row("the same without names of the tower", accepted, tell(generator, seen), things)
    generator.model.config.names = told_names
    print_row("the same without LoRA", accepted, tell(load_without_lora(adapter), seen), things)
    print_row("nearest training photograph", accepted, nearest_captions(train, train_seen, seen), things)
    labels = [f"a {label_picture(_open(row['image']), 1)[0].label}" for row in check]
    print_row("first label of the image tower", accepted, labels, things)
    print()
    blanks = list(load_data(make_data_config(source="sample:blank-pictures", task="describe")).check)
    blanks = list(dict.fromkeys(row["image"] for row in blanks))
    declined = tell(generator, tower_tokens(generator.model.tower, blanks))
    print(f"declined on {sum(map(cannot_tell, declined)) / len(blanks):.1%} of {len(blanks)} pictures of nothing")
    measure_speed([row["image"] for row in check], args.model)
    step = max(1, len(check) // max(args.show, 1))
    for row, text in list(zip(check, texts, strict=True))[::step][: args.show]:
        print(f"- {row['id']}: {text} (people: {references(row)[0]})")


def _open(path: str):
    from xmodal.data.images import load_image

    return load_image(path)


if __name__ == "__main__":
    main()
