"""Text before it is compared: answers as SQuAD and CMRC 2018 do, speech without case and punctuation."""

import re
import unicodedata

_CJK = r"\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
# Written without spaces between words; jiwer and the literature count characters.
_NO_SPACES = {"zh", "yue", "ja", "th", "lo", "my", "km"}


def normalise_answer(text: str) -> str:
    """Lower case, without punctuation, articles and extra spaces (SQuAD's official script), full width folded."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(char for char in text if not _is_punctuation(char))
    return " ".join(_ARTICLES.sub(" ", text).split())


def answer_tokens(text: str) -> list[str]:
    """Words of a normalised answer; each Chinese or Japanese character is one (CMRC 2018's script)."""
    return _TOKEN.findall(normalise_answer(text))


def spoken_words(text: str, language: str = "") -> list[str]:
    """Words in lower case without punctuation; characters in languages written without spaces."""
    if language in _NO_SPACES:
        return _TOKEN.findall(_spoken(text)) if language in ("zh", "yue", "ja") else spoken_characters(text)
    return _spoken(text).split()


def spoken_characters(text: str) -> list[str]:
    """Characters in lower case without spaces and punctuation."""
    return list(_spoken(text).replace(" ", ""))


def _spoken(text: str) -> str:
    """Apostrophes and hyphens vanish inside a word; other punctuation parts words."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"(?<=\w)['’\-](?=\w)", "", text)
    return " ".join("".join(" " if _is_punctuation(char) else char for char in text).split())


def _is_punctuation(char: str) -> bool:
    """Unicode punctuation, and the symbols that SQuAD's script counts among it ($+<=>^`|~)."""
    return unicodedata.category(char).startswith("P") or char in "$+<=>^`|~"
