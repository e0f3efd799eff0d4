"""Makes a data set of pictures of single things with their names, out of two collections that others offer.

Emoji of the npm packages @lobehub/fluent-emoji-3d 1.1.0 (MIT) and emojibase-data 17.0.0 (MIT), and cut-outs of the
Debian package tuxpaint-stamps-default (GPL-2), unpacked beforehand (`npm pack`, `apt-get download`, `dpkg-deb -x`). One
name in four is held out, and then no picture of that name is trained on (`xmodal.data.held_names`). With `--scenes`
also pictures of several of them, with captions and questions.

    python -m tests.benchmarks.named_pictures OUT --emoji FOLDER --emoji-names en/data.json --stamps FOLDER
        [--scenes 2000]
"""

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from xmodal.data.cutouts import draw_cutout_scene, make_cutout_scene, tell_cutout_scene
from xmodal.data.english import with_article
from xmodal.data.held_names import is_held_out
from xmodal.data.images import load_image
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


def cut_out(path: Path) -> Image.Image:
    """The picture with its transparency, without empty margins, not larger than a scene needs."""
    with Image.open(path) as image:
        image = image.convert("RGBA")
        image = image.crop(image.getchannel("A").point(lambda alpha: 255 * (alpha > 16)).getbbox())
        image.thumbnail((_SIDE // 3, _SIDE // 3))
        return image


def make_scenes(out: Path, cutouts: dict[str, list], count: int) -> list[dict]:
    """Rows of scenes; one in ten is of names that are held out, and no other has those."""
    random = np.random.default_rng(20_261_123)
    sides = {"train": [], "validation": []}
    for name in sorted(cutouts):
        sides["validation" if is_held_out(name) else "train"].append(name)
    rows = []
    for number in range(count):
        split = "validation" if number % 10 == 9 else "train"
        scene = make_cutout_scene(random, sides[split])
        file = f"scene-{number:04}.jpg"
        draw_cutout_scene(scene, cutouts, random).save(out / file, quality=92)
        captions, asked = tell_cutout_scene(scene, sides[split], random)
        told = [("scene", "", caption) for caption in captions] + [(f"scene {kind}", *pair) for kind, *pair in asked]
        rows += [
            {"file_name": file, "question": question, "text": text, "split": split, "name": "", "kind": kind}
            for kind, question, text in told
        ]
    return rows


def main() -> None:
    """Write the pictures and their metadata.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--emoji", type=Path, required=True, help="folder of .webp files")
    parser.add_argument("--emoji-names", type=Path, required=True)
    parser.add_argument("--stamps", type=Path, required=True, help="folder with animals, food and so on in it")
    parser.add_argument("--scenes", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    rows, cutouts = [], defaultdict(list)
    for path, called, kind in [*read_emoji(args.emoji, args.emoji_names), *read_stamps(args.stamps)]:
        name = re.sub(r"^(an?|the|some)\s+", "", called)
        words = name.split()
        if not (0 < len(words) <= _MOST_WORDS and all(word.isalpha() for word in words)):
            continue
        if len(words) == 1 and called != name:
            cutouts[name].append(cut_out(path))
        image = load_image(path)
        image.thumbnail((_SIDE, _SIDE))
        file = f"{len(rows) // 3:04}.jpg"
        image.save(args.out / file, quality=92)
        split = "validation" if is_held_out(name) else "train"
        rows += [
            {"file_name": file, "question": question, "text": text, "split": split, "name": name, "kind": kind}
            for question, text in (("", called), ("", f"a picture of {called}"), (WHAT, called))
        ]
    rows += make_scenes(args.out, cutouts, args.scenes)
    with open(args.out / "metadata.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    pictures = {row["file_name"]: row["split"] for row in rows}
    print(f"{len(pictures)} pictures, {list(pictures.values()).count('validation')} of them held out")


if __name__ == "__main__":
    main()
