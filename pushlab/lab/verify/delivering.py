"""Clauses on delivery: what comes, to whom, in which order, and how often."""

from collections import Counter
from itertools import pairwise

from pushlab.lab.verify.bench import Bench, Nothing, numbers_said
from pushlab.lab.verify.findings import ClauseSeen, Inapplicable, breaks, holds
from pushlab.lab.verify.reader import ClauseReader
from pushlab.quantities import counted

__all__ = ["channels", "deliver", "fan_out", "late"]

_MESSAGES = 60
_READERS = 10
_OLD = 5


async def deliver(bench: Bench) -> dict[str, ClauseSeen]:
    """Delivery, order, exactly once: what comes of messages that are published in a row."""
    place = bench.fresh()
    (reader,) = await bench.readers(place, 1)
    sent = await bench.publish_some(place, _MESSAGES)
    await reader.has(sent, bench.pace.wait_s)
    await bench.quiet(reader)
    return {
        "delivery": _delivered(reader, sent),
        "order": _ordered(reader, sent),
        "once": _once(reader, sent),
    }


def _delivered(reader: ClauseReader, sent: list[int]) -> ClauseSeen:
    missing = [number for number in sent if not reader.arrivals(number)]
    if missing:
        why = f"; {reader.trouble}" if reader.trouble else ""
        return breaks(f"{len(missing)} of {len(sent)} did not come{why}")
    return holds(f"{len(sent)} of {len(sent)} came")


def _ordered(reader: ClauseReader, sent: list[int]) -> ClauseSeen:
    came = [number for number in dict.fromkeys(reader.numbers) if number in set(sent)]
    for before, behind in pairwise(came):
        if behind < before:
            return breaks(f"number {behind} came behind number {before}")
    return holds("as they were published")


def _once(reader: ClauseReader, sent: list[int]) -> ClauseSeen:
    times = Counter(number for number in reader.numbers if number in set(sent))
    again = [number for number, count in sorted(times.items()) if count > 1]
    if again:
        most = max(times.values())
        return breaks(f"{len(again)} of {len(sent)} came more than once, up to {most} times")
    return holds("nothing came twice")


async def fan_out(bench: Bench) -> ClauseSeen:
    """A message comes to all."""
    place = bench.fresh()
    try:
        readers = await bench.readers(place, _READERS)
    except Nothing as error:
        if 0 < error.lacking < _READERS:
            return breaks(f"of {_READERS} readers, {error.lacking} got nothing")
        raise
    sent = await bench.publish_some(place, _READERS)
    lacking = []
    for number, reader in enumerate(readers, 1):
        if not await reader.has(sent, bench.pace.wait_s):
            lacking.append(number)
    if lacking:
        told = counted(len(lacking), "reader")
        return breaks(f"of {_READERS} readers, {told} did not get all of {len(sent)} messages")
    return holds(f"{_READERS} readers got all of {len(sent)} messages")


async def channels(bench: Bench) -> ClauseSeen:
    """One channel's messages come to nobody else."""
    if not getattr(bench.transport, "names_channels", True):
        raise Inapplicable("what a reader sends names no {channel}: all read the same")
    places = [bench.fresh(), bench.fresh()]
    readers = [(await bench.readers(place, 1))[0] for place in places]
    for place, reader in zip(places, readers, strict=True):
        await reader.has(await bench.publish_some(place, _READERS), bench.pace.wait_s)
    await bench.quiet(*readers)
    for reader in readers:
        strangers = [found for found in reader.seen if found[0] != reader.channel]
        if strangers:
            return breaks(f"a reader got {counted(len(strangers), 'message')} of another channel")
    return holds("two readers of two channels got their own messages alone")


async def late(bench: Bench) -> ClauseSeen:
    """What one who comes late is given."""
    place = bench.fresh()
    await bench.readers(place, 1)
    old = await bench.publish_some(place, _OLD)
    (reader,) = await bench.readers(place, 1)
    await bench.quiet(reader)
    given = [number for number in reader.numbers if number <= old[-1]]
    whole = given == list(range(old[-1] - len(given) + 1, old[-1] + 1))
    if not given:
        return holds("starts from now: nothing older is given")
    if not whole:
        return breaks(
            f"is given what came before with holes or out of order: {numbers_said(given)}"
        )
    if len(given) < len(old):
        return holds(f"is given the newest {len(given)} of before, and what comes")
    return holds(f"is given all that was published before ({len(given)}), and what comes")
