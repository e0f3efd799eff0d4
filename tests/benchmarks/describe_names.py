"""How often a description names what a picture shows, for things that no picture it was trained on had the name of.

The pictures held out of what `tests.benchmarks.named_pictures` makes. A name is its last word, as one or as many.
Beside it the first label of the image tower, and what the page tells, which is the labels' sentence where the model
does not name what the labels are sure of. Of a class of ImageNet that is named all the words of its definition count
too, in each of the three, so that a breed is a dog. With the captions that the model was trained on beside it, names
that stand in none of them have a row of their own: those it never had at all.

    python -m tests.benchmarks.describe_names FOLDER [--captions FOLDER/flickr8k] [--model describe-starter]
"""

import argparse
import csv
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

from timm.data import ImageNetInfo

from xmodal.data.config import make_data_config
from xmodal.data.sets import load_data
from xmodal.models.label_names import imagenet_names
from xmodal.tasks.describe import describe_files
from xmodal.tasks.label_words import settle
from xmodal.training.intervals import bootstrap_interval
from xmodal.training.picture_lessons import references

_BATCH = 64


def held_out(folder: Path, most: int) -> list[tuple[Path, str, str]]:
    """Picture, the last word of its name, and its kind."""
    with open(folder / "metadata.csv", encoding="utf-8", newline="") as lines:
        rows = [
            row for row in csv.DictReader(lines) if row["split"] == "validation" and row["name"] and not row["question"]
        ]
    once = {row["file_name"]: row for row in rows}.values()
    return [(folder / row["file_name"], row["name"].split()[-1], row["kind"]) for row in once][:most]


def names(text: str, word: str) -> bool:
    """Whether the word stands in the text, as one or as many."""
    stem = word.removesuffix("s")
    return any(told in (stem, f"{stem}s", f"{stem}es", word) for told in re.findall(r"[a-z]+", text.lower()))


@cache
def definitions() -> dict[str, str]:
    """Of each class of ImageNet, by its name in small letters."""
    info = ImageNetInfo()
    return {name.lower(): info.index_to_description(i, detailed=True) for i, name in enumerate(imagenet_names())}


def words_of_captions(folder: str) -> set[str]:
    """All words that the model read in the captions of photographs, as one and as many."""
    data = load_data(make_data_config(source=folder, task="describe"))
    texts = " ".join(text for row in data.train for text in references(row))
    words = set(re.findall(r"[a-z]+", texts.lower()))
    return words | {word.removesuffix(end) for word in words for end in ("s", "es")}


def with_definitions(text: str) -> str:
    """The text, and the definitions of the classes that it names."""
    known = [meaning for name, meaning in definitions().items() if re.search(rf"\b{re.escape(name)}\b", text.lower())]
    return " ".join([text, *known])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--captions", default="", help="folder of captioned photographs that it was trained on")
    parser.add_argument("--model", default="describe-starter")
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--show", action="store_true", help="print what is told of each")
    args = parser.parse_args()
    pictures = held_out(args.folder, args.most)
    results = [
        result
        for start in range(0, len(pictures), _BATCH)
        for result in describe_files(
            [path for path, *_ in pictures[start : start + _BATCH]], model=args.model, ocr=False, settled=False
        )
    ]
    read = words_of_captions(args.captions) if args.captions else set()
    rows = defaultdict(list)
    for (_, word, kind), result in zip(pictures, results, strict=True):
        told = (result.description, settle(result.description, result.labels), result.labels[0].label)
        pair = tuple(names(with_definitions(text), word) for text in told)
        if args.show:
            print(f"{word}: {told}")
        rows[kind].append(pair)
        rows["all"].append(pair)
        if read and not {word, word.removesuffix("s"), word.removesuffix("es")} & read:
            rows[f"{kind}, in no caption"].append(pair)
            rows["all, in no caption"].append(pair)
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
