"""How often a description names what a picture shows, for things that no picture it was trained on had the name of.

The pictures held out of what `tests.benchmarks.named_pictures` makes. A name is its last word, as one or as many.
Beside it the first label of the image tower, of which all the words of its definition count, so that a breed is a dog;
and what the page tells, which is the labels' sentence where the model does not name what the labels are sure of.

    python -m tests.benchmarks.describe_names FOLDER [--model describe-starter] [--most 1000]
"""

import argparse
import csv
import re
from collections import defaultdict
from pathlib import Path

from timm.data import ImageNetInfo

from xmodal.tasks.describe import describe_files
from xmodal.tasks.label_words import settle
from xmodal.training.intervals import bootstrap_interval

_BATCH = 64


def held_out(folder: Path, most: int) -> list[tuple[Path, str, str]]:
    """Picture, the last word of its name, and its kind."""
    with open(folder / "metadata.csv", encoding="utf-8", newline="") as lines:
        rows = [
            row for row in csv.DictReader(lines) if row["split"] == "validation" and row["name"] and not row["question"]
        ]
    return [(folder / row["file_name"], row["name"].split()[-1], row["kind"]) for row in rows[:most]]


def names(text: str, word: str) -> bool:
    """Whether the word stands in the text, as one or as many."""
    stem = word.removesuffix("s")
    return any(told in (stem, f"{stem}s", f"{stem}es", word) for told in re.findall(r"[a-z]+", text.lower()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="describe-starter")
    parser.add_argument("--most", type=int, default=1000)
    args = parser.parse_args()
    info = ImageNetInfo()
    number_of = {info.index_to_description(i).split(",")[0].strip(): i for i in range(1000)}
    pictures = held_out(args.folder, args.most)
    results = [
        result
        for start in range(0, len(pictures), _BATCH)
        for result in describe_files(
            [path for path, *_ in pictures[start : start + _BATCH]], model=args.model, ocr=False, settled=False
        )
    ]
    rows = defaultdict(list)
    for (_, word, kind), result in zip(pictures, results, strict=True):
        label = result.labels[0].label
        known = f"{label} {info.index_to_description(number_of[label], detailed=True)}"
        told = (result.description, settle(result.description, result.labels), known)
        pair = tuple(names(text, word) for text in told)
        rows[kind].append(pair)
        rows["all"].append(pair)
    print("| pictures | | the description names it | as the page tells it | the first label |\n|---|---|---|---|---|")
    for kind, pairs in sorted(rows.items()):
        cells = []
        for side in range(3):
            interval = bootstrap_interval([(float(pair[side]), 1.0) for pair in pairs])
            share = sum(pair[side] for pair in pairs) / len(pairs)
            cells.append(f"{share:.1%} ({100 * interval.low:.1f} to {100 * interval.high:.1f})")
        print(f"| {kind} | {len(pairs)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
