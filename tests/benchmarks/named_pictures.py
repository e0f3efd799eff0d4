"""Makes a data set of pictures of single things with their names, out of two collections that others offer.

Emoji of the npm packages @lobehub/fluent-emoji-3d 1.1.0 (MIT) and emojibase-data 17.0.0 (MIT), and cut-outs of the
Debian package tuxpaint-stamps-default (GPL-2), unpacked beforehand (`npm pack`, `apt-get download`, `dpkg-deb -x`). One
name in four is held out, and then no picture of that name is trained on (`xmodal.data.held_names`).

    python -m tests.benchmarks.named_pictures OUT --emoji FOLDER --emoji-names en/data.json --stamps FOLDER
"""

import argparse
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from xmodal.data.held_names import is_held_out
from xmodal.data.images import load_image
from xmodal.tasks.label_words import with_article
from xmodal.training.class_pictures import WHAT

_MOST_WORDS = 3
_STAMPS = ("animals", "clothes", "food", "hobbies", "household", "plants", "town", "vehicles")
"""Folders of stamps; those of letters, coins and signs are left out."""
_EMOJI = {3, 4, 5, 6, 7}
"""Groups: animals and nature, food and drink, travel and places, activities, objects."""
_MANY = re.compile(r"[^isu]s$")
_SIDE = 260


def read_stamps(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Picture, what it is called, and kind; the first line of the text beside a picture says it, as "A red apple."."""
    for path in sorted(folder.rglob("*.png")):
        text, kind = path.with_suffix(".txt"), path.relative_to(folder).parts[0]
        if kind in _STAMPS and text.is_file():
            yield path, text.read_text(encoding="utf-8", errors="replace").splitlines()[0].strip(" .!").lower(), kind


def read_emoji(folder: Path, names: Path) -> Iterator[tuple[Path, str, str]]:
    """As `read_stamps`."""
    for emoji in json.loads(names.read_text(encoding="utf-8")):
        path = folder / f"{emoji['hexcode'].lower()}.webp"
        if emoji.get("group") in _EMOJI and path.is_file():
            name = emoji["label"].lower().removesuffix(" face")
            yield path, name if _MANY.search(name) else with_article(name), "emoji"


def main() -> None:
    """Write the pictures and their metadata.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--emoji", type=Path, required=True, help="folder of .webp files")
    parser.add_argument("--emoji-names", type=Path, required=True)
    parser.add_argument("--stamps", type=Path, required=True, help="folder with animals, food and so on in it")
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    rows = []
    for path, called, kind in [*read_emoji(args.emoji, args.emoji_names), *read_stamps(args.stamps)]:
        name = re.sub(r"^(an?|the|some)\s+", "", called)
        words = name.split()
        if not (0 < len(words) <= _MOST_WORDS and all(word.isalpha() for word in words)):
            continue
        image = load_image(path)
        image.thumbnail((_SIDE, _SIDE))
        file = f"{len(rows) // 2:04}.jpg"
        image.save(args.out / file, quality=92)
        split = "validation" if is_held_out(name) else "train"
        rows += [
            {"file_name": file, "question": question, "text": text, "split": split, "name": name, "kind": kind}
            for question, text in (("", f"{called}\na picture of {called}"), (WHAT, called))
        ]
    with open(args.out / "metadata.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    held = sum(row["split"] == "validation" for row in rows) // 2
    print(f"{len(rows) // 2} pictures, {held} of them held out; such as {with_article(rows[0]['name'])}")


if __name__ == "__main__":
    main()
