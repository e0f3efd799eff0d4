"""Imports point down only; see the layers in the design notes."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Higher numbers may import lower ones; packages of one number do not import each other.
LAYERS = {"app": 7, "cli": 6, "ui": 6, "jobs": 5, "training": 4, "tasks": 3, "models": 2, "data": 2}
BASE = 0
FACE = 5.5  # the Python API: `xmodal/__init__.py` and what it is made of


def find_violations(root: Path) -> list[str]:
    """Upward imports, and imports of gradio outside the user interface, as `file:line: what`."""
    found = []
    for path in [*sorted(root.glob("*.py")), *sorted((root / "xmodal").rglob("*.py"))]:
        name = path.relative_to(root)
        for line, target in list_imports(path, root):
            reason = judge(unit_of(name.with_suffix("").parts), target.split("."))
            if reason:
                found.append(f"{name}:{line}: {reason}")
    return found


def list_imports(path: Path, root: Path):
    """Line and dotted name of each import, also those inside functions; `from a import b` counts as `a.b`."""
    package = path.relative_to(root).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def unit_of(parts) -> str:
    """`xmodal.models.hub` is in `models`; `xmodal.cli_audio` in `cli`; `xmodal.errors` in `errors`."""
    if parts[0] != "xmodal":
        return parts[0]
    unit = parts[1] if len(parts) > 1 else "__init__"
    return "cli" if unit == "__main__" or unit.split("_")[0] == "cli" else unit


def level_of(unit: str) -> float:
    return FACE if unit in ("__init__", "api") else LAYERS.get(unit, BASE)


def judge(unit: str, target: list[str]) -> str:
    """Why `unit` may not import `target`; empty if it may."""
    if target[0] == "gradio" and unit not in ("ui", "app"):
        return f"{unit} imports gradio"
    if target[0] != "xmodal":
        return ""
    other = unit_of(target)
    same, upward = level_of(other) == level_of(unit), level_of(other) > level_of(unit)
    if other != unit and (upward or (same and level_of(unit) != BASE and unit not in ("__init__", "api"))):
        return f"{unit} imports {other}"
    return ""


def test_imports_point_down():
    assert find_violations(ROOT) == []


@pytest.mark.parametrize(
    ("path", "source", "reason"),
    [
        ("xmodal/models/bad.py", "from xmodal.tasks import transcribe", "models imports tasks"),
        ("xmodal/models/bad.py", "def late():\n    import xmodal.data.media", "models imports data"),
        ("xmodal/data/bad.py", "from ..models import registry", "data imports models"),
        ("xmodal/tasks/bad.py", "from gradio import Error", "tasks imports gradio"),
        ("xmodal/cli_bad.py", "import gradio as gr", "cli imports gradio"),
        ("xmodal/ui/bad.py", "from xmodal import cli", "ui imports cli"),
        ("xmodal/errors.py", "from xmodal.models.registry import find_model", "errors imports models"),
    ],
)
def test_the_checker_catches_a_planted_violation(tmp_path, path, source, reason):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(source)
    found = find_violations(tmp_path)
    assert [violation.split(": ")[1] for violation in found] == [reason]


def test_what_is_allowed(tmp_path):
    (tmp_path / "xmodal" / "ui").mkdir(parents=True)
    (tmp_path / "xmodal" / "ui" / "tab.py").write_text(
        "import gradio\nfrom xmodal.tasks import tag\nimport xmodal.paths"
    )
    (tmp_path / "app.py").write_text("from xmodal.ui import build\nimport gradio")
    (tmp_path / "xmodal" / "cli_tag.py").write_text("from xmodal.cli_progress import ProgressLine")
    assert find_violations(tmp_path) == []
