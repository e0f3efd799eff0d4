"""What the tasks return: frozen dataclasses whose fields are the keys of the command line's `--json`."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Word:
    """A word and when it was said, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Segment:
    """A stretch of speech, in seconds; `words` only where they were asked for."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True)
class TranscribeResult:
    """A transcript; `duration` and `seconds` (time it took) are in seconds, `language` is a code such as `en`."""

    file: str
    text: str
    language: str
    duration: float
    segments: tuple[Segment, ...]
    model: str
    seconds: float


@dataclass(frozen=True)
class LabelScore:
    """A label and its score between 0 and 1."""

    label: str
    score: float


@dataclass(frozen=True)
class TimedLabel:
    """A label heard from `start` to `end` (seconds) and its highest score there."""

    start: float
    end: float
    label: str
    score: float


@dataclass(frozen=True)
class TagResult:
    """Sounds in a recording: the top labels of the whole and, for longer ones, when each was heard."""

    file: str
    labels: tuple[LabelScore, ...]
    timeline: tuple[TimedLabel, ...]
    model: str
    seconds: float


@dataclass(frozen=True)
class ColourShare:
    """A colour of a picture: its name in English, `#rrggbb`, and the share of the picture that has it."""

    name: str
    hex: str
    share: float


@dataclass(frozen=True)
class DescribeResult:
    """What can be said of a picture.

    Attributes:
        file: Its name.
        description: A sentence or a few.
        labels: The likeliest of ImageNet's classes.
        alt: A text to stand for the picture where it is not seen.
        colours: Those that take most room.
        written: Paragraphs of text in it; empty if it was not looked for.
        model: The adapter that described it, or the image tower where there is none.
        seconds: Time it took.
        notes: What is to be known of the file, such as that it holds further pictures.
    """

    file: str
    description: str
    labels: tuple[LabelScore, ...]
    alt: str
    colours: tuple[ColourShare, ...]
    written: tuple[str, ...]
    model: str
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassifyResult:
    """The likeliest label and the score of each; `contributions` is what each modality adds to the label's score.

    `missing` names the modalities that the model knows and that were not given.
    """

    label: str
    scores: dict[str, float]
    missing: tuple[str, ...]
    contributions: dict[str, float]
    model: str
    seconds: float


LOOKED = "What the picture shows when asked"
"""The heading of what a model sees in a picture, which stands nowhere."""


@dataclass(frozen=True)
class Evidence:
    """A place that speaks for an answer.

    Attributes:
        source: `text`, `image` or `audio`.
        file: The document's name.
        start: First character in the document's text.
        end: The character after the last.
        text: What is written, or was said, there.
        passage: The passage around it.
        at: Where it is in the passage.
        heading: What it stands under; may be empty.
        page: Of a PDF, from 1; else 0.
        score: How sure it is that this is the answer, from 0 to 1.
        time: Of a recording, from when to when, in seconds.
    """

    source: str
    file: str
    start: int
    end: int
    text: str
    passage: str
    at: int
    heading: str
    page: int
    score: float
    time: tuple[float, float] | None = None


@dataclass(frozen=True)
class AnswerResult:
    """The answer to a question.

    Attributes:
        question: As it was asked, or heard.
        answer: Empty where the sources do not say.
        answerable: Whether there is an answer.
        confidence: In the answer, or in there being none.
        language: Of the question, `zh` or `en`.
        evidence: The best places, best first, also where none was good enough; the first is the answer's.
        notes: What a person should know about the sources.
        model: The adapter that marked the answer.
        seconds: Time it took, without reading the sources.
    """

    question: str
    answer: str
    answerable: bool
    confidence: float
    language: str
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    model: str
    seconds: float


def to_dict(result) -> dict:
    """A result as plain JSON types; keys that were not asked for (`words`) are left out."""
    if isinstance(result, TranscribeResult):
        data = asdict(result)
        for segment in data["segments"]:
            if segment["words"] is None:
                del segment["words"]
        return data
    return asdict(result)
