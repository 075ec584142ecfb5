"""The clause on payloads: any text arrives unchanged, in whatever the server wraps it."""

import json
from collections.abc import Iterator
from typing import Any

from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.lab.verify.bench import Bench, Nothing
from pushlab.lab.verify.findings import ClauseSeen, breaks, holds
from pushlab.lab.verify.reader import ClauseReader
from pushlab.quantities import listed
from pushlab.systems.stamp import STAMP_BYTES

__all__ = ["payloads"]

#: What a payload holds behind its stamp, by what is told of it.
_TAILS = {
    f"{STAMP_BYTES} bytes": "",
    "10,000 bytes": "y" * (10_000 - STAMP_BYTES),
    f"{MAX_MESSAGE_BYTES:,} bytes": "y" * (MAX_MESSAGE_BYTES - STAMP_BYTES),
    "UTF-8": " Grüße, 日本語, العربية, 🎓",
    "JSON and HTML": ' {"a": "b\\n"} <b> &amp; \' \\',
    "line feeds": "\na\n\nb\n",
    "a carriage return": "a\rb\r\nc",
    "blanks at its end": "a  ",
}


async def payloads(bench: Bench) -> ClauseSeen:
    """Publish each, and look for it in what came."""
    place = bench.fresh()
    (reader,) = await bench.readers(place, 1)
    wrong, other = [], []
    for told, tail in _TAILS.items():
        try:
            number = await bench.publish(place, tail)
        except Nothing as error:
            wrong.append(f"{told}: not taken ({error})")
            continue
        if not await reader.has([number], bench.pace.wait_s):
            wrong.append(f"{told}: did not come")
        elif not _came_as(reader, bench.stamp(place, number), tail):
            other.append(told)
    if other:
        wrong.append(f"changed on the way: {listed(other)}")
    if wrong:
        return breaks("; ".join(wrong))
    return holds(f"{STAMP_BYTES} to {MAX_MESSAGE_BYTES:,} bytes, UTF-8, JSON, line breaks")


def _came_as(reader: ClauseReader, stamp: str, tail: str) -> bool:
    """Whether the text stands in what came with this stamp, as it is or within JSON."""
    text = stamp + tail
    came = [data for data in reader.texts if stamp.encode() in data]
    return any(
        text.encode() in data
        or any(text in each for each in _strings(data.decode(errors="replace")))
        for data in came
    )


def _strings(text: str) -> Iterator[str]:
    """All texts within JSON, and in JSON within those."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _texts_of(value)


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in ('"', "{", "["):
            yield from _strings(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_of(each)
