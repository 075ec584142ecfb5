"""A reader of a server without numbers has rows by the stamps, whatever comes and in what order."""

import asyncio
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.events import Disconnected, Message, Unnumbered
from pushlab.contract.registry import make_transport
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.load.virtual_subscriber import VirtualSubscriber
from pushlab.systems.stamp import make_stamp

KEY, OWN, OTHER = 77, 1, 0
PROBES = 2


def wrapped(number: int, channel: int = OWN, key: int = KEY) -> Unnumbered:
    stamp = make_stamp(channel, number, key).decode()
    return Unnumbered(f'{{"data": "{stamp}xyz"}}'.encode())


def reading() -> tuple[Swarm, VirtualSubscriber]:
    """A swarm of one reader of channel 1 that has the probes."""
    swarm = Swarm(make_transport("sse", {}), seed=1, key=KEY)
    reader = VirtualSubscriber(swarm, 3, OWN)
    swarm.readers.append(reader)  # type: ignore[arg-type]
    swarm.set_goal([0, PROBES])
    assert swarm.pending == 1
    reader.take([wrapped(PROBES)], 5)  # the first probe came before it did
    assert swarm.pending == 0
    swarm.begin()
    return swarm, reader


def rows(swarm: Swarm) -> list[tuple[int, int, int]]:
    recorder, mark = swarm.recorder, swarm.recorder.mark
    columns = recorder.subscriber, recorder.seq, recorder.received_ns
    return list(zip(*(column[mark:] for column in columns), strict=True))


async def test_a_stamp_becomes_a_row_and_all_else_is_counted() -> None:
    swarm, reader = reading()
    reader.take(
        [
            Unnumbered(b"welcome"),
            wrapped(1),  # a probe that came late
            wrapped(3),
            wrapped(3, OTHER),
            wrapped(3, key=KEY + 1),
            Unnumbered(wrapped(4).data + b"," + wrapped(5).data),
            wrapped(3),
        ],
        9,
    )
    assert rows(swarm) == [(3, 3, 9), (3, 4, 9), (3, 5, 9), (3, 3, 9)]
    assert (swarm.recorder.strays, swarm.recorder.unstamped) == (1, 2)
    assert swarm.recorder.deliveries == 4


async def test_a_servers_own_number_is_read_where_it_has_one() -> None:
    swarm, reader = reading()
    text = make_stamp(OWN, 9, KEY).decode()
    reader.take([Message("e", 4, text)], 9)
    assert rows(swarm) == [(3, 4, 9)]
    assert swarm.recorder.beginnings[OWN].texts == {4: text}


@st.composite
def trials(draw: st.DrawFn) -> tuple[list[int], set[int], int, int]:
    """Numbers as they arrive, with losses, repeats, out of order; what nobody took."""
    count = draw(st.integers(1, 12))
    numbers = list(range(PROBES + 1, PROBES + count + 1))
    taken = draw(st.sets(st.sampled_from(numbers), min_size=1))
    arrivals = [n for n in numbers for _ in range(draw(st.integers(0, 2)))]
    Random(draw(st.integers(0, 99))).shuffle(arrivals)
    return arrivals, set(numbers) - taken, max(taken), draw(st.integers(0, len(arrivals)))


@given(trials())
def test_a_drain_waits_for_all_that_was_taken_and_for_nothing_else(
    trial: tuple[list[int], set[int], int, int],
) -> None:
    """Whatever has come when the drain begins, and in whatever order the rest does."""
    arrivals, never, goal, before = trial

    async def body() -> None:
        swarm, reader = reading()
        for number in arrivals[:before]:
            reader.take([wrapped(number)], 1)
        swarm.set_goal([0, goal], [[], sorted(never)])
        owed = {n for n in range(PROBES + 1, goal + 1) if n not in never}
        for place in range(before, len(arrivals) + 1):
            has = set(arrivals[:place])
            assert (swarm.pending == 0) == (owed <= has)
            assert swarm._reached.is_set() == (owed <= has)
            if place < len(arrivals):
                reader.take([wrapped(arrivals[place])], 1)
        assert [seq for _, seq, _ in rows(swarm)] == arrivals
        swarm.forget()  # what is lost by now is waited for no more
        newest = max([*arrivals, goal]) + 1
        swarm.set_goal([0, newest])
        reader.take([wrapped(newest)], 1)
        assert swarm.pending == 0

    asyncio.run(body())


async def test_who_gets_no_message_is_told_what_came_instead() -> None:
    swarm, reader = reading()
    assert swarm.recorder.trouble() == ""
    reader.take([Unnumbered(b"hello")], 1)
    assert swarm.recorder.trouble().startswith("a message came without a stamp: ")
    reader.take([Unnumbered(b"hello again"), wrapped(3, key=KEY + 1)], 1)
    assert swarm.recorder.trouble().startswith("3 messages came without a stamp: ")
    reader.take([Disconnected("http-404", 1.0)], 1)
    assert swarm.recorder.trouble() == "http-404"
