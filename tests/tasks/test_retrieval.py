"""Passages are found by meaning, in either language; what was embedded once is kept."""

import pytest

from xmodal.data.documents import Document, Part
from xmodal.errors import CancelledError, InputError
from xmodal.paths import home
from xmodal.settings import settings
from xmodal.tasks import retrieval
from xmodal.tasks.retrieval import build_index

FACTS = [
    "To lower high blood pressure, eat less salt, walk every day and drink little alcohol.",
    "The museum opens at nine and is closed on Mondays.",
    "Bake the bread for forty minutes at two hundred degrees.",
    "The express train reaches the coast in three hours.",
    "Sharks have lived in the oceans for four hundred million years.",
    "Rinse a burn under cool running water for twenty minutes.",
    "Bees dance to tell each other where flowers are.",
    "The bridge was built of stone in 1532.",
    "Vaccines teach the body to know a germ.",
    "A chess board has sixty-four squares.",
]


@pytest.fixture(scope="module")
def own_home(tmp_path_factory):
    """Indexes of our own; the models are shared."""
    models = home() / "models"
    folder = tmp_path_factory.mktemp("home")
    models.mkdir(exist_ok=True)
    (folder / "models").symlink_to(models)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XMODAL_HOME", str(folder))
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="module")
def index(own_home):
    return build_index([Document("facts", tuple(Part(fact, heading=str(i)) for i, fact in enumerate(FACTS)))])


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("How do I lower high blood pressure?", 0),
        ("你如何缓解高血压？", 0),
        ("博物馆星期几不开门？", 1),
        ("What should I do about a burnt hand?", 5),
        ("How do insects show where food is?", 6),
    ],
)
def test_the_passage_is_found(index, question, fact):
    found = index.search(question, top=3)
    assert found[0].passage.text == FACTS[fact]
    assert 1 >= found[0].score > found[1].score > found[2].score


def test_the_second_time_nothing_is_embedded(index, own_home, monkeypatch):
    def fail(*_):
        raise AssertionError("it was to be read from the disk")

    monkeypatch.setattr(retrieval, "_embed", fail)
    again = build_index(index.documents)
    assert (again.vectors - index.vectors).abs().max() < 1e-3
    (path,) = (own_home / "indexes").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(AssertionError):
        build_index(index.documents)
    path.write_bytes(whole)


def test_where_there_is_one_passage_nothing_is_searched(monkeypatch):
    monkeypatch.setattr(retrieval, "_tower", None)
    alone = build_index([Document("new", (Part("Something new."),))])
    assert [one.passage.text for one in alone.search("What is new?")] == ["Something new."]
    with pytest.raises(InputError, match="no question"):
        alone.search(" ")


def test_an_empty_question_and_a_stop(index):
    with pytest.raises(InputError, match="no question"):
        index.search(" \n")

    class Stop:
        def is_set(self):
            return True

    with pytest.raises(CancelledError):
        build_index([Document("new", (Part("Something new."),))], cancel=Stop())


def test_a_question_of_fifty_thousand_words_is_cut(index):
    assert index.search("blood pressure " * 25_000, top=1)[0].passage.text == FACTS[0]
    assert len(index.search("x", top=50)) == len(FACTS)


@pytest.mark.slow
def test_each_of_a_few_documents_is_heard(own_home):
    tea = Document("tea", tuple(Part(f"Green tea is drunk {when}.", heading=when) for when in ("cold", "hot", "daily")))
    hills = Document("hills", (Part("The highest hill of the county has 312 metres."),))
    found = build_index([tea, hills]).search("When is green tea drunk?", 2)
    assert [one.passage.document for one in found] == [0, 0, 1]
    assert len(build_index([tea, hills]).search("When is green tea drunk?", 1)) == 1
