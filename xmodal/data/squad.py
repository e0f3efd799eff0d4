"""SQuAD 1.1 and 2.0 files (https://rajpurkar.github.io/SQuAD-explorer), also as CMRC 2018 and DRCD write them."""

import hashlib
from pathlib import Path

from xmodal.data.report import DataWarning, name_some
from xmodal.data.tables import Table, from_rows


def is_squad(content: object) -> bool:
    """Whether a parsed JSON file is in SQuAD's format."""
    articles = content.get("data") if isinstance(content, dict) else None
    return (
        bool(articles) and isinstance(articles, list) and isinstance(articles[0], dict) and "paragraphs" in articles[0]
    )


def read_squad(content: dict, path: Path) -> Table:
    """One row for each question: id, group, context, question, answers.

    The group is the article's title, or where there is none the context, so that a split never has one text on both
    sides. Questions whose `is_impossible` is set, or without answers, have empty answers. An answer whose place in the
    context is not where the file says is looked for; if it is nowhere, the question is left out and named.
    """
    rows, bad = [], []
    for article in content["data"]:
        for paragraph in article.get("paragraphs", []):
            context = paragraph.get("context") or ""
            group = article.get("title") or hashlib.sha256(context.encode()).hexdigest()[:16]
            for asked in paragraph.get("qas", []):
                answers = _answers(asked, context)
                if answers is None:
                    bad.append(str(asked.get("id", asked.get("question"))))
                    continue
                rows.append(
                    {
                        "id": asked.get("id"),
                        "title": group,
                        "context": context,
                        "question": asked.get("question"),
                        "answers": answers,
                    }
                )
    warnings = []
    if bad:
        message = f"{len(bad)} questions of {path.name} have answers that are not in their text and were left out."
        warnings.append(DataWarning("answers", message, name_some(bad)))
    table = from_rows(rows, warnings)
    table.group = "title"
    return table


def _answers(asked: dict, context: str) -> dict | None:
    """`{"text": [...], "answer_start": [...]}`; None if none of its answers is in the context."""
    given = [] if asked.get("is_impossible") else asked.get("answers") or []
    found = {"text": [], "answer_start": []}
    for answer in given:
        place = locate(context, answer.get("text") or "", answer.get("answer_start"))
        if place is not None:
            found["text"].append(answer["text"])
            found["answer_start"].append(place)
    return None if given and not found["text"] else found


def locate(context: str, answer: str, start: object = None) -> int | None:
    """Where the answer starts: `start` if it is there, else its occurrence nearest to it; None if there is none."""
    if not answer:
        return None
    start = int(start) if isinstance(start, int | float) or (isinstance(start, str) and start.isdigit()) else 0
    if start >= 0 and context.startswith(answer, start):
        return start
    before = context.rfind(answer, 0, max(start, 0) + len(answer))
    after = context.find(answer, max(start, 0))
    places = [place for place in (before, after) if place >= 0]
    return min(places, key=lambda place: abs(place - start)) if places else None
