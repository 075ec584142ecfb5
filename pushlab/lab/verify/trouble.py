"""Clauses on trouble: much at once, a cut, a reader that stalls, a server that dies."""

import asyncio
import time
from collections.abc import Sequence

from pushlab.errors import PushlabError
from pushlab.lab.verify.bench import Bench, Nothing
from pushlab.lab.verify.findings import ClauseSeen, Inapplicable, breaks, holds
from pushlab.lab.verify.reader import ClauseReader
from pushlab.quantities import counted, duration, size

__all__ = ["burst", "restart", "resume", "slow_reader"]

_AWAY = 5
_BROKEN = 40
_PIECES, _PIECE_BYTES = 200, 30_000
_MOST_S, _SLOW_S, _CATCHES_UP_S = 45.0, 10.0, 20.0
_QUICK = 4
_BACK_S = 30.0


async def resume(bench: Bench) -> ClauseSeen:
    """Cut a reader off, publish, let it come back; then break its connection amid messages."""
    place = bench.fresh()
    (reader,) = await bench.readers(place, 1)
    known = set(reader.numbers)
    reader.cut()
    away = await bench.publish_some(place, _AWAY)
    before = len(reader.numbers)
    await reader.back_within(bench.pace.wait_s)
    await bench.reached(place, [reader])
    await bench.quiet(reader)
    lost = sum(not reader.arrivals(number) for number in away)
    again = sum(number in known for number in reader.numbers[before:])
    replayed = f", and was given {counted(again, 'message')} again" if again else ""
    if lost:
        return breaks(
            f"of {_AWAY} that were published while it was away, {lost} were lost{replayed}"
        )
    amid = await _amid(bench, place)
    if amid:
        return breaks(f"got all {_AWAY} of while it was away{replayed}, but {amid}")
    return holds(f"got all {_AWAY} that were published while it was away{replayed}")


async def _amid(bench: Bench, place: int) -> str:
    """Break a connection while messages come; what was lost, in words."""
    (reader,) = await bench.readers(place, 1)
    sent = []
    for number in range(_BROKEN):
        sent.append(await bench.publish(place))
        if number in (_BROKEN // 4, _BROKEN // 2):
            reader.cut()
            reader.come_back()
        await asyncio.sleep(0.005)
    await bench.reached(place, [reader])
    await bench.quiet(reader)
    lost = sum(not reader.arrivals(number) for number in sent)
    return f"lost {lost} of {len(sent)} when its connection broke twice amid them" if lost else ""


async def burst(bench: Bench) -> ClauseSeen:
    """Much is published in a row, as fast as it is taken."""
    place = bench.fresh()
    readers = await bench.readers(place, _QUICK)
    _, told = await _pressed(bench, place, readers, _PIECES // 4)
    much = f"{_QUICK} readers, {_PIECES // 4} messages of {size(_PIECE_BYTES)} in a row"
    return breaks(f"{much}: {told}") if told else holds(f"{much}: all came")


async def slow_reader(bench: Bench) -> ClauseSeen:
    """One stalls, and much is published: what becomes of the others, and of it."""
    if bench.profile.asks:
        raise Inapplicable("a client that asks takes one answer at a time")
    place = bench.fresh()
    quick = await bench.readers(place, _QUICK)
    began_s = time.monotonic()
    sent, told = await _pressed(bench, place, quick, _PIECES // 4)
    if not told and (took_s := time.monotonic() - began_s) > _SLOW_S:
        told = f"{len(sent)} messages of {size(_PIECE_BYTES)} take {duration(took_s)}"
    if told:
        return ClauseSeen("not tried", f"already where nobody stalls {told}")
    slow = await bench.stalling(place)
    slow.stall()
    sent, told = await _pressed(bench, place, quick, _PIECES)
    behind = f"with {size(len(sent) * _PIECE_BYTES)} behind it"
    if told:
        return breaks(f"{behind}: {told}")
    losses = len(slow.said)
    slow.go_on()
    back = late = False
    try:
        async with asyncio.timeout(_CATCHES_UP_S):
            back = await _mark(bench, place, slow)
    except TimeoutError:
        late = True
    lost = sum(not slow.arrivals(number) for number in sent)
    cut = "it was cut off" if len(slow.said) > losses or slow.closed else "it was not cut off"
    fate = f"lost {lost} of {len(sent)}" if lost else "got everything in the end"
    if slow.closed:
        cut += f" for good ({slow.closed.reason})"
    elif late:
        fate = f"has {len(sent) - lost} of {len(sent)} after {_CATCHES_UP_S:g} s"
    elif not back:
        fate = f"gets nothing any more, and lacks {lost} of {len(sent)}"
    return holds(f"the others got all; {behind} {cut} and {fate}")


async def _pressed(
    bench: Bench, place: int, readers: Sequence[ClauseReader], pieces: int
) -> tuple[list[int], str]:
    """Publish much; what was sent, and what is wrong with these readers or with publishing."""
    sent: list[int] = []
    until_s = time.monotonic() + _MOST_S
    try:
        for _ in range(pieces):
            sent.append(await bench.publish(place, "z" * _PIECE_BYTES))
    except Nothing as error:
        return sent, str(error)
    for reader in readers:
        try:
            async with asyncio.timeout(max(bench.pace.wait_s, until_s - time.monotonic())):
                has_all, by = await reader.has(sent, 2 * bench.pace.wait_s), ""
        except TimeoutError:
            has_all, by = False, f" within {_MOST_S:g} s"
        if not has_all:
            lacks = sum(not reader.arrivals(number) for number in sent)
            return sent, f"{lacks} of {len(sent)} did not come to a reader that reads{by}"
        if reader.said:
            return sent, f"a reader that reads was cut off ({reader.said[-1]})"
    return sent, ""


async def _mark(bench: Bench, place: int, reader: ClauseReader) -> bool:
    """Whether messages come to it again."""
    try:
        await bench.reached(place, [reader])
    except Nothing:
        return False
    return True


async def restart(bench: Bench) -> dict[str, ClauseSeen]:
    """Kill the server, and start it again: whether readers come back, and what it has kept."""
    place = bench.fresh()
    stays, leaves = await bench.readers(place, 2)
    leaves.cut()
    away = await bench.publish_some(place, _AWAY)
    await stays.has(away, bench.pace.wait_s)
    began = time.monotonic()
    try:
        if not await bench.started.restart():
            raise Inapplicable("it was attached to, and not started, so it is not killed")
    except PushlabError as error:
        return dict.fromkeys(("restart", "kept"), breaks(f"it does not start again: {error}"))
    took = duration(time.monotonic() - began)
    deadline = time.monotonic() + _BACK_S
    came = False
    while not came and time.monotonic() < deadline and stays.closed is None:
        try:
            number = await bench.publish(place)
        except Nothing:
            await asyncio.sleep(0.1)
            continue
        came = await stays.has([number], 1.0)
    if not came:
        why = f"; {stays.trouble}" if stays.trouble else ""
        back = breaks(f"killed and started again in {took}: no message comes any more{why}")
    else:
        late_s = (stays.arrivals(number)[0] / 1e9) - began
        back = holds(f"killed and started again in {took}: a reader was back after {late_s:.1f} s")
    await leaves.back_within(bench.pace.wait_s)
    await _mark(bench, place, leaves)
    await bench.quiet(leaves)
    kept = sum(bool(leaves.arrivals(number)) for number in away)
    told = f"of {_AWAY} published before it died, one that was away got {kept}"
    return {"restart": back, "kept": holds(told) if kept == _AWAY else breaks(told)}
