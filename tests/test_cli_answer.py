"""`xmodal answer` with input that cannot be used: two lines, and status 2."""

import pytest

from xmodal.cli import main
from xmodal.tasks import answer as answering


@pytest.fixture(autouse=True)
def some_model(monkeypatch):
    monkeypatch.setattr(answering, "find_answerers", lambda name="": (None, None))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([""], "There is no question."),
        (["  \n"], "There is no question."),
        (["why " * 50_000], "The question has 199,999 characters; 2,000 are the most."),
        (["Why?", "--text", "nowhere.pdf"], "There is no file nowhere.pdf."),
        (["Why?", "--image", "{folder}/text.txt"], "text.txt is not a picture that can be read."),
        (["Why?", "--text", "{folder}/empty.txt"], "The file empty.txt is empty."),
        (["Why?", "--text", "{folder}/broken.pdf"], "broken.pdf is not a PDF that can be read."),
        (["Why?", "--text", "{folder}/broken.docx"], "broken.docx is not a Word file that can be read."),
    ],
)
def test_bad_input(arguments, problem, tmp_path, capsys):
    (tmp_path / "text.txt").write_text("Just text.")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 and no more")
    assert main(["answer", *(argument.format(folder=tmp_path) for argument in arguments)]) == 2
    *_progress, said, advice = capsys.readouterr().err.strip().splitlines()
    assert said == problem
    assert advice
