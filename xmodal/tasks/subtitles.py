"""A transcript as a file: plain text, subtitles or JSON."""

import json

from xmodal.errors import InputError
from xmodal.tasks.results import TranscribeResult, to_dict

FORMATS = ("txt", "srt", "vtt", "json")


def format_transcript(result: TranscribeResult, fmt: str) -> str:
    """Write a transcript in one of `FORMATS`, with a newline at the end.

    Raises:
        InputError: No such format.
    """
    if fmt == "json":
        return json.dumps(to_dict(result), ensure_ascii=False, indent=2) + "\n"
    if fmt == "txt":
        return "\n".join(segment.text for segment in result.segments) + "\n"
    if fmt in ("srt", "vtt"):
        return _subtitles(result).to_string(fmt)
    raise InputError(f"There is no transcript format {fmt!r}.", f"Choose one of: {', '.join(FORMATS)}.")


def _subtitles(result: TranscribeResult):
    import pysubs2

    subtitles = pysubs2.SSAFile()
    for segment in result.segments:
        event = pysubs2.SSAEvent(round(segment.start * 1000), round(segment.end * 1000))
        # Braces would be read as formatting, a blank line as the end of the cue.
        event.plaintext = segment.text.replace("{", "(").replace("}", ")")
        subtitles.append(event)
    return subtitles
