"""Blind comparisons: a person sees two results, not whose they are, and says which is better."""

import math
import random
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from xmodal.data.spreadsheets import write_csv
from xmodal.jobs.store import connect
from xmodal.modalities import MODALITIES

TASKS = ("transcribe", "classify", "answer", "describe")
INPUTS = ("question", *MODALITIES)
"""What can be compared, and what the models of a comparison may be given."""
Choice = Literal["left", "right", "same", "neither"]
_Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations


@dataclass(frozen=True)
class Comparison:
    """Two models' results for one input, side by side.

    Attributes:
        task: Such as `transcribe`.
        input: What both were given: text, or the name of a file, of data with that of its folder.
        left_model: Shown to the person only after the choice.
        right_model: The other.
        left_output: Its result as text.
        right_output: The other's.
        choice: Which is better; `same` if both are as good, `neither` if both are bad. Empty until it is made.
        owner: Who chose.
        time: When, in UTC (ISO 8601); filled in when it is stored.
    """

    task: str
    input: str
    left_model: str
    right_model: str
    left_output: str
    right_output: str
    choice: Choice | Literal[""] = ""
    owner: str = ""
    time: str = ""

    @property
    def preferred(self) -> str:
        """The model that was chosen; empty for a tie."""
        return {"left": self.left_model, "right": self.right_model}.get(self.choice, "")


def pair_blindly(task: str, given: str, results: dict[str, str], chance: random.Random | None = None) -> Comparison:
    """Two models' results with the sides drawn by lot.

    Args:
        task: Such as `transcribe`.
        given: The input.
        results: Model to result; two of them.
        chance: For tests.
    """
    (left, left_output), (right, right_output) = (chance or random.SystemRandom()).sample(list(results.items()), 2)
    return Comparison(task, given, left, right, left_output, right_output)


def save_comparison(shown: Comparison, choice: Choice, owner: str, path: Path | None = None) -> Comparison:
    """Store a choice; returns it as stored.

    Args:
        shown: From `pair_blindly`.
        choice: What the person said.
        owner: The person.
        path: The SQLite file; the usual one if not given.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    chosen = replace(shown, choice=choice, owner=owner, time=shown.time or now)
    names = [field.name for field in fields(Comparison)]
    with connect(path) as connection:
        connection.execute(
            f"INSERT INTO ratings ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})",
            asdict(chosen),
        )
    return chosen


def list_comparisons(models: set[str] | None = None, path: Path | None = None) -> list[Comparison]:
    """The stored choices, oldest first; only those between two of `models` if given."""
    names = ", ".join(field.name for field in fields(Comparison))
    with connect(path, reading=True) as connection:
        rows = connection.execute(f"SELECT {names} FROM ratings ORDER BY id").fetchall()
    found = [Comparison(**dict(row)) for row in rows]
    return [one for one in found if models is None or {one.left_model, one.right_model} <= models]


def count_wins(models: tuple[str, str], path: Path | None = None) -> dict[str, int]:
    """How often each of two models was preferred, and how often neither (key `tie`)."""
    preferred = [one.preferred for one in list_comparisons(set(models), path)]
    return {**{model: preferred.count(model) for model in models}, "tie": preferred.count("")}


@dataclass(frozen=True)
class Score:
    """How two models stand; ties are left out of the share.

    Attributes:
        first: How often the first was preferred.
        second: How often the second was.
        ties: How often neither was.
        low: Lower end of the 95 % interval of the first's share; 0 without a choice.
        high: Upper end; 1 without a choice.
    """

    first: int
    second: int
    ties: int
    low: float
    high: float

    @property
    def better(self) -> int:
        """1 or 2 where the interval leaves no doubt which one is preferred, else 0."""
        return 1 if self.low > 0.5 else 2 if self.high < 0.5 else 0


def score(models: tuple[str, str], path: Path | None = None) -> Score:
    """How two models stand, with Wilson's interval (E. B. Wilson 1927), which holds for few choices too."""
    wins = count_wins(models, path)
    first, second = (wins[model] for model in models)
    low, high = wilson_interval(first, first + second)
    return Score(first, second, wins["tie"], low, high)


def wilson_interval(wins: int, of: int) -> tuple[float, float]:
    """Where the true share of wins lies with 95 % certainty."""
    if not of:
        return 0.0, 1.0
    share, spread = wins / of, _Z * _Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    # Rounding may leave the ends at no wins, or nothing but wins, an epsilon outside.
    return max(0.0, middle - half), min(1.0, middle + half)


def export_comparisons(target: Path, path: Path | None = None, owner: str | None = None) -> int:
    """Write all choices as a csv file for spreadsheets; returns how many.

    Args:
        target: The file to write.
        path: The SQLite file; the usual one if not given.
        owner: Only this person's.
    """
    names = [*(field.name for field in fields(Comparison)), "preferred"]
    found = [one for one in list_comparisons(path=path) if owner in (None, one.owner)]
    write_csv(target, names, ((*asdict(one).values(), one.preferred) for one in found))
    return len(found)
