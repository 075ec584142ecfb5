"""A map's two directions undo each other, for one moment and for many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pushlab.lab.clocks.clock_map import SAME, ClockMap

UP_NS = 40_000_000_000_000_000  # more than a year: no float has its nanoseconds


def a_map(ahead_ns: int = 100_000_000_000, drift_ppm: float = 40.0) -> ClockMap:
    at = np.arange(5) * 1e9
    offset = at * drift_ppm / 1e6
    error = np.array([30e3, 40e3, 35e3, 30e3, 32e3])
    return ClockMap(UP_NS, ahead_ns, at, offset, error, drift_ppm, 2.0)


MOMENT = st.integers(UP_NS - 20_000_000_000, UP_NS + 20_000_000_000)


@given(ns=MOMENT, ahead_ns=st.integers(-UP_NS, UP_NS), drift_ppm=st.floats(-500, 500))
def test_there_and_back_is_the_same_moment(ns: int, ahead_ns: int, drift_ppm: float) -> None:
    clock = a_map(ahead_ns, drift_ppm)
    there = clock.to_reference(ns)
    assert isinstance(there, int)
    assert abs(clock.from_reference(there) - ns) <= 2


@given(moments=st.lists(MOMENT, max_size=20))
def test_arrays_are_mapped_as_their_numbers_are(moments: list[int]) -> None:
    clock, columns = a_map(), np.array(moments, np.int64)
    there = clock.to_reference(columns)
    assert there.dtype == np.int64
    assert there.tolist() == [clock.to_reference(ns) for ns in moments]
    assert clock.from_reference(there).tolist() == [
        clock.from_reference(clock.to_reference(ns)) for ns in moments
    ]


def test_a_shift_moves_and_a_drift_stretches() -> None:
    clock = a_map()
    assert clock.to_reference(UP_NS) == UP_NS + 100_000_000_000
    assert clock.to_reference(UP_NS + 1_000_000_000) - clock.to_reference(UP_NS) == 1_000_040_000
    beyond = clock.to_reference(UP_NS + 8_000_000_000) - clock.to_reference(UP_NS)
    assert beyond == 8_000_320_000


def test_the_bound_is_the_largest_of_the_span_and_grows_beyond_it() -> None:
    clock = a_map()
    second = 1_000_000_000
    assert clock.bound_ns(UP_NS + 3 * second, UP_NS + 4 * second) == 33_000  # 1 s at 2 ppm, halved
    assert clock.bound_ns(UP_NS, UP_NS + 4 * second) == 41_000
    assert clock.bound_ns(UP_NS + 4 * second, UP_NS + 4 * second) == 32_000
    assert clock.bound_ns(UP_NS, UP_NS + 14 * second) == 52_000  # 32 µs, and 10 s at 2 ppm


def test_who_has_the_same_clock_keeps_its_moments() -> None:
    columns = np.arange(3)
    assert SAME.to_reference(5) == SAME.from_reference(5) == 5
    assert SAME.to_reference(columns) is columns
