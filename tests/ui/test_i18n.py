import re
import string
from pathlib import Path

import pytest

import xmodal.ui
from xmodal.ui.i18n import LOCALES, html, label

EN, ZH = LOCALES["en"].TEXTS, LOCALES["zh"].TEXTS


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_same_keys_in_every_language():
    assert EN.keys() == ZH.keys()


@pytest.mark.parametrize("key", EN)
def test_texts_are_translated_and_take_the_same_values(key):
    assert EN[key].strip() and ZH[key].strip()
    assert fields(EN[key]) == fields(ZH[key])
    assert re.search(r"[\u4e00-\u9fff]", ZH[key])
    assert not re.search(r"[\u4e00-\u9fff]", EN[key])


def test_every_text_is_used_and_every_used_key_exists():
    source = "".join(path.read_text(encoding="utf-8") for path in Path(xmodal.ui.__file__).parent.glob("*.py"))
    groups = "app|header|answer|describe|audio|classify|tune|models|blind|rating|status|notice"
    used = set(re.findall(rf"[\"']((?:{groups})\.[a-z_]+)[\"']", source))
    built = {f"describe.{start}_" for start in ("example", "length", "language", "colour", "copy")}
    built |= {f"describe.{name}_empty" for name in ("text", "alt", "picture", "labels", "colours", "written")}
    built |= {"answer.sample_", "audio.script_", "notice.", "status."}
    built |= {f"classify.{start}_" for start in ("name", "text", "image", "audio", "column", "example")}
    starts = ("task", "sample", "role", "warn", "train", "train_info", "tower", "field", "info", "choice", "state")
    starts = (*starts, "verdict", "metric", "got", "cost", "class", "without", "row", "empty")
    built |= {f"tune.{start}_" for start in starts}
    built |= {"tune.before", "tune.after", "tune.hours", "tune.with_all"}
    built |= {"blind.empty_", "blind.choice_", "blind.chose_"}
    starts = ("does", "kind", "metric", "state", "run", "fetch", "folder", "about", "ask", "ask_free")
    built |= {f"models.{start}_" for start in starts}
    built |= {f"models.{name}" for name in ("fetch", "verify", "pack", "remove", "delete", "damaged", "base", "source")}
    built |= {f"models.{name}" for name in ("summary", "quality", "classes", "where", "licence", "revision", "folder")}
    built |= {f"models.{name}" for name in ("size", "languages", "made", "does", "kind")}
    used.discard("app.py")
    assert used <= EN.keys()
    assert [key for key in EN if key not in used and not any(key.startswith(start) for start in built)] == []


def test_html_holds_both_languages_and_escapes_values():
    text = html("status.language", language="<b>&\"'")
    assert 'lang="en">Language: &lt;b&gt;&amp;&quot;&#x27;<' in text
    assert 'lang="zh">语言：&lt;b&gt;' in text


def test_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        label("audio.nothing")
    with pytest.raises(KeyError):
        html("audio.nothing")
