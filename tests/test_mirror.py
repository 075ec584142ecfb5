"""Tests stand where what they test stands: a test is found by its module's name, and back."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent
PUSHLAB = TESTS.parent / "pushlab"
#: What is tested here and is no room of pushlab's.
ELSEWHERE = {"benchmarks", "conformance", "docs", "examples", "notebooks"}
MODULES = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))]


def test_the_tests_are_found():
    assert len(MODULES) > 80


def test_a_test_is_named_after_what_it_tests_or_says_what_it_is_about():
    for path in MODULES:
        room = path.parent
        there = (PUSHLAB / room).is_dir() or room.parts[0] in ELSEWHERE
        assert there, f"{path}: pushlab has no room {room}"
        name = path.stem.removeprefix("test_")
        mirrored = [PUSHLAB / room / each for each in (f"{name}.py", f"_{name}.py", name)]
        if not any(each.exists() for each in mirrored):
            text = ast.get_docstring(ast.parse((TESTS / path).read_text()))
            about = "it tests no module of its name, so its first line must say what it is about"
            assert text, f"{path}: {about}"


def test_most_are_named_after_a_module():
    rooms = [path for path in MODULES if path.parts[0] not in ELSEWHERE]
    named = [
        path
        for path in rooms
        if any(
            (PUSHLAB / path.parent / f"{line}{path.stem.removeprefix('test_')}.py").exists()
            for line in ("", "_")
        )
    ]
    assert len(named) > 0.6 * len(rooms)
