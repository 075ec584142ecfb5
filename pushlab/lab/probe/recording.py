"""What went over a connection, and when: the bytes tell what no client does."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ConnectionFailed
from pushlab.wire.tls import client_context
from pushlab.wire.unreachable import why_unreachable

__all__ = ["Recording", "alpn_of", "converse"]

_READ_BYTES = 64 * 1024
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Recording:
    """One connection; moments are nanoseconds of the monotonic clock.

    Attributes:
        sent, received: pieces, each with its moment.
        ended_ns: when the other side ended it; None: it has not.
    """

    opened_ns: int = field(default_factory=time.monotonic_ns)
    sent: list[tuple[int, bytes]] = field(default_factory=list)
    received: list[tuple[int, bytes]] = field(default_factory=list)
    ended_ns: int | None = None


async def converse(
    endpoint: Endpoint,
    request: bytes,
    *,
    within_s: float,
    enough: Callable[[Recording], bool] = lambda recording: False,
    authority: str | None = None,
) -> Recording:
    """Send these bytes over a connection of its own, and listen until there is `enough`.

    Args:
        within_s: of connecting, and of listening; what came until then is returned.
        authority: whom to trust if it is encrypted, as a PEM certificate.

    Raises:
        ConnectionFailed: there is no connection; the text says why.
    """
    context = client_context(authority) if endpoint.tls else None
    reader, writer = await _open(endpoint, context, within_s)
    recording = Recording()
    held = 0
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                if request:
                    writer.write(request)
                    recording.sent.append((time.monotonic_ns(), request))
                while not enough(recording) and held < _MOST_BYTES:
                    try:
                        data = await reader.read(_READ_BYTES)
                    except OSError:
                        data = b""
                    if not data:
                        recording.ended_ns = time.monotonic_ns()
                        break
                    held += len(data)
                    recording.received.append((time.monotonic_ns(), data))
    finally:
        writer.close()
    return recording


async def alpn_of(endpoint: Endpoint, *, within_s: float, authority: str | None = None) -> str:
    """Which HTTP an encrypted server chooses: ``h2``, ``http/1.1``, or nothing.

    Raises:
        ConnectionFailed: there is no connection.
    """
    context = client_context(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await _open(endpoint, context, within_s)
    chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.close()
    return chosen or ""


async def _open(
    endpoint: Endpoint, context: ssl.SSLContext | None, within_s: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(within_s):
            return await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)
    except (OSError, ValueError) as error:  # a timeout is an OSError, too
        raise ConnectionFailed(why_unreachable(error, endpoint, within_s)) from error
