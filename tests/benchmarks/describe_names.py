"""How often a description names what a picture shows, for pictures unlike any it was trained on.

Cut-outs with a name of a few words: a folder of pictures, each with a text file of the same name whose first line is
what it shows, such as "A red apple." (Tux Paint's stamps: `apt-get download tuxpaint-stamps-default`, `dpkg-deb -x`).
what it shows, such as "A red apple." (Tux Paint stamps: `apt-get download tuxpaint-stamps-default`, `dpkg-deb -x`).
the words of its definition count, so that a breed is a dog.

    python -m tests.benchmarks.describe_names FOLDER [--model describe-starter] [--most 400]
"""

import argparse
import re
from collections import defaultdict
from pathlib import Path

from timm.data import ImageNetInfo

from xmodal.data.images import load_image
from xmodal.tasks.describe import describe_files
from xmodal.tasks.pictures import label_picture
from xmodal.training.intervals import bootstrap_interval

_MOST_WORDS = 3
_KINDS = ("animals", "clothes", "food", "hobbies", "household", "plants", "town", "vehicles")
"""Folders below the one given; those of letters, coins and signs are left out."""
_BATCH = 64


def named_pictures(folder: Path, most: int) -> list[tuple[Path, str, str]]:
    """Picture, what it shows in one word, and its kind, which is the folder below `folder`."""
    found = []
    for path in sorted(folder.rglob("*.png")):
        text = path.with_suffix(".txt")
        name = text.read_text(encoding="utf-8", errors="replace").splitlines()[0] if text.is_file() else ""
        words = re.sub(r"^(an?|the|some)\s+", "", name.strip().rstrip(".!").lower()).split()
        kind = path.relative_to(folder).parts[0]
        if kind in _KINDS and 0 < len(words) <= _MOST_WORDS and words[-1].isalpha():
            found.append((path, words[-1], kind))
    return found[:: max(1, len(found) // most)][:most]


def names(text: str, word: str) -> bool:
    """Whether the word stands in the text, as one or as many."""
    stem = word.removesuffix("s")
    return any(told in (stem, f"{stem}s", f"{stem}es", word) for told in re.findall(r"[a-z]+", text.lower()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="describe-starter")
    parser.add_argument("--most", type=int, default=400)
    args = parser.parse_args()
    info = ImageNetInfo()
    number_of = {info.index_to_description(i).split(",")[0].strip(): i for i in range(1000)}
    pictures = named_pictures(args.folder, args.most)
    results = [
        result
        for start in range(0, len(pictures), _BATCH)
        for result in describe_files(
            [path for path, *_ in pictures[start : start + _BATCH]], model=args.model, ocr=False
        )
    ]
    rows = defaultdict(list)
    for (path, word, kind), result in zip(pictures, results, strict=True):
        label = label_picture(load_image(path), 1)[0].label
        known = f"{label} {info.index_to_description(number_of[label], detailed=True)}"
        pair = names(result.description, word), names(known, word)
        rows[kind].append(pair)
        rows["all"].append(pair)
    print("| pictures | | the description names it | the first label does |\n|---|---|---|---|")
    for kind, pairs in sorted(rows.items()):
        cells = []
        for side in (0, 1):
            interval = bootstrap_interval([(float(pair[side]), 1.0) for pair in pairs])
            share = sum(pair[side] for pair in pairs) / len(pairs)
            cells.append(f"{share:.1%} ({100 * interval.low:.1f} to {100 * interval.high:.1f})")
        print(f"| {kind} | {len(pairs)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
