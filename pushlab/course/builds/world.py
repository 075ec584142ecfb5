"""A small world with a time of its own: coroutines are driven by hand, and hours pass at once.

Everything that waits is a `Later`; what it waits for is decided by the world alone, in the order of
its time, so a run is the same each time. No event loop, no thread, no clock.
"""

import heapq
import math
import sys
from collections.abc import Callable, Coroutine, Generator
from itertools import count
from typing import Any

from pushlab.course.builds.cases import StudentError
from pushlab.course.watching import EndlessLoop, is_own

__all__ = ["Bell", "Later", "Task", "World"]

_MOST_STEPS = 20_000
_AT_ONE_MOMENT = 2_000


class Later:
    """Something that is not there yet; ``await`` it to have it.

    Args:
        arms: called when somebody waits, with `done(value)` and `failed(error)`, one of which is to
            be called once.
    """

    def __init__(self, name: str, arms: Callable[["Later"], None]) -> None:
        self._name = name
        self._arms = arms
        self._task: Task | None = None
        self._over = False
        self._line = _line_of_caller()
        self._awaited = False

    def __await__(self) -> Generator["Later", Any, Any]:
        self._awaited = True
        return (yield self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise StudentError("forgot await", _told(self._name), self._line)

    def __iter__(self) -> Any:
        raise StudentError("forgot await", _told(self._name), self._line)

    def __bool__(self) -> bool:
        raise StudentError("forgot await", _told(self._name), self._line)

    def done(self, value: Any = None) -> None:
        """What was waited for is there."""
        self._end(value, None)

    def failed(self, error: Exception) -> None:
        """It will not come; who waits gets this error."""
        self._end(None, error)

    def _end(self, value: Any, error: Exception | None) -> None:
        if not self._over and self._task is not None:
            self._over = True
            self._task._step(value, error)


class Task:
    """A coroutine on its way.

    Attributes:
        done: whether it has come to its end.
        value: what it returned.
    """

    def __init__(self, world: "World", coroutine: Coroutine[Any, Any, Any]) -> None:
        self._world = world
        self._coroutine = coroutine
        self._then: list[Callable[[Any], None]] = []
        self.done = False
        self.value: Any = None

    def then(self, called: Callable[[Any], None]) -> None:
        """Call with what it returns, when it does."""
        self._then.append(called)

    def _step(self, value: Any = None, error: Exception | None = None) -> None:
        self._world._count()
        try:
            if error is not None:
                waits = self._coroutine.throw(error)
            else:
                waits = self._coroutine.send(value)
        except StopIteration as stop:
            self.done, self.value = True, stop.value
            for called in self._then:
                called(stop.value)
            return
        if not isinstance(waits, Later):
            raise StudentError(
                "another clock",
                "Your code waits for something that does not belong to this task"
                f" ({type(waits).__name__}, from `asyncio` perhaps). Time is virtual here: wait"
                " only with what your code is given.",
            )
        waits._task = self
        waits._arms(waits)

    def _close(self) -> None:
        try:
            self._coroutine.close()
        except Exception:  # it waits again in a `finally`, or fails while it ends
            pass


class World:
    """Time, and what happens in it.

    Attributes:
        now_s: the time, from 0.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._tasks: list[Task] = []
        self._laters: list[Later] = []
        self._steps = self._at_this_moment = 0

    def at(self, when_s: float, action: Callable[[], None]) -> None:
        """Do something at that time; at the same time, in the order of asking."""
        heapq.heappush(self._agenda, (max(when_s, self.now_s), next(self._numbers), action))

    def later(self, name: str, arms: Callable[[Later], None]) -> Later:
        """Something to be awaited; it must be, or the run ends with a word about it."""
        made = Later(name, arms)
        self._laters.append(made)
        return made

    def sleep(self, seconds: float) -> Later:
        """Wait so long.

        Raises:
            ValueError: for what is no time.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError(f"sleep needs a number of seconds, not {type(seconds).__name__}")
        if not 0 <= seconds < math.inf:
            raise ValueError(f"sleep needs a number of seconds, 0 or more, not {seconds}")
        return self.later("sleep", lambda it: self.at(self.now_s + seconds, it.done))

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Task:
        """Let a coroutine begin now."""
        task = Task(self, coroutine)
        self._tasks.append(task)
        self.at(self.now_s, task._step)
        return task

    def run(self, until_s: float) -> None:
        """Let time pass until then; afterwards every coroutine is ended.

        Raises:
            StudentError: something was not awaited.
            EndlessLoop: time stands still, or much more happens than can be meant.
            Exception: what the student's code raised.
        """
        try:
            while self._agenda and self._agenda[0][0] <= until_s:
                when_s, _, action = heapq.heappop(self._agenda)
                if when_s > self.now_s:
                    self.now_s, self._at_this_moment = when_s, 0
                action()
            self.now_s = until_s
        finally:
            self._end()
        for later in self._laters:
            if not later._awaited:
                raise StudentError("forgot await", _told(later._name), later._line)

    def _count(self) -> None:
        self._steps += 1
        self._at_this_moment += 1
        if self._at_this_moment > _AT_ONE_MOMENT:
            raise EndlessLoop("it goes round and round while no time passes")
        if self._steps > _MOST_STEPS:
            raise EndlessLoop(f"it did more than {_MOST_STEPS:,} things in {self.now_s:g} s")

    def _end(self) -> None:
        """Close what still waits; what does not want to end is dropped without a word."""
        before, sys.unraisablehook = sys.unraisablehook, lambda _: None
        try:
            self._agenda.clear()
            for later in self._laters:
                later._task = None
            while self._tasks:
                self._tasks.pop()._close()
        finally:
            sys.unraisablehook = before


class Bell:
    """Somebody waits for it, somebody rings; who waits longer than agreed goes away."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Later] = []

    def wait(self, seconds: float) -> Later:
        """True as soon as it rings; False after so many seconds without."""
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError(f"wait needs a number of seconds, not {type(seconds).__name__}")
        if not 0 <= seconds < math.inf:
            raise ValueError(f"wait needs a number of seconds, 0 or more, not {seconds}")

        def arms(it: Later) -> None:
            self._waiting.append(it)
            self._world.at(self._world.now_s + seconds, lambda: self._gives_up(it))

        return self._world.later("wait", arms)

    def ring(self) -> None:
        """Wake everybody, in the order in which they came."""
        woken, self._waiting = self._waiting, []
        for it in woken:
            self._world.at(self._world.now_s, lambda it=it: it.done(True))  # type: ignore[misc]

    def _gives_up(self, it: Later) -> None:
        if it in self._waiting:
            self._waiting.remove(it)
            it.done(False)


def _told(name: str) -> str:
    return (
        f"`{name}(...)` was not awaited, so nothing has happened yet. Write `await {name}(...)`"
        " wherever you call it."
    )


def _line_of_caller() -> int | None:
    frame = sys._getframe(1)
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None
