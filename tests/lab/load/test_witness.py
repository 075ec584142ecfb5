"""Who is a witness, and how late an idle loop's own stamps are."""

import asyncio
import sys
from collections import Counter

import pytest

from pushlab.lab.load.stamped_socket import Stamps
from pushlab.lab.load.witness import reading_path_s, witnesses_among


@pytest.mark.parametrize(
    ("clients", "count"), [(0, 0), (1, 1), (4, 4), (10, 4), (100, 8), (8_000, 16)]
)
def test_a_few_are_witnesses(clients: int, count: int) -> None:
    found = witnesses_among([0] * clients, seed=1)
    assert len(found) == count
    assert all(0 <= number < clients for number in found)
    assert found == witnesses_among([0] * clients, seed=1)


def test_they_are_drawn_by_the_seed_from_different_channels() -> None:
    channels = [number // 10 for number in range(100)]
    found = witnesses_among(channels, seed=1)
    assert len({channels[number] for number in found}) == len(found) == 8
    assert found != witnesses_among(channels, seed=2)
    two = Counter(number // 50 for number in witnesses_among([n // 50 for n in range(100)], seed=3))
    assert set(two.values()) == {4}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps so")
async def test_the_reading_path_is_measured() -> None:
    path_s = await reading_path_s(Stamps(asyncio.get_running_loop()))
    assert path_s is not None
    assert path_s > 0


async def test_elsewhere_there_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert await reading_path_s(Stamps(asyncio.get_running_loop())) is None
