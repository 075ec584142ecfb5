"""From a class in a notebook's cell to one that other processes can import.

A server and its clients run in processes of their own, which do not know the notebook. So the
class, and the imports, constants, functions and classes that it uses, are written into a module, in
the order of the cells, in a folder that lives as long as it is needed.
"""

import ast
import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from pushlab.contract.registry import GROUP, load_transport
from pushlab.contract.transport import Transport
from pushlab.course.mode import environment
from pushlab.course.trouble import CourseError
from pushlab.course.watching import FROM
from pushlab.errors import PushlabError

__all__ = ["check_kind", "installed", "module_text"]

_numbers = count(1)
#: The module by which other processes come to the class, so that what it raises can be told.
_DOOR = """import {module} as module
from pushlab.course.own_errors import watch

watch(module)
kind = module.{name}
"""


@contextlib.contextmanager
def installed(kind: type[Transport]) -> Iterator[type[Transport]]:
    """In the body, this process and those that it starts know the transport by its name.

    Yields:
        the class as they know it: the same, or its twin from a module made of the notebook's cells.

    Raises:
        CourseError: it is no transport, its name is taken, or its cells cannot stand alone.
    """
    check_kind(kind)
    with tempfile.TemporaryDirectory(prefix="pushlab-course-") as name:
        folder = Path(name)
        module = kind.__module__
        if module == "__main__":
            module = f"pushlab_notebook_{os.getpid()}_{next(_numbers)}"
            (folder / f"{module}.py").write_text(module_text(_cells(), kind.__name__))
        number = next(_numbers)
        door = f"pushlab_watched_{os.getpid()}_{number}"
        (folder / f"{door}.py").write_text(_DOOR.format(module=module, name=kind.__qualname__))
        # Of distributions with the same name only the first is seen, and several classes may race.
        info = folder / f"pushlab_notebook_{number}-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: pushlab-notebook-{number}\nVersion: 0\n"
        )
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{kind.name} = {door}:kind\n")
        sys.path.insert(0, str(folder))
        try:
            with environment("PYTHONPATH", os.pathsep.join(path for path in sys.path if path)):
                importlib.invalidate_caches()
                yield _twin(module, kind)
        finally:
            sys.path.remove(str(folder))
            if kind.__module__ == "__main__":
                sys.modules.pop(module, None)


def check_kind(kind: object) -> None:
    """Raise CourseError if it is no transport of a student's, or its name is taken."""
    if not (isinstance(kind, type) and issubclass(kind, Transport)):
        raise CourseError(
            "give the class itself, without quotes and without brackets, as in"
            " check_transport(MyPolling); it must be a Transport"
        )
    try:
        known = load_transport(kind.name)
    except PushlabError:
        return
    if known is not kind:
        raise CourseError(
            f"the name {kind.name!r} is taken by another transport; give your class a name of its"
            ' own, such as name = "my-polling"'
        )


def _twin(module: str, kind: type[Transport]) -> type[Transport]:
    """The class, imported as any other process would. Raises CourseError."""
    try:
        found = getattr(importlib.import_module(module), kind.__name__)
    except Exception as error:
        raise CourseError(
            f"the cell of {kind.__name__} cannot stand alone: {type(error).__name__}: {error}."
            " Import what it needs in a cell of the notebook, and let it use no variables of"
            " other cells but CONSTANTS"
        ) from error
    assert isinstance(found, type)
    return found


def _cells() -> Sequence[str]:
    """The notebook's cells as they were run, by their numbers; number 0 is empty."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        raise CourseError("a class of a script must stand in a module of its own")
    return [shell.transform_cell(cell) for cell in shell.user_ns.get("In", [])]


def module_text(cells: Sequence[str], wanted: str) -> str:
    """A definition of the notebook and all that it uses, as a module: of each name the latest.

    Args:
        wanted: the name of the definition.

    Raises:
        CourseError: no cell defines it.
    """
    kept: dict[str, ast.stmt] = {}
    texts: dict[str, str] = {}
    for number, cell in enumerate(cells):
        with contextlib.suppress(SyntaxError):
            for statement in ast.parse(cell).body:
                for name, piece in _definitions(statement):
                    kept.pop(name, None)  # the latest stands where it was written
                    kept[name] = piece
                    texts[name] = _text(piece, cell, number)
    if wanted not in kept:
        raise CourseError(f"run the cell that defines {wanted} first")
    used, waiting = {"*"}, [wanted]
    while waiting:
        name = waiting.pop()
        if name in kept and name not in used:
            used.add(name)
            names = (node for node in ast.walk(kept[name]) if isinstance(node, ast.Name))
            waiting.extend(node.id for node in names)
    return "\n\n".join(texts[name] for name in kept if name in used) + "\n"


def _text(piece: ast.stmt, cell: str, number: int) -> str:
    """A piece as it stands in its cell, below a line that says where that is."""
    if not isinstance(piece, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return ast.unparse(piece)
    first = min([piece.lineno, *(each.lineno for each in piece.decorator_list)])
    lines = cell.split("\n")[first - 1 : piece.end_lineno]
    return "\n".join([f"{FROM}Cell In[{number}], line {first}", *lines])


def _definitions(statement: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    """The names that a statement defines for good, each with a statement for it alone."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0], ast.Import([alias])
    elif isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            only = ast.ImportFrom(statement.module, [alias], statement.level)
            yield alias.asname or alias.name, only
    elif isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield statement.name, statement
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        (target,) = statement.targets
        if isinstance(target, ast.Name) and target.id.isupper():
            yield target.id, statement
