"""The raw cases of RFC 6455 against pushlab's client half and the hub."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from conformance.hub import live_hub
from conformance.model import Suite, Tell, Verdict
from conformance.websocket.cases import CASES, Case
from conformance.websocket.ends import Seen, ask_client, ask_hub, wanted_words

__all__ = ["WebSocketClient", "WebSocketHub", "client_verdicts"]

_AT_ONCE = 16
_ABOUT = (
    "Raw frames, as rightly and as wrongly as {} may send them, in pieces down to single bytes."
    " What counts: {}the pongs in order, the code of the close frame, nothing behind it, and that"
    " the connection ends."
)


def _verdict(case: Case, seen: Seen, *, counts_texts: bool, title: str = "") -> Verdict:
    return Verdict(
        case=f"{case.group}: {case.name}{title}",
        group=case.group,
        source=f"RFC 6455, {case.section}",
        wanted=wanted_words(case, counts_texts=counts_texts),
        seen=seen.words(counts_texts=counts_texts),
        right=seen.right(case, counts_texts=counts_texts),
        known=case.known,
    )


def client_verdicts() -> list[Verdict]:
    """Every case against the client half."""
    return [
        _verdict(case, ask_client(case), counts_texts=True)
        for case in CASES
        if case.only in ("", "client")
    ]


class WebSocketClient(Suite):
    """The client half as it meets servers of all kinds."""

    name = "websocket-client"
    title = "WebSocket: servers of all kinds against our client"
    about = _ABOUT.format("a server", "the messages that arrive, ")

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """In this process, without a socket."""
        tell("frames")
        for verdict in client_verdicts():
            yield verdict


class WebSocketHub(Suite):
    """The hub as it meets clients of all kinds."""

    name = "websocket-hub"
    title = "WebSocket: clients of all kinds against the hub"
    about = _ABOUT.format("a client", "") + (
        " The hub takes no data from clients: it reads them, and heeds their rules, but answers"
        " none. Each case is sent twice: behind a request that comes whole, and behind one in two"
        " pieces."
    )

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Over TCP, some at a time."""
        cases = [case for case in CASES if case.only in ("", "hub")]
        async with live_hub(transports={"websocket": {}}) as hub:
            token = await hub.token("frames-reader", "frames")
            for in_pieces in (False, True):
                ask = partial(ask_hub, port=hub.port, token=token, in_pieces=in_pieces)
                title = " (a request in two pieces)" if in_pieces else ""
                for first in range(0, len(cases), _AT_ONCE):
                    tell(f"{first} of {len(cases)}{title}")
                    some = cases[first : first + _AT_ONCE]
                    for case, seen in zip(some, await asyncio.gather(*map(ask, some)), strict=True):
                        yield _verdict(case, seen, counts_texts=False, title=title)
