"""How long tests wait for what must happen: the machine may be ten times slower than this one.

A wait ends as soon as its event comes, so patience costs nothing; a test that reaches it has
failed. It is shorter than pytest's own ``timeout``, which knows less about what was waited for.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

PATIENCE_S = 120.0


async def until(holds: Callable[[], object], what: str = "it never came true") -> None:
    """Wait until it holds, by looking again and again: for what has no event of its own."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.005)


async def with_more_time(check: Callable[[float], Awaitable[None]], *times_s: float) -> None:
    """Make a check that must do something within a time; if it fails, again with the next time.

    A machine that stalls for a moment breaks one that has little time; a fault breaks each of them.
    """
    *early_s, last_s = times_s
    for time_s in early_s:
        with contextlib.suppress(Exception):
            return await check(time_s)
    await check(last_s)
