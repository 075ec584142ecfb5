"""A clock is known better the more is asked, and not at all where nobody ever answers."""

import pytest

from pushlab.errors import SetupError
from pushlab.lab.clocks.asker import Exchanges
from pushlab.lab.clocks.known import KnownClock

S = 1_000_000_000


def exchange(at_ns: int, ahead_ns: int, way_ns: int) -> list[int]:
    """One of a process whose publisher's clock is that far ahead."""
    there = at_ns + way_ns + ahead_ns
    return [at_ns, there, there + 1_000, at_ns + 2 * way_ns + 1_000]


async def test_more_exchanges_leave_less_open() -> None:
    stamps = exchange(10 * S, 100 * S, 400_000)
    answers = [
        Exchanges(stamps=stamps, lost=1),
        Exchanges(stamps=[*stamps, *exchange(12 * S, 100 * S, 20_000)], lost=2),
    ]

    async def ask() -> Exchanges:
        return answers.pop(0)

    clock = KnownClock("swarm", ask)
    assert clock.figures(None, None) is None
    await clock.ask()
    first = clock.figures(None, None)
    await clock.ask()
    second = clock.figures(None, None)
    assert first is not None
    assert second is not None
    assert (first.exchanges, first.lost, second.exchanges, second.lost) == (1, 1, 2, 2)
    later = clock.figures(112 * S + 50_000, 112 * S + 60_000)
    assert later is not None
    assert later.bound_ns < 30_000 < 400_000 <= first.bound_ns
    assert abs(later.offset_ns - 100 * S) <= later.bound_ns
    assert abs(clock.from_reference(clock.to_reference(11 * S)) - 11 * S) <= 1


async def test_who_never_answers_is_told_of_in_one_line() -> None:
    async def ask() -> Exchanges:
        return Exchanges(lost=40)

    with pytest.raises(SetupError, match=r"publisher and swarm 2 .* none of 40 questions over UDP"):
        await KnownClock("swarm 2", ask).ask()
