"""Where a transport listens, asked of the hub if it has an address of its own."""

import json
import logging
import ssl
from collections.abc import Mapping
from typing import Any

from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.errors import ConnectionFailed, Refused
from pushlab.wire.http1 import BadResponse, request_head
from pushlab.wire.http_client import fetch
from pushlab.wire.redirects import Elsewhere, Redirects
from pushlab.wire.tls import client_context

__all__ = ["discover", "locate"]

_log = logging.getLogger("pushlab")
_warned: set[str] = set()
_DIAL_S = 10.0


async def locate(
    transport: Transport, hub: Endpoint, token: str, *, tls: ssl.SSLContext | None = None
) -> Endpoint:
    """Where a transport listens: on the hub, or where the hub says if it has an address of its own.

    Raises:
        Refused, ConnectionFailed: the hub does not tell.
    """
    if not transport.profile.own_address:
        return transport.at(hub)
    details = (await discover(hub, token, tls=tls)).get(transport.name)
    if details is None:
        raise Refused(404, "no-such-transport", f"this hub does not serve {transport.name}")
    if "only_local" in details and details["url"] not in _warned:
        _warned.add(details["url"])
        _log.warning("%s of %s: %s", transport.name, hub.authority, details["only_local"])
    return Endpoint.told(details)


async def discover(
    hub: Endpoint, token: str, *, tls: ssl.SSLContext | None = None
) -> Mapping[str, Any]:
    """Ask the hub (``GET /v1/endpoints``) where each transport listens for this token.

    Raises:
        Refused: the hub said no.
        ConnectionFailed: it could not be reached, or does not speak pushlab.
    """
    place, redirects = hub.below("/v1/endpoints"), Redirects()
    try:
        context = (tls or client_context()) if hub.tls else None
        while True:
            request = b"".join(request_head(place, token, "GET", ("Connection", "close")))
            answer = await fetch(hub.host, hub.port, request, tls=context, within_s=_DIAL_S)
            there = redirects.follow(place, answer.status, answer.header(b"location"))
            if there is None:
                break
            place = there
        told = json.loads(answer.take())
        if not isinstance(told, dict):
            raise ValueError("the answer is not an object")
        if answer.status != 200:
            reason = str(told.get("error", f"http-{answer.status}"))
            raise Refused(answer.status, reason, str(told.get("detail", "")))
        endpoints = told.get("endpoints")
        if not isinstance(endpoints, dict):
            raise ValueError("the answer names no endpoints")
    except Elsewhere as error:
        raise ConnectionFailed(
            f"{hub.authority} sends its clients to {error}; ask there"
        ) from error
    except (OSError, TimeoutError, BadResponse, ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise ConnectionFailed(f"cannot ask {hub.authority} for its endpoints: {reason}") from error
    return endpoints
