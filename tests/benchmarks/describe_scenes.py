"""Whether descriptions of made scenes and answers about pictures are right, by kind.

Scenes half of which have colours with shapes that training never had; easy-vqa's test; and, with a folder of captioned
photographs held out of the training, questions that follow from their captions. Each answer has a baseline beside it:
the answer that is most common for its kind.

    python -m tests.benchmarks.describe_scenes [FOLDER] [--model describe-starter] [--easy 1000]
"""

import argparse
import csv
import re
from collections import Counter, defaultdict

import numpy as np

from xmodal.data.config import make_data_config
from xmodal.data.english import NUMBERS, plural
from xmodal.data.samples import fetch_sample, find_sample
from xmodal.data.scene_words import PLACES, SIDES
from xmodal.data.scenes import COLOURS, SHAPES
from xmodal.data.sets import load_data
from xmodal.models.adapters import load_adapter
from xmodal.models.generator_adapter import load_generator
from xmodal.models.generator_text import LONG, SHORT
from xmodal.tasks.describe import cannot_tell
from xmodal.tasks.spans import log_odds, squash
from xmodal.training.calibrate import reliability
from xmodal.training.caption_questions import questions_of, short_answer_key
from xmodal.training.picture_lessons import references
from xmodal.training.picture_telling import answer_asked, tell_asked

_NAMES = {form: shape for shape in SHAPES for form in (shape, plural(shape))}
_NAMED = re.compile(
    rf"\b(?:({'|'.join([*NUMBERS[2:], 'an', 'a'])}) )?(?:(small|large) )?({'|'.join(COLOURS)}) ({'|'.join(_NAMES)})\b"
)
_THING = rf"(small |large )?(?:({'|'.join(COLOURS)}) )?({'|'.join(SHAPES)})"
_PLACED = re.compile(rf"\b{_THING} ({'|'.join(p for row in PLACES for p in row)})\b")
_SAID = re.compile(rf"\bthe {_THING} is ({'|'.join(SIDES.values())}) the {_THING}\b")


def read_objects(text: str) -> Counter:
    """Colour and shape of what a caption names, with how many of each."""
    found: Counter = Counter()
    for number, _, colour, shape in _NAMED.findall(text.lower().split(". ")[0] if "shapes in the" in text else text):
        found[colour, _NAMES[shape]] += NUMBERS.index(number) if number in NUMBERS else 1
    return found


def judge_relations(text: str, truth: str) -> list[bool]:
    """Of each relation that is told: whether the places in the true caption have it. Unclear ones are left out."""
    cells = {name: (row, column) for row, names in enumerate(PLACES) for column, name in enumerate(names)}
    places = [(thing, cells[place]) for *thing, place in _PLACED.findall(truth)]
    judged = []
    for *words, side, size, colour, shape in _SAID.findall(text):
        first, second = (
            [
                cell
                for thing, cell in places
                if all(word in ("", known) for word, known in zip(told, thing, strict=True))
            ]
            for told in (words, (size, colour, shape))
        )
        if len(first) != 1 or len(second) != 1:
            judged.append(False)  # of something that is not there, or not one thing
            continue
        axis = 1 if side in (SIDES["left"], SIDES["right"]) else 0
        apart = second[0][axis] - first[0][axis]
        if apart:
            judged.append((apart > 0) == (side in (SIDES["left"], SIDES["above"])))
    return judged


def share(kept: Counter, true: Counter) -> tuple[int, int]:
    return (kept & true).total(), max(kept.total(), true.total())


def measure_captions(generator, rows: list[dict], folder) -> None:
    """Colours, shapes, how many, and relations in short and detailed captions, seen and unseen combinations."""
    details = [row for row in rows if row["kind"] == "detail"]
    asked = [(str(folder / row["file_name"]), told) for row in details for told in (SHORT, LONG)]
    texts = tell_asked(generator, asked)
    print("\n| captions of scenes | pictures | objects whole | colours | shapes | how many | relations |")
    print("|---|---|---|---|---|---|---|")
    for told, name in ((SHORT, "short"), (LONG, "detailed")):
        for combination in ("seen", "unseen"):
            sums, right, relations, count = defaultdict(lambda: np.zeros(2)), 0, [], 0
            for i, row in enumerate(details):
                if row["combination"] != combination:
                    continue
                text, true = texts[2 * i + (told == LONG)], read_objects(row["text"])
                found = read_objects(text)
                for kind, key in (("whole", lambda k: k), ("colours", lambda k: k[0]), ("shapes", lambda k: k[1])):
                    kept, wanted = Counter(), Counter()
                    for thing, n in found.items():
                        kept[key(thing)] += n
                    for thing, n in true.items():
                        wanted[key(thing)] += n
                    sums[kind] += share(kept, wanted)
                right += found.total() == true.total()
                count += 1
                relations += judge_relations(text, row["text"])
            shares = " | ".join(f"{sums[k][0] / sums[k][1]:.1%}" for k in ("whole", "colours", "shapes"))
            told_right = f"{np.mean(relations):.1%} of {len(relations)}" if relations else "none told"
            print(f"| {name}, {combination} | {count} | {shares} | {right / count:.1%} | {told_right} |", flush=True)


def measure_answers(title: str, generator, asked: list[tuple[str, str, str, str]]) -> None:
    """Exact matches by kind.

    Args:
        title: Of the table.
        generator: The model.
        asked: Kind, picture, question, answer.
    """
    found = answer_asked(generator, [(picture, question) for _, picture, question, _ in asked])
    texts = [text for text, _ in found]
    kinds = defaultdict(list)
    for (kind, *_, answer), text in zip(asked, texts, strict=True):
        kinds[kind].append((short_answer_key(text), short_answer_key(answer)))
    kinds["all"] = [pair for pairs in kinds.values() for pair in pairs]
    print(f"\n| {title} | questions | right | the commonest answer |\n|---|---|---|---|")
    for kind, pairs in kinds.items():
        common = Counter(answer for _, answer in pairs).most_common(1)[0][1]
        right = sum(text == answer for text, answer in pairs)
        print(f"| {kind} | {len(pairs)} | {right / len(pairs):.1%} | {common / len(pairs):.1%} |", flush=True)
    sure = [squash(log_odds(chance), generator.answer_odds) for _, chance in found]
    was = [
        float(short_answer_key(text) == short_answer_key(answer))
        for text, (*_, answer) in zip(texts, asked, strict=True)
    ]
    given = [pair for pair, text in zip(zip(sure, was, strict=True), texts, strict=True) if not cannot_tell(text)]
    print(f"expected calibration error of answers that are given: {reliability(*zip(*given, strict=True))['ece']}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="")
    parser.add_argument("--model", default="describe-starter")
    parser.add_argument("--easy", type=int, default=1000, help="questions of easy-vqa's test")
    args = parser.parse_args()
    generator = load_generator(load_adapter(args.model))
    folder = fetch_sample(find_sample("scenes"))
    with open(folder / "metadata.csv", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == "validation"]
    measure_captions(generator, rows, folder)
    questions = [row for row in rows if row["question"]]
    measure_answers(
        "questions about scenes", generator,
        [(f"{row['kind']}, {row['combination']}", str(folder / row["file_name"]), row["question"], row["text"])
         for row in questions],
    )  # fmt: skip
    if args.folder:
        data, random = load_data(make_data_config(source=args.folder, task="describe")), np.random.default_rng(0)
        asked = [
            (kind, row["image"], question, answer)
            for row in data.check
            for kind, question, answer in questions_of(references(row), random)
        ]
        measure_answers("questions out of captions", generator, asked)
    if args.easy:
        check = list(load_data(make_data_config(source="sample:easy-vqa", task="describe")).check)
        step = max(1, len(check) // args.easy)
        asked = [("easy-vqa", row["image"], row["question"], references(row)[0]) for row in check[::step][: args.easy]]
        measure_answers("easy-vqa", generator, asked)


if __name__ == "__main__":
    main()
