"""The signals that end a command: Ctrl-C, a request to end, and a terminal that was closed.

A command that a signal ended has the exit status that a shell tells of one: 128 and the signal's
number. While modules are loaded and after all is done, a signal ends the process on the spot;
between, it raises KeyboardInterrupt; and while something is measured or served, it sets an event,
so that what there is can be kept and what runs can be ended.
"""

import os
import signal
import stat
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from pushlab.errors import Stopped

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "ended_by_signal",
    "exit_status",
    "interrupting",
    "leave_at_once",
    "setting",
    "unless_stopped",
]

_Value = TypeVar("_Value")

_received: int | None = None


def _numbers() -> list[signal.Signals]:
    """Those to be handled: one of which our parent wants nothing known, as nohup does, is not."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)  # not on every system
    if hang_up is not None and signal.getsignal(hang_up) != signal.SIG_IGN:
        numbers.append(hang_up)
    return numbers


def _note(number: int) -> None:
    global _received
    if _received is None:
        _received = number
    if number == getattr(signal, "SIGHUP", None):
        for descriptor in (1, 2):
            _let_go(descriptor)


def _let_go(descriptor: int) -> None:
    """Have the null device in place of a terminal that is gone: to write there is an error now."""
    with suppress(OSError):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, descriptor)
            os.close(null)


def ended_by_signal() -> bool:
    """Whether one has come."""
    return _received is not None


def exit_status() -> int:
    """The exit status of a command that the first of them ended; Ctrl-C's if none was seen."""
    return 128 + (signal.SIGINT if _received is None else _received)


def leave_at_once() -> None:
    """From now on a signal ends the process, and nothing is said."""

    def leave(number: int, frame: FrameType | None) -> None:
        _note(number)
        os._exit(exit_status())

    _handle(leave)


@contextmanager
def interrupting() -> Iterator[None]:
    """Meanwhile a signal raises KeyboardInterrupt where the main thread is; then as before."""
    global _received
    _received = None

    def interrupt(number: int, frame: FrameType | None) -> None:
        _note(number)
        raise KeyboardInterrupt

    before = _handle(interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(handler: Any) -> dict[signal.Signals, Any]:
    """What was there before."""
    before: dict[signal.Signals, Any] = {}
    with suppress(ValueError):  # of another thread than the main one: signals are not its business
        for number in _numbers():
            found = signal.signal(number, handler)
            if found is not None:  # None: of a library in C, and not to be put back
                before[number] = found
    return before


@contextmanager
def setting(stop: "asyncio.Event") -> "Iterator[None]":
    """Let the signals set `stop`, where this thread may handle them; as before after the body.

    A second signal does no more than the first: all ends within seconds, and its rows are kept.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def end(number: int) -> None:
        _note(number)
        stop.set()

    for number in _numbers():
        with suppress(ValueError, RuntimeError, NotImplementedError):
            handler = signal.getsignal(number)
            loop.add_signal_handler(number, end, number)
            before[number] = handler
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            with suppress(ValueError, TypeError):
                signal.signal(number, handler)


async def unless_stopped(work: Coroutine[Any, Any, _Value], stop: "asyncio.Event") -> _Value:
    """What `work` returns. Raises Stopped as soon as `stop` is set; then `work` is cancelled."""
    import asyncio

    main, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({main, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not main.done():
            raise Stopped("stopped before it had begun")
        return main.result()
    finally:
        for task in (main, stopping):
            task.cancel()
        await asyncio.gather(main, stopping, return_exceptions=True)
