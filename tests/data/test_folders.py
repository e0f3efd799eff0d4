"""Which sub-folders are splits and which are classes."""

from collections import Counter

import pytest

from xmodal.data.folders import read_folder


def write_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def labels_of(table):
    return Counter(table.columns["label"])


def codes(table):
    return [warning.code for warning in table.warnings]


@pytest.mark.parametrize("name", ["train", "dress-test", "val"])
def test_a_class_that_is_called_like_a_split(tmp_path, name):
    table = read_folder(write_files(tmp_path, "car/1.jpg", "bus/1.jpg", f"{name}/1.jpg", f"{name}/2.jpg"))
    assert labels_of(table) == {"car": 1, "bus": 1, name: 2}
    assert not table.splits and not table.warnings


def test_classes_with_notes_beside_them(tmp_path):
    names = [f"{name}/{file}" for name in ("car", "bus", "train") for file in ("1.jpg", "about.json")]
    assert set(labels_of(read_folder(write_files(tmp_path, *names)))) == {"car", "bus", "train"}


@pytest.mark.parametrize("names", [("train", "test"), ("seg_train", "seg_test"), ("训练集", "测试集")])
@pytest.mark.parametrize("beside", ["README.md", "docs/about.pdf", "labels/cat/1.xml", "extra/.kept/1.jpg"])
def test_splits_may_have_other_things_beside_them(tmp_path, names, beside):
    inside = [f"{name}/{label}/{name}.jpg" for name in names for label in ("cat", "dog")]
    table = read_folder(write_files(tmp_path, beside, *inside))
    assert labels_of(table) == {"cat": 2, "dog": 2}
    assert Counter(table.splits) == {"train": 2, "test": 2}
    assert not table.warnings


def test_splits_with_classes_stay_so_beside_pictures_without(tmp_path):
    inside = [f"seg_{name}/{label}/1.jpg" for name in ("train", "test") for label in ("cat", "dog")]
    table = read_folder(write_files(tmp_path, *inside, "seg_pred/1.jpg"))
    assert labels_of(table) == {"cat": 2, "dog": 2}
    assert Counter(table.splits) == {"train": 2, "test": 2}


def test_what_may_be_splits_or_classes_is_told(tmp_path):
    table = read_folder(write_files(tmp_path, "train/fast/1.jpg", "train/slow/1.jpg", "car/1.jpg"))
    assert labels_of(table) == {"train": 2, "car": 1}
    assert codes(table) == ["class_folders"]
    assert table.warnings[0].values == {"names": "train"}


def test_tables_of_splits_with_their_pictures_beside_them(tmp_path):
    write_files(tmp_path, "images/1.jpg", "train/metadata.csv", "test/metadata.csv")
    for name in ("train", "test"):
        (tmp_path / name / "metadata.csv").write_text(f"file_name,label\n../images/1.jpg,{name}ed\n")
    table = read_folder(tmp_path)
    assert list(zip(table.columns["label"], table.splits, strict=True)) == [("tested", "test"), ("trained", "train")]


@pytest.mark.parametrize("wrap", ["set", "my-test-set", "training-data"])
def test_a_folder_around_all_is_no_split(tmp_path, wrap):
    table = read_folder(write_files(tmp_path, *(f"{wrap}/{part}/cat/1.jpg" for part in ("train", "test"))))
    assert labels_of(table) == {"cat": 2} and table.splits == ["test", "train"]
