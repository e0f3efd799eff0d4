import pytest

from xmodal.training.twisted import add_twisted

ALONE, OTHER = "In 1999 the fox Ren crossed the Long Bridge.", "In 2003 the hare Bo crossed the River Gate."


def row(question, context=ALONE, answer="Ren", group="animals"):
    answers = (
        {"text": [answer], "answer_start": [context.index(answer)]} if answer else {"text": [], "answer_start": []}
    )
    return {"id": "1", "question": question, "context": context, "answers": answers, "group": group}


def twisted(*rows, share=1.0, seed=0):
    made = add_twisted(rows, share, seed)
    assert made[: len(rows)] == list(rows)
    assert all(not one["answers"]["text"] and one["id"].endswith("-twisted") for one in made[len(rows) :])
    return [one["question"] for one in made[len(rows) :]]


@pytest.mark.parametrize(
    ("question", "changed"),
    [
        ("Who went before the hare?", "Who went after the hare?"),
        ("who crossed in 1999?", "who crossed in 2003?"),
        ("who crossed Long Bridge?", "who crossed River Gate?"),
        ("谁的桥最大？", "谁的桥最小？"),
    ],
)
def test_a_detail_is_changed_to_one_like_it(question, changed):
    other = row("who?", OTHER, answer="")
    assert twisted(row(question), other) == [changed]


def test_a_name_of_the_same_passage_is_used_only_where_another_detail_must_hold_too():
    context = "Ren met Bo in Paris. Ada was in Rome."
    assert twisted(row("Who met Bo?", context)) == []
    assert twisted(row("Who met Bo in Paris?", context))[0] in {
        f"Who met {a} in {b}?" for a in ("Bo", "Ada", "Rome", "Paris") for b in ("Bo", "Paris", "Ada", "Rome")
    } - {"Who met Bo in Paris?"}


def test_the_answer_does_not_get_into_the_question():
    context = "Ren met Bo. Then Bo and Ren met Ada Lee."
    for seed in range(20):
        assert all("Ren" not in question for question in twisted(row("Who met Bo and Ada Lee?", context), seed=seed))


def test_what_has_nothing_to_change_is_negated_at_most():
    questions = [row("who is it, then?") for _ in range(60)]
    made = twisted(*questions)
    assert 5 < len(made) < 35 and set(made) == {"who isn't it, then?"}
    assert twisted(row("why?")) == []


def test_no_more_than_the_share_and_only_of_those_with_an_answer():
    rows = [row("Who went before?") for _ in range(10)] + [row("Who went first?", answer="") for _ in range(10)]
    assert len(twisted(*rows, share=0.4)) == 4
    assert add_twisted(rows, 0, 0) == rows
    assert twisted(*rows, seed=1) == twisted(*rows, seed=1)


def test_rows_without_groups_or_text_do_no_harm():
    assert twisted(row("Who crossed in 1999?", group=None)) == []
    assert twisted({**row("Who?"), "context": ""}) == []
