"""What the cells of a chapter show in reading mode, by the names that they give it."""

import ast
import asyncio
import inspect
import json
import os
from pathlib import Path

import pushlab.course
from pushlab.course.mode import READING

FOLDER = Path(__file__).parents[2] / "notebooks"
CALLS = {"measure", "race", "show_wire", "two_hubs"}


def source_of(chapter):
    """All text of a chapter's Markdown and code, with single spaces."""
    cells = json.loads((FOLDER / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    return " ".join(" ".join("".join(cell["source"]) for cell in cells).split())


def recorded(chapter, monkeypatch):
    """By name, what each cell of a chapter that measures shows; those without a name by their call.

    Plain values that stand before such a cell (`talk = {...}`) are known to it; classes are not.
    """
    monkeypatch.setenv(READING, "1")
    assert os.environ[READING]
    cells = json.loads((FOLDER / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    space = {name: getattr(pushlab.course, name) for name in CALLS}
    found = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            for statement in ast.parse("".join(cell["source"])).body:
                _run(statement, space, found)
    return found


def _run(statement, space, found):
    value = getattr(statement, "value", None)
    called = isinstance(value, ast.Await) and getattr(getattr(value.value, "func", None), "id", "")
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    name = target.id if isinstance(target, ast.Name) else ""
    if called in CALLS:
        names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        if names <= space.keys():
            code = compile(ast.Expression(value), chapter_name(), "eval", _AWAITS)
            made = eval(code, space)
            shown = asyncio.run(made) if inspect.iscoroutine(made) else made
            found[name or ast.unparse(value.value)] = shown
    elif name:
        try:
            space[name] = ast.literal_eval(value)
        except ValueError:
            return


_AWAITS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def chapter_name():
    return "<chapter>"
