"""A student's code under watch: endless loops are stopped, and what it raises is its own traceback.

Lines of the student's code are counted with `sys.settrace`; lines of pushlab and of other packages
are not. The clock only guards against code that sleeps for real.
"""

import ast
import dis
import inspect
import linecache
import re
import sys
import sysconfig
import textwrap
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeVar

__all__ = [
    "FROM",
    "EndlessLoop",
    "Watch",
    "catches_everything",
    "is_own",
    "own_traceback",
    "watched",
]

_PUSHLAB = str(Path(__file__).resolve().parents[1])
_LIBRARY = sysconfig.get_paths()["stdlib"]
_OTHERS = (
    _PUSHLAB,
    _LIBRARY,
    sysconfig.get_paths()["purelib"],
    "<frozen",
    "<string>",
    "<skeleton>",
)
#: Begins a line of a module made of cells: what comes below it stands in that cell, at that line.
FROM = "# from "
_PLACE = re.compile(re.escape(FROM) + r"(Cell In\[\d+\]), line (\d+)")
#: Mistakes of the pen: who catches them by accident does not find them.
_SLIPS_OF_THE_PEN = (NameError, AttributeError, TypeError, IndexError, KeyError, ImportError)


_T = TypeVar("_T")


class EndlessLoop(BaseException):
    """The student's code was stopped. No Exception, so that ``except Exception`` lets it pass.

    Attributes:
        line: the line at which it was, of the student's code; 0 where that is not known.
    """

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


@dataclass(slots=True)
class Watch:
    """What was seen while student's code ran.

    Attributes:
        lines: how many of its lines were run; an instruction on a line that goes round counts as a
            tenth.
        swallowed: the last slip of the pen that was raised in it, whether it was caught or not.
    """

    lines: float = 0
    swallowed: tuple[BaseException, int] | None = None
    _own: dict[CodeType, bool] = field(default_factory=dict, repr=False)
    _tight: dict[CodeType, bool] = field(default_factory=dict, repr=False)


def watched(
    called: Callable[..., _T],
    *given: Any,
    watch: Watch | None = None,
    most_lines: int = 200_000,
    most_s: float = 10.0,
) -> _T:
    """Call what calls student's code, which is stopped after so many lines or seconds.

    Args:
        watch: where to note what was seen.

    Raises:
        EndlessLoop: it was stopped.
        Exception: whatever the call raises.
    """
    watch = Watch() if watch is None else watch
    ends = time.monotonic() + most_s

    def on_line(frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "opcode"):
            watch.lines += event == "line" or 0.1
            if watch.lines > most_lines:
                raise EndlessLoop(f"it ran {most_lines:,} lines and did not end", frame.f_lineno)
            if time.monotonic() > ends:
                raise EndlessLoop(f"it took more than {most_s:g} seconds", frame.f_lineno)
        elif event == "exception" and isinstance(arg[1], _SLIPS_OF_THE_PEN):
            watch.swallowed = (arg[1], frame.f_lineno)
        return on_line

    def on_call(frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if code not in watch._own:
            watch._own[code] = is_own(code.co_filename)
            watch._tight[code] = watch._own[code] and _loops_on_a_line(code)
        if watch._tight[code]:
            frame.f_trace_opcodes = True
        return on_line if watch._own[code] else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        return _apart(called, given)
    finally:
        sys.settrace(before)


def _apart(called: Callable[..., _T], given: tuple[Any, ...]) -> _T:
    """Call it; the errors that it was handling when it was stopped end with it.

    CPython forgets to put away what an ``except`` is handling when a trace function raises there:
    all that is raised later would be "during handling" of it. A generator keeps that for itself.
    """

    def once() -> Generator[tuple[Any, StopIteration | None], None, None]:
        try:
            yield called(*given), None
        except StopIteration as error:  # which no generator lets out as it is
            yield None, error

    value, error = next(once())
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]


def _loops_on_a_line(code: CodeType) -> bool:
    """Whether it may go round on one line, as ``while True: pass``: that is no line's event."""
    starts = dict(dis.findlinestarts(code))
    return any(
        each.opcode in dis.hasjrel
        and each.argval <= each.offset
        and not any(each.argval < offset <= each.offset for offset in starts)
        for each in dis.get_instructions(code)
    )


def is_own(filename: str) -> bool:
    """Whether a file is the student's: of no package, and not Python's own."""
    return not filename.startswith(_OTHERS)


def own_traceback(error: BaseException) -> str:
    """An error's traceback with the lines of the student's code alone; empty if there are none."""
    frames = _own_frames(error.__traceback__)
    if not frames:
        return ""
    lines = ["Traceback (most recent call last):"]
    repeated = 0
    for number, (where, line, function, text) in enumerate(frames):
        if 3 <= number < len(frames) - 2:  # a recursion without an end
            repeated += 1
            continue
        if repeated:
            lines.append(f"  ... {repeated} more calls ...")
            repeated = 0
        lines.append(f"  {where}, line {line}, in {function}")
        if text:
            lines.append(f"    {text}")
    lines.extend("".join(traceback.format_exception_only(error)).rstrip().split("\n"))
    return "\n".join(lines)


def _own_frames(trace: TracebackType | None) -> list[tuple[str, int, str, str]]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_own(code.co_filename):
            text = linecache.getline(code.co_filename, trace.tb_lineno).strip()
            where, line = _place(code.co_filename, trace.tb_lineno)
            found.append((where, line, code.co_name, text))
        trace = trace.tb_next
    return found


def _place(filename: str, line: int) -> tuple[str, int]:
    """Where the student wrote it, though it runs from a module that was made of cells."""
    for above in range(line - 1, 0, -1):
        found = _PLACE.match(linecache.getline(filename, above))
        if found:
            return found[1], int(found[2]) + line - above - 1
    return _where(filename), line


def _where(filename: str) -> str:
    """How the student knows the file: by the number of its cell."""
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        named = shell and shell.compile.format_code_name(filename)
        if named:
            return " ".join(named)
    return filename.strip("<>") if filename.startswith("<") else Path(filename).name


def catches_everything(answer: Any) -> int | None:
    """The line of the answer with a bare ``except:``, which would swallow an order to stop too."""
    try:
        lines, first = inspect.getsourcelines(answer)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):  # the source is not known
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            named = node.type.id if isinstance(node.type, ast.Name) else ""
            if node.type is None or named == "BaseException":
                return max(first, 1) + node.lineno - 1
    return None
