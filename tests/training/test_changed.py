from xmodal.training.changed import CHANGED, MOST, read_changed, write_changed


def test_the_rows_that_changed_most_are_kept_with_what_the_model_gives(tmp_path):
    rows = [{"id": str(i), "group": None, "text": "x" * 9_000, "image": None, "label": "a"} for i in range(30)]
    lines = [{"id": str(i), "label": "a", "prediction": "b", "score": 0.5} for i in range(30)]
    write_changed(tmp_path, {"better": [7], "worse": list(range(29, -1, -1))}, rows, lines, ("text", "image"))
    found = read_changed(tmp_path)
    assert found["better"] == [{"id": "7", "inputs": {"text": "x" * 2_000}, "target": "a", "given": "b"}]
    assert [row["id"] for row in found["worse"]] == [str(i) for i in range(29, 29 - MOST, -1)]


def test_answers_and_what_a_stranger_left_there(tmp_path):
    answers = {"text": ["one", "two"], "answer_start": [0, 4]}
    row = {"id": "0", "group": None, "question": "how many?", "context": "one two", "answers": answers}
    write_changed(tmp_path, {"better": [], "worse": [0]}, [row], [{"prediction": ""}], ("question", "context"))
    worse = read_changed(tmp_path)["worse"][0]
    assert (worse["target"], worse["given"]) == ("one / two", "")
    assert read_changed(tmp_path / "none") == {}
    (tmp_path / CHANGED).write_text("[1")
    assert read_changed(tmp_path) == {}
