from pathlib import Path

import pytest
from fpdf import FPDF
from pdfs import write_pdf
from recordings import write_media
from signs import write_sign

from xmodal.data.documents import Document, Part
from xmodal.errors import InputError
from xmodal.paths import home, models_dir
from xmodal.settings import settings
from xmodal.tasks import pictures, recordings, sources
from xmodal.tasks.sources import health_collection, is_health_collection, kind_of, name_apart, read_source


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """A home of our own with the user's models."""
    models = models_dir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "models").symlink_to(models, target_is_directory=True)
    monkeypatch.setenv("XMODAL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PDF", "text"), ("a.md", "text"), ("a.jsonl", "text"), ("a.JPG", "image"), ("a.mp3", "audio"), ("a", "audio")],
)
def test_the_name_tells_the_kind(name, kind):
    assert kind_of(Path(name)) == kind


def test_the_health_collection_is_known_by_its_name():
    for language in ("en", "zh"):
        document = health_collection(language)
        assert len(document.parts) == 60
        assert is_health_collection(document)
    assert not is_health_collection(Document("health-en.jsonl.txt", (Part("x"),)))


def test_what_takes_long_is_read_once(tmp_path, monkeypatch):
    calls = []

    def read(path, report=None, cancel=None):
        calls.append(path)
        parts = (Part("said", time=(1.0, 2.5)), Part("heard", heading="Sounds"))
        return Document(path.name, parts, (f"Of {path.name}.",), "audio")

    monkeypatch.setattr(recordings, "read_recording", read)
    first = write_media(tmp_path / "one.m4a")
    again = tmp_path / "again.m4a"
    again.write_bytes(first.read_bytes())
    assert read_source(first) == Document("one.m4a", read(first).parts, ("Of one.m4a.",), "audio")
    assert (read_source(again).name, read_source(again).warnings) == ("again.m4a", ("Of again.m4a.",))
    assert read_source(again).parts[0].time == (1.0, 2.5)
    assert len(calls) == 2  # one of them is ours
    for kept in (home() / "sources").iterdir():
        kept.write_text("{damaged")
    read_source(first)
    assert len(calls) == 3


def test_what_was_read_in_part_is_not_kept(tmp_path, monkeypatch):
    found = [Document("a.m4a", (Part("x"),), ("No model.",), "audio", partial=True), Document("a.m4a", (Part("y"),))]
    monkeypatch.setattr(recordings, "read_recording", lambda *_: found.pop(0))
    path = write_media(tmp_path / "a.m4a")
    assert [read_source(path).text for _ in range(3)] == ["x", "y", "y"]


@pytest.mark.parametrize(
    "name",
    [
        "old.doc",
        "slides.pptx",
        "book.epub",
        "nothing",
        "a.json",
        "a.ndjson",
        "a.log",
        "a.xml",
        "a.srt",
        "a.vtt",
        "a.svg",
    ],
)
def test_other_kinds_of_files_are_named_with_what_can_be_used(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0" * 100)
    with pytest.raises(InputError, match="not a kind of file that questions can be asked about"):
        read_source(tmp_path / name)


@pytest.mark.parametrize(("name", "kind"), [("a.mp3", ""), ("a.webm", ""), ("a.txt", "audio")])
def test_what_was_taken_for_a_recording_is_called_none(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0" * 100)
    with pytest.raises(InputError, match="not a sound or video file"):
        read_source(tmp_path / name, kind)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_source(tmp_path / "gone.pdf")


def make_scan(tmp_path: Path) -> Path:
    """A PDF of one page of text and one that is a picture."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 6, "The library opens at nine. It closes at eight in the evening on all weekdays.")
    pdf.add_page()
    pdf.image(str(write_sign(tmp_path / "page.png", "The museum closes at 16:45")), w=180)
    pdf.output(str(tmp_path / "scan.pdf"))
    return tmp_path / "scan.pdf"


def test_the_text_of_a_pdf_is_read_once(tmp_path, monkeypatch):
    path = write_pdf(tmp_path / "a.pdf", [["The museum opens at nine."], []])
    told = []
    first = read_source(path, report=told.append)
    monkeypatch.setattr(sources, "read_document", pytest.fail)
    again = path.rename(tmp_path / "again.pdf")
    assert read_source(again, report=told.append).parts == first.parts
    assert read_source(again).warnings == tuple(one.replace("a.pdf", "again.pdf") for one in first.warnings) != ()
    assert [(one.what, one.done) for one in told] == [("a.pdf", 0), ("a.pdf", 1), ("a.pdf", 2), ("again.pdf", 0)]


def test_sources_of_one_name_are_told_apart():
    given = ["a.txt", "a.txt (2)", "a.txt", "b.txt", "a.txt"]
    found = name_apart([Document(name, (Part(str(i)),)) for i, name in enumerate(given)])
    assert [one.name for one in found] == ["a.txt", "a.txt (2)", "a.txt (3)", "b.txt", "a.txt (4)"]
    assert [one.text for one in found] == list("01234")


def test_scanned_pages_are_said_to_be_pictures(tmp_path):
    found = read_source(make_scan(tmp_path))
    assert len(found.parts) == 1
    assert "no text on page 2 of scan.pdf" in found.warnings[0]


def test_scanned_pages_are_read_where_asked_for(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(pictures, "read_page", lambda image: seen.append(image.size) or ["The museum closes at 16:45"])
    found = read_source(make_scan(tmp_path), ocr=True)
    assert [(part.text, part.page) for part in found.parts[1:]] == [("The museum closes at 16:45", 2)]
    assert found.warnings == ()
    assert len(seen) == 1


@pytest.mark.slow
def test_scanned_pages_are_read_by_the_real_reader(tmp_path):
    assert "16:45" in read_source(make_scan(tmp_path), ocr=True).parts[-1].text
