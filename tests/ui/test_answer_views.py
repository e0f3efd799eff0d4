import re
from pathlib import Path

from pdfs import write_pdf

from xmodal.data.documents import read_document
from xmodal.tasks.answer import NO_ADVICE
from xmodal.tasks.results import AnswerResult, Evidence
from xmodal.ui import answer_views

HOSTILE = "<script>alert(1)</script>"


def evidence(source="text", file="a.txt", passage="The answer is 42, they say.", text="42", **other) -> Evidence:
    at = passage.index(text)
    values = {"heading": "", "page": 0, "score": 0.5, "time": None, **other}
    return Evidence(source, file, at, at + len(text), text, passage, at, **values)


def result(*places, answer="42", answerable=True, question="What?", notes=()) -> AnswerResult:
    return AnswerResult(
        question, answer if answerable else "", answerable, 0.8, "en", tuple(places or [evidence()]), notes, "m", 0.1
    )


def test_the_answer_is_marked_where_it_stands():
    passage = "42 is not it. " * 200 + "The answer is 42, they say."
    place = Evidence("text", "a.txt", 2814, 2816, "42", passage, 2814, "", 7, 0.5)
    html = answer_views.evidence(result(place), {})
    before = html[: html.index("<mark>")]
    assert "<mark>42</mark>, they say." in html
    assert before.endswith("The answer is ")
    assert "…" in before
    assert len(html) < 2_500
    assert "page 7" in html


def test_nothing_of_a_source_is_run():
    place = evidence(passage=f"x {HOSTILE} y", text=HOSTILE, file=HOSTILE, heading=HOSTILE)
    found = result(place, place, answer=HOSTILE, question=HOSTILE, notes=(HOSTILE,))
    drawn = answer_views.answer(found) + answer_views.evidence(found, {}) + answer_views.history([found])
    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;") >= 8


def test_a_moment_and_a_picture_can_be_seen():
    files = {"talk.mp3": Path("/tmp/talk one.mp3"), "cat.png": Path("/tmp/cat.png")}
    moment = answer_views.evidence(result(evidence("audio", "talk.mp3", time=(61.0, 63.5))), files)
    assert 'src="gradio_api/file=/tmp/talk%20one.mp3#t=60.7,63.8"' in moment
    assert "from 1:01 to 1:03" in moment
    picture = answer_views.evidence(result(evidence("image", "cat.png")), files)
    assert 'src="gradio_api/file=/tmp/cat.png"' in picture
    assert "<img" not in answer_views.evidence(result(evidence("text", "cat.png")), files)


def test_where_the_sources_do_not_say_that_is_the_answer():
    html = answer_views.answer(result(answerable=False))
    assert 'data-answerable="false"' in html
    assert "The sources do not say." in html
    assert "资料中没有提到" in html
    assert "42" not in re.sub("<[^>]+>", "", html)


def test_the_health_collection_is_no_medical_advice():
    html = answer_views.answer(result(evidence(file="health-zh.jsonl"), notes=(NO_ADVICE,)))
    assert "ask a doctor" in html
    assert "不是医疗建议" in html
    assert "health-zh" not in html


def test_notes_on_sources_are_told_in_chinese(tmp_path):
    (tmp_path / "a.txt").write_bytes("灯塔看守人每天点亮灯火。".encode("gb18030"))
    (tmp_path / "b.txt").write_bytes("灯塔看守人每天点亮灯火。".encode() + b"\xff")
    (tmp_path / "a.csv").write_bytes("问题,答案,\n哪里？,山上。,一\n一,二,三,四\n".encode("gb18030"))
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\nb\n')
    pdf = write_pdf(tmp_path / "a.pdf", [["One."], [], ["Three."]])
    pdf.write_bytes(pdf.read_bytes().replace(b"/FlateDecode", b"/WeirdDecode", 1))
    read = [read_document(path) for path in sorted(tmp_path.iterdir())]
    read.append(read_document(pdf, read_page=lambda image: []))
    notes = [note for document in read for note in document.warnings]
    notes.append("The sounds in a.mp3 could not be named: There is no network.")
    items = re.findall("<li>(.*?)</li>", answer_views.answer(result(notes=tuple(notes))))
    assert len(items) == len(notes)
    assert [item for item in items if not re.search('lang="zh">[^<]*[\u4e00-\u9fff]', item)] == []


def test_the_latest_question_is_first():
    html = answer_views.history([result(question="first"), result(question="second")])
    assert html.index("second") < html.index("first")
