"""Several sources in one data set."""

import json

import pytest

from xmodal.data.config import make_data_config
from xmodal.data.sets import load_data
from xmodal.errors import InputError


def write_squad(path, titles):
    """One passage and two questions for each title, the second without an answer."""
    articles = []
    for title in titles:
        context = f"{title} 在山上。"
        asked = [
            {"id": f"{title}-1", "question": f"{title} 在哪里？", "answers": [{"text": "山上", "answer_start": 99}]},
            {"id": f"{title}-2", "question": f"{title} 多大？", "answers": [], "is_impossible": True},
        ]
        articles.append({"title": title, "paragraphs": [{"context": context, "qas": asked}]})
    path.write_text(json.dumps({"data": articles}), encoding="utf-8")
    return str(path)


def write_table(path, count, header="query,passage,answer"):
    lines = [f"who is number {i},This is person {i}.,person {i}" for i in range(count)]
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return str(path)


def load(sources, **settings):
    return load_data(make_data_config(source=sources[0], more_sources=sources[1:], task="answer", **settings))


def test_sources_with_other_columns_are_joined(tmp_path):
    squad = write_squad(tmp_path / "one.json", [f"塔{i}" for i in range(20)])
    table = write_table(tmp_path / "two.csv", 40)
    data = load([squad, table])
    assert data.roles == ("question", "context", "answers")
    assert (data.report.rows, len(data.train) + len(data.check)) == (80, 80)
    rows = {row["id"]: row for side in (data.train, data.check) for row in side}
    place = rows["one/塔3-1"]["answers"]["answer_start"][0]
    assert rows["one/塔3-1"]["context"][place:] == "山上。"
    assert rows["two/7"]["question"] == "who is number 7"
    assert {row["group"] for row in data.train}.isdisjoint({row["group"] for row in data.check} - {None})


def test_a_split_of_its_own_is_kept(tmp_path):
    folder = tmp_path / "parted"
    folder.mkdir()
    write_table(folder / "train.csv", 30)
    (folder / "test.csv").write_text("query,passage,answer\nwho is it,It is Ann.,Ann\n")
    data = load([str(folder), write_squad(tmp_path / "one.json", [f"塔{i}" for i in range(20)])], check_fraction=0.2)
    held = [row["id"] for row in data.check]
    assert [name for name in held if name.startswith("parted/")] == ["parted/0"]  # test.csv is read first
    assert sum(name.startswith("one/") for name in held) == pytest.approx(8, abs=2)


@pytest.mark.parametrize("own_split", [True, False])
def test_only_the_first_can_be_measured_on(tmp_path, own_split):
    other = tmp_path / "other"
    other.mkdir()
    write_table(other / "train.csv", 30)
    if own_split:
        (other / "test.csv").write_text("query,passage,answer\nwho is it,It is Ann.,Ann\n")
    squad = write_squad(tmp_path / "one.json", [f"塔{i}" for i in range(20)])
    data = load([squad, str(other)], measured="first", check_fraction=0.2)
    assert {row["id"].split("/")[0] for row in data.check} == {"one"}
    assert sum(row["id"].startswith("other/") for row in data.train) == 30
    assert all("Ann" not in row["answers"]["text"] for row in data.train)


def test_of_the_first_two_the_same_rows_are_held_out_whatever_comes_after_them(tmp_path):
    two = [write_squad(tmp_path / f"{name}.json", [f"{name}{i}" for i in range(20)]) for name in ("one", "two")]
    third = write_squad(tmp_path / "third.json", [f"塔{i}" for i in range(40)])
    alone, data = load(two, check_fraction=0.2), load([*two, third], measured=2, more_share=0.5, check_fraction=0.2)
    assert [row["id"] for row in data.check] == [row["id"] for row in alone.check]
    assert [row["id"] for row in data.train if row["id"] not in data.further] == [row["id"] for row in alone.train]
    drawn = [row["id"] for row in data.train if row["id"] in data.further]
    assert len(drawn) == 40
    assert {name.split("/")[0] for name in drawn} == {"third"}
    assert not alone.further


def test_a_share_of_the_further_sets_is_drawn_and_groups_stay_whole(tmp_path):
    sources = [write_table(tmp_path / "two.csv", 40), write_squad(tmp_path / "one.json", [f"塔{i}" for i in range(40)])]
    data = load(sources, more_share=0.25)
    ids = [row["id"] for side in (data.train, data.check) for row in side]
    assert sum(name.startswith("two/") for name in ids) == 40
    drawn = sorted(name.removeprefix("one/") for name in ids if name.startswith("one/"))
    assert len(drawn) == 20
    assert {name.removesuffix("-1") for name in drawn[::2]} == {name.removesuffix("-2") for name in drawn[1::2]}
    again = load(sources, more_share=0.25)
    assert sorted(ids) == sorted(row["id"] for side in (again.train, again.check) for row in side)


def test_what_one_source_lacks_is_none(tmp_path):
    bare = tmp_path / "bare.csv"
    bare.write_text("question,answer\n" + "".join(f"what is {i},thing {i}\n" for i in range(10)))
    data = load([str(bare), write_table(tmp_path / "two.csv", 10)])
    missing = [row["id"] for side in (data.train, data.check) for row in side if row["context"] is None]
    assert sorted(missing) == [f"bare/{i}" for i in range(10)]
    assert data.report.columns == {"question": "question", "context": "passage", "answer": "answer"}


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json"):
        load([write_table(tmp_path / "two.csv", 10), str(tmp_path / "none.json")])


def test_each_source_can_be_renamed():
    config = make_data_config(source="/a/b.csv", more_sources=["sample:notices"])
    assert config.map_sources(str.upper).sources == ("/A/B.CSV", "SAMPLE:NOTICES")


def test_files_of_one_name_are_told_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first, second = write_table(tmp_path / "a" / "data.csv", 40), tmp_path / "b" / "data.csv"
    second.write_text("question,context,answer\n" + "".join(f"where is {i},Town {i}.,Town {i}\n" for i in range(10)))
    data = load([first, str(second)], measured="first", check_fraction=0.2)
    assert len(set(data.train["id"])) == len(data.train) == 42
    assert {row["context"][:4] for row in data.train if row["id"] in data.further} == {"Town"}
    assert sum(row["id"] in data.further for row in data.train) == 10


def test_what_is_held_out_of_one_set_is_not_trained_on_in_another(tmp_path):
    own = write_squad(tmp_path / "own.json", [f"塔{i}" for i in range(20)])
    other = write_squad(tmp_path / "other.json", [f"塔{i}" for i in range(10, 30)])
    data = load([own, other], measured=1, check_fraction=0.3)
    held = set(data.check["group"])
    assert held and held & {f"塔{i}" for i in range(10, 30)}
    assert not held & set(data.train["group"])
    (told,) = [warning for warning in data.report.warnings if warning.code == "groups_across"]
    assert told.values["count"] == 2 * len(held & {f"塔{i}" for i in range(10, 30)})
