"""Each request shape, sent raw to the hub and to the servers of others."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from conformance.http.references import h11_server, uvicorn_server
from conformance.http.shapes import SHAPES, Shape
from conformance.hub import LiveHub, live_hub
from conformance.model import Suite, Tell, Verdict

__all__ = ["RequestShapes"]

_QUIET_S = 0.5  # a server that says nothing for so long waits for us
_PATIENT_S = 3.0
_STEP_S = 0.15
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Place:
    """A server, and what stands for the words in a shape's bytes."""

    name: str
    port: int
    token: str = "token"
    key: str = "key"
    cursor: str = "cursor"
    quiet_s: float = _QUIET_S

    def filled(self, data: bytes) -> bytes:
        host, port = b"127.0.0.1:%d" % self.port, b"%d" % self.port
        words = {b"$HOST": host, b"$PORT": port, b"$TOKEN": self.token.encode()}
        words |= {b"$KEY": self.key.encode(), b"$CURSOR": self.cursor.encode()}
        for word, value in words.items():
            data = data.replace(word, value)
        return data


async def answer_of(shape: Shape, place: _Place) -> str:
    """The statuses, and whether the connection is open afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    seen, end = b"", False
    try:
        for number, part in enumerate(shape.parts):
            if number:
                more, end = await _read(reader, _STEP_S if len(shape.parts) < 5 else 0.001)
                seen += more
            with contextlib.suppress(OSError):
                writer.write(place.filled(part))
                await writer.drain()
        if shape.half_close:
            with contextlib.suppress(OSError):
                writer.write_eof()
        if not end:
            more, end = await _read(reader, place.quiet_s)
            seen += more
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    statuses = [status.decode() for status in _STATUS.findall(seen)]
    old = b"HTTP/1.0\r\n" in shape.parts[0] and b"transfer-encoding: chunked" in seen.lower()
    return " ".join([*statuses, *(["chunked"] if old else []), "closed" if end else "open"])


async def _read(reader: asyncio.StreamReader, quiet_s: float) -> tuple[bytes, bool]:
    """What comes until it is quiet for so long, and whether the other side ended it."""
    seen = b""
    while True:
        try:
            data = await asyncio.wait_for(reader.read(65_536), quiet_s)
        except TimeoutError:
            return seen, False
        except OSError:
            return seen, True
        if not data:
            return seen, True
        seen += data


def _is_right(seen: str, shape: Shape) -> bool:
    return any(fnmatchcase(seen, wanted) for wanted in shape.wanted)


class RequestShapes(Suite):
    """Request shapes against the hub."""

    name = "http"
    title = "Request shapes"
    about = (
        "Raw bytes to the hub: the statuses of its answers in order, and whether the connection is"
        " open afterwards. Beside it what h11 and uvicorn, with either of its parsers, do with the"
        " same bytes before an application that answers 200 to everything: they know no routes and"
        " no limits of an application, so a 200 of theirs may stand beside a 404 of ours."
    )
    others = ("h11", "uvicorn h11", "uvicorn httptools")
    whole = True

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Each shape to each server, some at a time."""
        async with contextlib.AsyncExitStack() as stack:
            hub: LiveHub = await stack.enter_async_context(
                live_hub(settings={"hold_s": 0.4}, transports=None)
            )
            token = await hub.token("shapes-reader", "shapes")
            at = await hub.publish("shapes", "the first")
            cursor = f"{at['epoch']}-{at['seq']}"
            ours = _Place("pushlab", hub.port, token, hub.key, cursor, quiet_s=1.0)
            others = [
                _Place("h11", await stack.enter_async_context(h11_server())),
                _Place("uvicorn h11", await stack.enter_async_context(uvicorn_server("h11"))),
                _Place(
                    "uvicorn httptools",
                    await stack.enter_async_context(uvicorn_server("httptools")),
                ),
            ]
            for first in range(0, len(SHAPES), _AT_ONCE):
                some = SHAPES[first : first + _AT_ONCE]
                tell(f"{first} of {len(SHAPES)}")
                asked = [answer_of(shape, at) for shape in some for at in (ours, *others)]
                found = await asyncio.gather(*asked)
                for number, shape in enumerate(some):
                    seen, *beside = found[number * 4 : number * 4 + 4]
                    if not _is_right(seen, shape):  # perhaps the machine was busy
                        seen = await answer_of(shape, replace(ours, quiet_s=_PATIENT_S))
                    yield Verdict(
                        case=f"{shape.group}: {shape.name}",
                        group=shape.group,
                        source=shape.source,
                        wanted=" or ".join(shape.wanted),
                        seen=seen,
                        right=_is_right(seen, shape),
                        others=dict(zip(self.others, beside, strict=True)),
                    )
