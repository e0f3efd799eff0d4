"""English in small: articles, more than one of something, numbers in words."""

NUMBERS = ("zero", "one", "two", "three", "four", "five")
_PLURALS = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "sheep": "sheep", "fish": "fish",
    "deer": "deer", "mouse": "mice", "goose": "geese", "wolf": "wolves", "leaf": "leaves", "knife": "knives",
}  # fmt: skip
_NO_ARTICLE = frozenset({
    "hay", "mashed potato", "dough", "guacamole", "carbonara", "velvet", "wool", "sunglasses", "binoculars",
    "swimming trunks", "rapeseed", "corn", "ice cream", "red wine", "espresso", "toilet tissue", "chain mail",
    "lotion", "sunscreen", "face powder", "hair spray", "chocolate sauce", "eggnog", "consomme", "broccoli",
    "parallel bars", "cauliflower", "band aid", "brass", "snow", "sand", "water",
})  # fmt: skip


def with_article(name: str) -> str:
    """`a lion`, `an owl`, `corn`."""
    if name.lower() in _NO_ARTICLE:
        return name
    vowel = name[0] in "aeiouAEIOU" and not name.lower().startswith(("uni", "eu"))
    return f"{'an' if vowel or name == 'hourglass' else 'a'} {name}"


def plural(name: str) -> str:
    """More than one of them; of several words the last one changes."""
    *before, last = name.split()
    if last.endswith(("s", "x", "ch", "sh")):
        many = f"{last}es"
    else:
        many = f"{last[:-1]}ies" if last.endswith("y") and last[-2:-1] not in "aeiou" else f"{last}s"
    return " ".join([*before, _PLURALS.get(last, many)])


def counted(number: int, name: str) -> str:
    """`a star`, `two stars`."""
    return with_article(name) if number == 1 else f"{NUMBERS[number]} {plural(name)}"
