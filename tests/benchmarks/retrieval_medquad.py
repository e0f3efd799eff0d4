"""How often search finds the entry of a question that was asked in other words, among 3,000 medical questions.

200 entries are drawn whose question stands once in the collection; each is asked in other words by rule. An entry
counts as found at the place of its best passage. Beside it, TF-IDF of words and pairs over the same entries.

    python -m tests.benchmarks.retrieval_medquad --data medquad_3000.jsonl [--questions 200]
"""

import argparse
import json
import random
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from xmodal.cli_progress import ProgressLine
from xmodal.data.documents import read_document
from xmodal.tasks.retrieval import build_index

# What the collection asks, and other ways to ask it.
REWORDED = {
    r"What is \(are\) (.+?) ?\?": (
        "Can you explain {} to me?",
        "My doctor mentioned {}. What does that mean?",
        "I would like to know more about {}.",
    ),
    r"What are the symptoms of (.+?) ?\?": (
        "How do I notice that I have {}?",
        "Which signs point to {}?",
        "How does somebody with {} feel?",
    ),
    r"What are the treatments for (.+?) ?\?": (
        "How is {} treated?",
        "What can doctors do against {}?",
        "Which therapy helps with {}?",
    ),
    r"What causes (.+?) ?\?": ("Why do people get {}?", "Where does {} come from?", "What is the reason for {}?"),
    r"How to diagnose (.+?) ?\?": ("Which tests show {}?", "How do doctors find out whether it is {}?"),
    r"Is (.+?) inherited ?\?": ("Can parents pass on {} to their children?", "Does {} run in families?"),
    r"How many people are affected by (.+?) ?\?": ("How common is {}?", "How often does {} occur?"),
    r"What is the outlook for (.+?) ?\?": (
        "How will things go on for someone with {}?",
        "What can people with {} expect in the future?",
    ),
    r"How to prevent (.+?) ?\?": ("What can I do so that I do not get {}?", "How can {} be avoided?"),
    r"Who is at risk for (.+?)\? ?\?": ("Which people are likely to get {}?", "Who should be worried about {}?"),
    r"What are the complications of (.+?) ?\?": ("What else can go wrong with {}?", "Which problems can {} lead to?"),
    r"What to do for (.+?) ?\?": ("What should I eat if I have {}?", "How should I live with {}?"),
}


def reword(question: str, number: int) -> str | None:
    """The question in other words; None if it is of no known form."""
    for pattern, others in REWORDED.items():
        found = re.fullmatch(pattern, question)
        if found:
            return others[number % len(others)].format(found.group(1))
    return None


def ranks(order: list[str], right: str) -> int:
    """Place of the right entry among different ones, from 1."""
    return list(dict.fromkeys(order)).index(right) + 1


def show(name: str, places: list[int]) -> None:
    first, five = (np.mean([place <= most for place in places]) for most in (1, 5))
    print(f"{name:10} first {first:6.1%}  in the first five {five:6.1%}")


def main() -> None:
    """Print how often the right entry is first, and among the first five."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print so many of those that were missed")
    args = parser.parse_args()
    entries = [json.loads(line) for line in args.data.read_text(encoding="utf-8").splitlines()]
    counts = Counter(entry["question"] for entry in entries)
    asked = [(q, reword(q, number)) for number, q in enumerate(counts) if counts[q] == 1]
    asked = random.Random(0).sample([pair for pair in asked if pair[1]], args.questions)

    document = read_document(args.data)
    started = time.perf_counter()
    with ProgressLine() as report:
        index = build_index([document], report=report)
    print(f"{len(index.passages)} passages of {len(entries)} entries, indexed in {time.perf_counter() - started:.0f} s")
    places, missed = [], []
    for right, question in asked:
        order = [found.passage.heading for found in index.search(question, len(index.passages))]
        places.append(ranks(order, right))
        missed += [(question, right, order[0])] * (places[-1] > 1)
    show("embedding", places)
    texts = [f"{part.heading}\n{part.text}" for part in document.parts]
    plain = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    matrix = plain.fit_transform(texts)
    scores = (plain.transform([question for _, question in asked]) @ matrix.T).toarray()
    orders = np.argsort(-scores, axis=1, kind="stable")
    found = [ranks([document.parts[i].heading for i in order], right)
             for order, (right, _) in zip(orders, asked, strict=True)]  # fmt: skip
    show("TF-IDF", found)
    for question, right, first in missed[: args.show]:
        print(f"{question}\n    wanted {right}\n    first  {first}")


if __name__ == "__main__":
    main()
