from xmodal.training.negatives import add_unanswerable


def make_rows(count):
    return [
        {
            "id": f"{i}",
            "group": f"{i // 2}",
            "question": f"谁是第{i}座塔的馆长？" if i % 2 else f"Who runs tower {i}?",
            "context": f"第{i}座塔的馆长是王{i}。" if i % 2 else f"Tower {i} is run by Ann{i}.",
            "answers": {"text": [f"王{i}。" if i % 2 else f"Ann{i}."], "answer_start": [0]},
        }
        for i in range(count)
    ]


def test_other_passages_that_do_not_hold_the_answer_are_added():
    rows = make_rows(40)
    made = add_unanswerable(rows, 0.5, 0)
    assert made[:40] == rows
    assert len(made) == 60
    by_id = {row["id"]: row for row in rows}
    for row in made[40:]:
        source = by_id[row["id"].removesuffix("-elsewhere")]
        assert row["answers"] == {"text": [], "answer_start": []}
        assert source["answers"]["text"][0] not in row["context"] != source["context"]
        # The most like the question is one in its language.
        assert ("馆长" in row["question"]) == ("馆长" in row["context"])


def test_the_same_seed_draws_the_same():
    assert add_unanswerable(make_rows(30), 0.3, 5) == add_unanswerable(make_rows(30), 0.3, 5)
    assert add_unanswerable(make_rows(30), 0.3, 5) != add_unanswerable(make_rows(30), 0.3, 6)


def test_none_are_added_where_none_fit():
    rows = [*make_rows(1), {**make_rows(2)[1], "answers": {"text": [], "answer_start": []}}]
    assert add_unanswerable(rows, 0.0, 0) == rows
    same = [{**row, "context": "Ann0. 王1。"} for row in make_rows(2)]
    assert add_unanswerable(same, 1.0, 0) == same
