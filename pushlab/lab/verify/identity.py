"""Clauses on who reads: presence and tokens, which only a server of pushlab's own can be asked for.

`pushlab.testing.TransportContract` holds the hub to many more of them.
"""

import asyncio
import time

from pushlab.lab.verify.bench import Bench
from pushlab.lab.verify.findings import ClauseSeen, Inapplicable, breaks, holds
from pushlab.systems.hub_api import HubApi

__all__ = ["presence", "tokens"]

_LOOK_AGAIN_S = 0.05


def _hub(bench: Bench, why_not: str) -> HubApi:
    api = bench.started.api
    if not isinstance(api, HubApi):
        raise Inapplicable(why_not)
    return api


async def presence(bench: Bench) -> ClauseSeen:
    """Whether the application can see who comes and goes."""
    api = _hub(bench, "nobody can ask a server of another make who reads")
    place = bench.fresh()
    (reader,) = await bench.readers(place, 1)
    channel = bench.name_of(place)
    if not await api.present(channel):
        return breaks("a reader is there, and nobody is told of")
    await reader.leave()
    deadline = time.monotonic() + bench.pace.wait_s
    while await api.present(channel):
        if time.monotonic() > deadline:
            return breaks(f"{bench.pace.wait_s:g} s after it left, a reader is still told of")
        await asyncio.sleep(_LOOK_AGAIN_S)
    return holds("a reader is told of while it is there")


async def tokens(bench: Bench) -> ClauseSeen:
    """Whether a reader whose token is revoked is shut out."""
    api = _hub(bench, "who may read is the application's own; headers and paths carry its secrets")
    place = bench.fresh()
    (reader,) = await bench.readers(place, 1)
    await api.revoke(reader.token)
    await reader.until(lambda: reader.closed, bench.pace.wait_s)
    if reader.closed is None:
        return breaks(f"{bench.pace.wait_s:g} s after its token was revoked, a reader still reads")
    return holds(f"one whose token is revoked is shut out ({reader.closed.reason})")
