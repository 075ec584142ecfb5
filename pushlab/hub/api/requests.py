"""What requests to the API say, beside who asks: their keys, their JSON, the moment they mean."""

import asyncio
import json
import time
from typing import Any

from pushlab.contract.serving import Headers
from pushlab.hub.backplane.once import BAD_KEY, MAX_KEY
from pushlab.hub.reasons import BAD_JSON

__all__ = ["idempotency_key", "json_of", "until", "whole"]

_DAY_NS = 86_400_000_000_000


def whole(number: Any) -> Any:
    """``60.0`` as 60: JSON has one kind of number, and some languages write all of them so."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def json_of(raw: bytes) -> Any:
    """A body as JSON. Raises Refused (400): it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BAD_JSON(f"the body is not JSON: {error}") from error


def idempotency_key(headers: Headers) -> str | None:
    """The key of a publish that counts once. Raises Refused (400): it is none."""
    for name, value in headers:
        if name == b"idempotency-key":
            key = value.decode("latin-1")
            if not (0 < len(key) <= MAX_KEY and all("!" <= each <= "~" for each in key)):
                raise BAD_KEY()
            return key
    return None


async def until(at_ns: int) -> None:
    """Wait for a moment, unless it has passed or is more than a day away.

    Nothing that has arrived before it is left to be counted after it: the event loop runs a timer
    when it has worked off what it had read by then.
    """
    left_ns = at_ns - time.monotonic_ns()
    if 0 < left_ns < _DAY_NS:
        await asyncio.sleep(left_ns / 1e9)
        await until(at_ns)  # it may have been a millisecond early
