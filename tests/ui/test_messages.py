"""What the layers below say of data sets, sources and jobs, in Chinese: translations belong to what is said."""

import ast
import re
import string
import zipfile
from html import escape
from pathlib import Path

import pytest

import xmodal
from xmodal.data.archives import ZipLimits, unzip
from xmodal.data.config import make_data_config
from xmodal.data.report import DataWarning
from xmodal.data.sets import load_data
from xmodal.disk import disk_full
from xmodal.errors import InputError
from xmodal.jobs.claims import _KILLED_ADVICE, _describe_death
from xmodal.training.config import parse_recipe
from xmodal.ui import messages, views
from xmodal.ui.locales.zh_answer import MESSAGES as ANSWER_MESSAGES
from xmodal.ui.locales.zh_data_tune import MESSAGES, WARNINGS
from xmodal.ui.locales.zh_describe import MESSAGES as PICTURE_MESSAGES

GOOD = "text,label\n" + "".join(f"this is fine {i},good\nthat is poor {i},bad\n" for i in range(20))


def calls(*names: str) -> list[ast.Call]:
    """Where such objects are made of which there are translations."""
    package = Path(xmodal.__file__).parent
    files = [*package.glob("data/*.py"), *package.glob("tasks/*.py"), *package.glob("ui/answer_*.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def chinese(html: str) -> str:
    return "".join(re.findall(r'<span class="xm-text" lang="zh">(.*?)</span>', html))


def refusal(source, **settings) -> InputError:
    with pytest.raises(InputError) as caught:
        load_data(make_data_config(source=str(source), **settings), untrusted=True)
    return caught.value


def test_every_code_is_translated_with_values_that_are_given():
    used = {}
    for call in calls("InputError", "UnknownModelError"):
        for node in call.args[2:3]:
            for code in [node] if isinstance(node, ast.Constant) else [node.body, node.orelse]:
                used.setdefault(code.value, []).append({keyword.arg for keyword in call.keywords})
    known = MESSAGES | ANSWER_MESSAGES | PICTURE_MESSAGES
    assert used.keys() == known.keys()
    for code, given in used.items():
        assert all(fields("".join(known[code])) <= one for one in given), code


def test_every_warning_that_is_translated_is_made():
    source = "".join(path.read_text(encoding="utf-8") for path in Path(xmodal.data.__file__).parent.glob("*.py"))
    assert [code for code in WARNINGS if f'"{code}"' not in source] == []
    assert calls("DataWarning")


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({"epochs": 0}, "“遍历数据的次数”必须大于 0。"),
        ({"lora_rank": 999}, "“小型适配器的大小”不能大于 256。"),
        ({"dropout": 1}, "“随机失活”必须小于 1。"),
        ({"batch_size": 2.5}, "“批大小”必须是整数。"),
        ({"learning_rate": "fast"}, "“学习率”必须是数字。"),
        ({"optimizer": "magic"}, "“优化器”只能是：&#x27;adamw&#x27;"),
        ({"epoch": 1}, "没有“train.epoch”这个设置。"),
    ],
)
def test_a_refused_setting_is_told_in_both_languages(train, said):
    with pytest.raises(InputError) as caught:
        parse_recipe({"name": "a", "data": {"source": "x.csv"}, "train": train})
    what, advice = views.words_of(caught.value)
    assert said in chinese(what) and "The recipe&#x27;s train." in what and chinese(advice)


def test_parts_of_what_may_have_been_trained_on_are_refused_in_both_languages():
    with pytest.raises(InputError) as caught:
        parse_recipe({"name": "a", "data": {"source": "x.csv"}, "start": "old", "cross_validation": 3})
    what, advice = views.words_of(caught.value)
    assert "不能做交叉验证" in chinese(what) and "cross_validation cannot go on from" in what and chinese(advice)


def test_frequent_refusals_are_told_in_both_languages(tmp_path):
    (tmp_path / "no.zip").write_bytes(b"no zip" * 50)
    (tmp_path / "odd.csv").write_text("words,weather\n" + "it rained,today is a long day that has no other\n" * 9)
    (tmp_path / "one.csv").write_text(GOOD.replace("good", "bad"))
    (tmp_path / "few.csv").write_text("text,label\na <b>,good\n")
    cases = {
        "no.zip": "no.zip 不是可以读取的 zip", "odd.csv": "没有找到“类别”列；现有的列：words, weather",
        "one.csv": "都属于“bad”一类", "few.csv": "没有可以留出的行",
    }  # fmt: skip
    for file, wanted in cases.items():
        error = refusal(tmp_path / file)
        what, advice = views.words_of(error)
        assert wanted in chinese(what) and re.search(r"[\u4e00-\u9fff]", chinese(advice))
        assert f'lang="en">{error.problem.split()[0]}' in what
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.csv", b"0" * 3_000_000)
    with pytest.raises(InputError) as caught:
        unzip(tmp_path / "bomb.zip", tmp_path / "out", ZipLimits(free_mb=1, ratio=10))
    assert "压缩炸弹" in chinese(views.words_of(caught.value)[0])


def test_warnings_of_a_damaged_table_are_told_in_both_languages(tmp_path):
    rows = "text,label\n" + "".join(f"这家酒店很好{i},好\n服务态度太差{i},差\n" for i in range(20)) + "一,二,三,四\n"
    (tmp_path / "评论.csv").write_bytes((rows + ",好\n" + "少见,怪\n").encode("gbk"))
    found = load_data(make_data_config(source=str(tmp_path / "评论.csv"))).report
    told = [chinese(messages.warning(one)) for one in found.warnings]
    assert any("gb18030 编码" in text for text in told) and any("有 1 行格式不对" in text for text in told)
    assert any("1 行没有任何输入" in text for text in told) and any("个类别的训练行少于 5 行" in text for text in told)
    assert all(told)


def test_what_has_no_translation_is_shown_as_it_is_and_everything_is_escaped():
    assert views.words_of(InputError("<b> is wrong.", "Mend it.")) == ("&lt;b&gt; is wrong.", "Mend it.")
    assert messages.warning(DataWarning("answers", "2 <answers>")) == "2 &lt;answers&gt;"
    text = messages.warning(DataWarning("columns", "<b>", values={"name": "<i>"}))
    assert "&lt;b&gt;" in text and "&lt;i&gt;" in text and "<b>" not in text


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (disk_full(Path("/data"), "the checkpoint").problem, "/data"),
        (disk_full(Path("/data"), "the checkpoint").advice, "XMODAL_HOME"),
        (f"The training process {_describe_death(-9, '')}; it goes on from step 40.", "40"),
        (f"The training process {_describe_death(-11, '')} 3 times after step 7.", "SIGSEGV"),
        (f"The training process {_describe_death(0, '')} 2 times after step 7.", "2"),
        (_KILLED_ADVICE, "batch_size"),
        ("Set train.batch_size to 4 (it is 8), or train the head only (train.trainable: head).", "4"),
    ],
)
def test_what_was_stored_of_a_job_is_told_in_chinese(said, wanted):
    html = messages.stored(said)
    assert wanted in chinese(html)
    assert re.search(r"[\u4e00-\u9fff]", chinese(html))
    assert escape(said) in html


def test_a_stored_sentence_that_is_not_known_stays_as_it_is():
    assert messages.stored("Something <b>else</b>.") == "Something &lt;b&gt;else&lt;/b&gt;."
