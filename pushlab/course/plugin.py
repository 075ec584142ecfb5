"""A student's own transport: held against the contract, and raced against another.

The contract is judged in a process of its own with a limit, so that a transport that hangs ends
with a sentence and not with the notebook.
"""

import asyncio
import contextlib
import inspect
import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushlab.child_environment import child_environment
from pushlab.contract.transport import Transport
from pushlab.course.bar import Bar
from pushlab.course.board import Board
from pushlab.course.cards import Card, Shown
from pushlab.course.cells import check_kind, installed
from pushlab.course.measuring import measure
from pushlab.course.mode import fast, reading, recording
from pushlab.course.own_errors import ERRORS
from pushlab.course.polling_kit import PollingTransport
from pushlab.course.rule_race import HOW, race_on_paper
from pushlab.course.same_rule import CLOCK, same_rules
from pushlab.course.trouble import CourseError

__all__ = ["CLAUSES", "Report", "check_transport", "race"]

#: The clauses that are judged: those that a beginner's transport breaks, and that are judged soon.
CLAUSES = (
    "test_order_and_exactly_once",
    "test_fan_out",
    "test_channels_do_not_leak",
    "test_a_new_reader_starts_from_now",
    "test_any_text",
    "test_resume_behind_a_message",
    "test_two_cursors",
)
#: Of these, so many where the course runs fast.
_FAST_CLAUSES = 2
_LIMIT_S = 40.0
_LOOK_EVERY_S = 0.05
#: How a race is measured unless asked otherwise: so many trials that chance shows, and all rules
#: run in before it counts.
_RACE = {"trials": 4, "duration_s": 3.0, "warmup_s": 1.0}


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """What the contract says to a transport.

    Attributes:
        kept: the clauses that it keeps, in words.
        broken: the first clause that it breaks, in words; empty if it breaks none.
        what: what happened then.
        judged: False where no server may be started, so that nobody could judge.
        raised: the traceback of what the transport's own code raised, if it did.
    """

    name: str
    kept: Sequence[str]
    broken: str = ""
    what: str = ""
    judged: bool = True
    raised: str = ""

    def __bool__(self) -> bool:
        return self.judged and not self.broken and not self.raised

    @property
    def sentence(self) -> str:
        """The judgement in one sentence."""
        if not self.judged:
            return "A transport is judged with real servers, and the course is only read."
        if self:
            return f"{self.name} keeps all {len(self.kept)} clauses that were judged."
        if self.raised:
            return f'{self.name} raises an error of its own while "{self.broken}" is judged.'
        return f'{self.name} breaks the clause "{self.broken}": {self.what}.'

    def _card(self) -> Card:
        if not self.judged:
            return Card("Not judged.", self.sentence, "waiting")
        if self:
            return Card(self.sentence, "\n\n".join(self.kept), "right")
        if self.raised:
            kept = _before(len(self.kept))
            return Card("Your code raises an error.", self.sentence, "wrong", kept, self.raised)
        return Card("The contract is broken.", self.sentence, "wrong", _before(len(self.kept)))


def _before(kept: int) -> str:
    if not kept:
        return "That was the first clause."
    return f"{kept} clause{'s' if kept > 1 else ''} before it {'are' if kept > 1 else 'is'} kept."


async def check_transport(kind: type[Transport], *, interval_s: float = 0.05) -> Report:
    """Hold a transport against the contract that all transports of pushlab keep.

    Args:
        kind: the class, from a cell or a module.
        interval_s: given to a transport that has this option, so that nobody waits.

    Raises:
        CourseError: it is no transport, or cannot be imported by another process.
    """
    if reading():
        return Report(kind.name, (), judged=False)
    with installed(kind) as known:
        options = {}
        if "interval_s" in getattr(known.Options, "__dataclass_fields__", {}):
            options = {"interval_s": interval_s}
        told = await _judge(known.name, options)
    if told.get("error"):
        raise CourseError(str(told["error"]))
    return Report(
        kind.name,
        tuple(told["kept"]),
        str(told.get("broken", "")),
        str(told.get("what", "")),
        raised=str(told.get("raised", "")),
    )


async def _judge(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What `pushlab.course.judge` says, what the student's code raises, or that it took long."""
    clauses = CLAUSES[:_FAST_CLAUSES] if fast() else CLAUSES
    told: dict[str, Any] = {"kept": []}
    with tempfile.TemporaryDirectory(prefix="pushlab-course-") as folder:
        errors = Path(folder, "errors.json")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pushlab.course.judge",
            json.dumps({"transport": name, "options": dict(options), "clauses": clauses}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(**{ERRORS: str(errors)}),
            start_new_session=True,
        )
        listening = asyncio.create_task(_listen(process, told))
        try:
            async with asyncio.timeout(_LIMIT_S):
                while not listening.done() and not errors.exists():
                    await asyncio.wait({listening}, timeout=_LOOK_EVERY_S)
        except TimeoutError:
            told["broken"] = told.pop("now", "Every clause ends")
            told["what"] = (
                f"it was not done after {_LIMIT_S:g} s; does something in it wait for ever?"
            )
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            await listening
            await process.wait()
        if errors.exists():
            raised = json.loads(errors.read_text(encoding="utf-8"))["trace"]
            broken = told.get("broken") or told.get("now") or "the hub starts"
            return {"kept": told["kept"], "broken": broken, "raised": raised}
    if process.returncode and not told.get("broken") and not told.get("error"):
        told["error"] = f"the judge ended with status {process.returncode}; run the cell again"
    told["what"] = str(told.get("what", "")).rstrip(".")
    return told


async def _listen(process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
    """Keep what it said last."""
    assert process.stdout is not None
    async for line in process.stdout:
        told.clear()
        told.update(json.loads(line))
    await process.wait()


async def race(
    *kinds: type[Transport] | str,
    against: type[Transport] | str | Sequence[type[Transport] | str] = CLOCK,
    **more: Any,
) -> Board:
    """Put the same work on students' transports and on others, and see who is ahead.

    Args:
        kinds: classes, and names of transports.
        against: another one, or several.
        more: as `measure` takes it; `trials` are 4, and in each row's every trial, `duration_s` 3.

    Raises:
        CourseError: one is no transport, two have the same name, or a class cannot be imported by
            another process.
    """
    rivals = _rivals([*kinds, *([against] if isinstance(against, type | str) else against)])
    same = same_rules(rivals)
    if reading() or recording():  # a rule is no setting, so that it has no recording
        if all(isinstance(kind, str) for kind in rivals.values()):
            return Board(await measure(*rivals, **{**_RACE, **more}), same)
        return _without_server(rivals, more)
    with contextlib.ExitStack() as stack:
        for kind in rivals.values():
            if not isinstance(kind, str):
                stack.enter_context(installed(kind))
        measured = await measure(*rivals, **{**_RACE, **more})
    return Board(measured, {measured.cell(one): measured.cell(two) for one, two in same.items()})


def _rivals(kinds: Sequence[type[Transport] | str]) -> dict[str, type[Transport] | str]:
    """All that race, by their names. Raises CourseError."""
    found: dict[str, type[Transport] | str] = {}
    for kind in kinds:
        if not isinstance(kind, str):
            check_kind(kind)
        name = kind if isinstance(kind, str) else kind.name
        if found.get(name, kind) is not kind and found.get(name) != kind:
            raise CourseError(
                f"two of them have the name {name!r}; give each class a name of its own, such as"
                f' name = "{name}-2"'
            )
        found[name] = kind
    if len(found) < 2:
        raise CourseError(
            "a race needs two: name another one, as in race(MyPolling, against=Other)"
        )
    return found


def _is_rule(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, PollingTransport)


def _without_server(rivals: Mapping[str, type[Transport] | str], more: Mapping[str, Any]) -> Board:
    """The race of those that ask by a rule; the others need a server, which is said."""
    rules = {name: kind for name, kind in rivals.items() if kind == CLOCK or _is_rule(kind)}
    if not any(map(_is_rule, rules.values())):
        raise CourseError("without a server only classes made of PollingTransport race")
    if len(rules) < 2:
        rules[CLOCK] = CLOCK
    known = inspect.signature(race_on_paper).parameters
    unknown = [name for name in more if name not in known]
    if unknown:
        raise CourseError(
            f"a race without a server has no {unknown[0]!r}; it knows"
            f" {', '.join(name for name in known if name != 'kinds')}"
        )
    left = ", ".join(name for name in rivals if name not in rules)
    how = f"{HOW} Left out, since it takes a server: {left}." if left else HOW
    with Bar(f"{len(rules)} rules") as bar:
        board = Board(race_on_paper(rules, **more), same_rules(rules), how=how)
        bar.end(board.sentence())
    return board
