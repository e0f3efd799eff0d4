import pytest

from xmodal.data.english import counted, plural, with_article


@pytest.mark.parametrize(
    ("one", "many"),
    [("fox", "foxes"), ("berry", "berries"), ("boy", "boys"), ("church", "churches"), ("cross", "crosses"),
     ("star", "stars"), ("bus", "buses"), ("bench", "benches"), ("old man", "old men"), ("sheep", "sheep"),
     ("human", "humans")],
)  # fmt: skip
def test_plurals(one, many):
    assert plural(one) == many


def test_articles_and_numbers():
    assert [with_article(name) for name in ("lion", "owl", "Eagle", "unicycle", "hourglass", "corn", "snow")] == [
        "a lion", "an owl", "an Eagle", "a unicycle", "an hourglass", "corn", "snow",
    ]  # fmt: skip
    assert [counted(number, "orange dog") for number in (1, 2, 5)] == [
        "an orange dog", "two orange dogs", "five orange dogs",
    ]  # fmt: skip
