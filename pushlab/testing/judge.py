"""Judging: a clause is a promise in words, and a failure says which promise was broken and how."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, NoReturn, TypeVar
from unittest import SkipTest

__all__ = [
    "LIMIT_S",
    "ContractBroken",
    "check",
    "check_texts",
    "clause",
    "eventually",
    "shorter_limits",
    "shown",
]

#: How long a clause waits for what must come. Generous: it only ever passes when all is lost.
LIMIT_S = 20.0
_CLAUSE_S = 100.0
_LOOK_EVERY_S = 0.01
_limit_factor = 1.0

_Suite = TypeVar("_Suite")


class ContractBroken(AssertionError):
    """A transport broke a clause of the contract; the text names the clause in words."""


def clause(promise: str) -> Callable[[Callable[[Any], Coroutine[Any, Any, None]]], Any]:
    """Make an async method of a suite into a test of `promise`.

    The test runs on the suite's own event loop. Whatever goes wrong in it is a `ContractBroken`
    that begins with the promise.
    """

    def decorate(method: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
        def test(suite: Any) -> None:
            try:
                suite.run(_limited(method(suite)))
            except SkipTest:
                raise
            except Exception as error:
                what = str(error)
                if not isinstance(error, AssertionError):
                    what = f"{type(error).__name__}: {error}"
                raise ContractBroken(
                    f"{suite.transport_name()} breaks the contract.\n"
                    f"  The clause:    {promise}\n"
                    f"  What happened: {what}"
                ) from error

        test.__name__ = method.__name__
        test.__qualname__ = method.__qualname__
        test.__doc__ = promise
        test.__module__ = method.__module__
        return test

    return decorate


async def _limited(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.timeout(_CLAUSE_S):
            await coroutine
    except TimeoutError as error:
        raise AssertionError(f"the clause did not end within {_CLAUSE_S:g} s") from error


def _fail(what: str | Callable[[], str]) -> NoReturn:
    raise AssertionError(what if isinstance(what, str) else what())


def check(holds: object, what: str | Callable[[], str]) -> None:
    """Fail with `what` unless `holds`."""
    if not holds:
        _fail(what)


async def eventually(
    holds: Callable[[], object | Awaitable[object]],
    what: str | Callable[[], str],
    *,
    limit_s: float = LIMIT_S,
) -> None:
    """Wait until `holds()` is true (it may be async); fail with `what` when it never is."""
    end = time.monotonic() + limit_s * _limit_factor
    while True:
        answer = holds()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return
        if time.monotonic() >= end:
            _fail(what)
        await asyncio.sleep(_LOOK_EVERY_S)


@contextlib.contextmanager
def shorter_limits(factor: float) -> Iterator[None]:
    """Within the body, wait only this part of every limit: for tests of broken transports."""
    global _limit_factor
    before, _limit_factor = _limit_factor, factor
    try:
        yield
    finally:
        _limit_factor = before


def shown(text: str, limit: int = 60) -> str:
    """A text as a failure shows it: escaped, and short."""
    if len(text) <= limit:
        return ascii(text)
    return f"{text[:limit]!a}... ({len(text):,} characters)"


def check_texts(got: Sequence[str], expected: Sequence[str], who: str) -> None:
    """Fail with the first difference, unless `who` got exactly `expected`."""
    for index, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            wanted, seen = set(expected), set(got[:index])
            kind = "another text than was sent"
            if one in seen:
                kind = "a message that it had already"
            elif one in wanted:
                kind = "a message out of its turn, so one was left out or overtaken"
            _fail(
                f"{who} got {kind}: as number {index + 1} it got {shown(one)}"
                f" instead of {shown(other)}"
            )
    if len(got) < len(expected):
        _fail(
            f"{who} got {len(got):,} of {len(expected):,} messages; the first that is missing is"
            f" {shown(expected[len(got)])}"
        )
    if len(got) > len(expected):
        _fail(
            f"{who} got {len(got):,} messages where {len(expected):,} were due; the first that is"
            f" too many is {shown(got[len(expected)])}"
        )
