"""The house's own rules: a transport's name is known in its file alone, and files stay small."""

import ast
import functools
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import pushlab

HOUSE = Path(pushlab.__file__).parent
MOST_LINES, MOST_OF_A_FUNCTION = 400, 60
HEAD_LINES = 60
REASON = "Longer than 400 lines"

#: May name transports, and why.
ALLOWED = {
    "analysis/cost/cloudflare.py": "`websocket` as the protocol that an offer takes",
    "commands/probe_address.py": "a [system] table to start from, as users write it",
    "contract/registry.py": "which are compared unless others are named, and in which order",
    "contract/subscriber.py": "`mqtt` as the scheme of a URL",
    "course/builds/__init__.py": "the course's chapters",
    "course/exercises/__init__.py": "the course's chapters",
    "course/paper.py": "the chapter on choosing, which compares some of them",
    "hub/app.py": "`websocket` as ASGI's kind of scope",
    "hub/edge/http_protocol.py": "`websocket` as ASGI's kind of scope",
    "hub/reach/origins.py": "`websocket` as ASGI's kind of scope",
    "lab/host/machine.py": "`websocket` as what a parser parses",
    "lab/probe/address.py": "`websocket` as what HTTP upgrades to, `mqtt` as the scheme of a URL",
    "lab/scenario/own_system.py": "`mqtt` as the scheme of a URL",
    "web/lesson.py": "how often each is asked in a lesson, as a scenario says it",
}


def sources(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Each of pushlab's own files, by its path within the package, and what it says."""
    for path in sorted(HOUSE.rglob("*")):
        if path.suffix in suffixes and not {"node_modules", "vendor"} & set(path.parts):
            yield path.relative_to(HOUSE).as_posix(), path.read_text(encoding="utf-8")


parsed = functools.cache(ast.parse)


def transports() -> set[str]:
    return {
        entry.name
        for entry in entry_points(group="pushlab.transports")
        if entry.value.startswith("pushlab.")
    }


def keyed_by_name(source: str, names: set[str]) -> list[tuple[int, str]]:
    """Where a name is a key, is compared with, is looked for or stands in a collection."""
    found = []
    for node in ast.walk(parsed(source)):
        parts: list[ast.expr | None] = []
        match node:
            case ast.Dict(keys=keys):
                parts = [*keys]
            case ast.Compare(left=left, comparators=others):
                parts = [left, *others]
            case ast.Set(elts=elements) | ast.List(elts=elements) | ast.Tuple(elts=elements):
                parts = [*elements]
            case ast.MatchValue(value=value):
                parts = [value]
            case ast.Subscript(slice=key):
                parts = [key]
        found += [
            (part.lineno, part.value)
            for part in parts
            if isinstance(part, ast.Constant) and part.value in names
        ]
    return found


@pytest.mark.parametrize(
    "seeded",
    [
        '{"sse": 1}',
        'x == "sse"',
        'x in ("mqtt", "other")',
        'x not in {"sse"}',
        'x[1]["mqtt"]',
        'frozenset(["sse"])',
        'match x:\n    case "sse":\n        pass',
        'match x:\n    case "sse" | "mqtt":\n        pass',
    ],
)
def test_the_scan_sees_what_it_shall(seeded: str) -> None:
    assert keyed_by_name(seeded, transports())


@pytest.mark.parametrize("plain", ['f("sse")', 'x == "sse "', "sse = 1", '"""On "sse"."""'])
def test_the_scan_sees_nothing_else(plain: str) -> None:
    assert not keyed_by_name(plain, transports())


def test_nothing_but_its_file_knows_a_transport_by_name() -> None:
    """What depends on a transport is in its profile; texts that teach or configure may name one."""
    names = transports()
    assert "sse" in names
    found = {
        path: places
        for path, source in sources(".py")
        if not path.startswith(("transports/", "systems/"))  # a system says which it speaks
        and (places := keyed_by_name(source, names))
    }
    wrong = {path: found[path] for path in found if path not in ALLOWED}
    assert not wrong, f"these name transports instead of asking their profiles: {wrong}"
    assert not ALLOWED.keys() - found.keys(), "these name none any more, and need no leave"


def test_files_can_be_read_in_one_sitting() -> None:
    long = {
        path: len(lines)
        for path, source in sources(".py", ".js")
        if len(lines := source.splitlines()) > MOST_LINES
        and REASON not in "\n".join(lines[:HEAD_LINES])
    }
    assert not long, f"split these, or say at their head why not ({REASON!r}): {long}"


def test_functions_can_be_seen_at_once() -> None:
    long = {
        f"{path} {node.name}": lines
        for path, source in sources(".py")
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_OF_A_FUNCTION
    }
    assert not long, f"these have over {MOST_OF_A_FUNCTION} lines: {long}"
