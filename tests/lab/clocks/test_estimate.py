"""The bound of an estimate holds: true shifts of simulated clocks lie within it, on any path."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.lab.clocks.asker import Exchanges
from pushlab.lab.clocks.estimate import ClockEstimate, estimate

BOOT_NS = 8_640_000_000_000_000  # up for a hundred days
MS, S = 1_000_000, 1_000_000_000


@dataclass(frozen=True)
class World:
    """A process's clock, which shows true time, and a publisher's, which is ahead and drifts."""

    ahead_ns: int = 0
    drift_ppm: float = 0.0
    bend_ppm: float = 0.0  # what the drift changes by, over the whole
    span_s: float = 10.0
    step_ns: int = 0  # in the middle

    def publisher(self, true_ns: np.ndarray) -> np.ndarray:
        since = (true_ns - BOOT_NS).astype(np.float64)
        share = since / (self.span_s * S)
        ahead = since * (self.drift_ppm + self.bend_ppm * share / 2) / 1e6
        ahead = np.rint(ahead).astype(np.int64) + self.ahead_ns
        return true_ns + ahead + np.where(share > 0.5, np.int64(self.step_ns), 0)

    def exchanges(
        self,
        rng: np.random.Generator,
        *,
        least_ns: tuple[int, int] = (20_000, 20_000),
        queue_ns: float = 50_000.0,
        lost: float = 0.0,
        by_publisher: bool = False,
    ) -> Exchanges:
        """Many before and after, and a few every half second; with queues either way."""
        around = np.arange(40) * 2 * MS
        meanwhile = np.arange(0.5, self.span_s, 0.5) * S
        asked = np.concatenate(
            [around, *(meanwhile + k * 2 * MS for k in range(6)), self.span_s * S + around]
        )
        asked = BOOT_NS + np.sort(asked).astype(np.int64)
        asked = asked[rng.random(len(asked)) >= lost]
        there, again = (
            least + rng.exponential(queue_ns, len(asked)).astype(np.int64) for least in least_ns
        )
        received = asked + there
        left = received + rng.integers(1_000, 200_000, len(asked))
        back = left + again
        if by_publisher:
            four = (self.publisher(asked), received, left, self.publisher(back))
        else:
            four = (asked, self.publisher(received), self.publisher(left), back)
        return Exchanges(stamps=np.stack(four, axis=1).reshape(-1).tolist())

    def moments(self) -> np.ndarray:
        return BOOT_NS + (np.linspace(0.0, self.span_s, 501) * S).astype(np.int64)


def errors(world: World, found: ClockEstimate, moments: np.ndarray) -> np.ndarray:
    return np.abs(found.map.to_reference(moments) - world.publisher(moments))


AHEAD = st.integers(-100 * 365 * 86_400 * S // 1000, 100 * 365 * 86_400 * S // 1000)


@given(
    ahead_ns=AHEAD,
    drift_ppm=st.floats(-300, 300),
    span_s=st.floats(0.7, 120),
    least=st.tuples(st.integers(1_000, 3 * MS), st.integers(1_000, 3 * MS)),
    queue_ns=st.floats(100, 2 * MS),
    lost=st.floats(0, 0.9),
    by_publisher=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_the_true_shift_lies_within_the_bound(
    ahead_ns: int,
    drift_ppm: float,
    span_s: float,
    least: tuple[int, int],
    queue_ns: float,
    lost: float,
    by_publisher: bool,
    seed: int,
) -> None:
    world = World(ahead_ns, drift_ppm, span_s=span_s)
    rng = np.random.default_rng(seed)
    exchanges = world.exchanges(
        rng, least_ns=least, queue_ns=queue_ns, lost=lost, by_publisher=by_publisher
    )
    found = estimate(exchanges, asked_by_publisher=by_publisher)
    if found is None:
        assert not len(exchanges)
        return
    assert found.steps_ns == []
    moments = world.moments()
    bound_ns = found.map.bound_ns(int(moments[0]), int(moments[-1]))
    assert errors(world, found, moments).max() <= bound_ns
    for part in np.array_split(moments, 7):  # and within each part of the span
        assert errors(world, found, part).max() <= found.map.bound_ns(int(part[0]), int(part[-1]))


@given(drift_ppm=st.floats(-50, 50), bend_ppm=st.floats(-0.8, 0.8), seed=st.integers(0, 2**32))
def test_a_drift_that_bends_is_within_too(drift_ppm: float, bend_ppm: float, seed: int) -> None:
    world = World(100 * S, drift_ppm, bend_ppm, span_s=60.0)
    found = estimate(world.exchanges(np.random.default_rng(seed)))
    assert found is not None
    moments = world.moments()
    assert errors(world, found, moments).max() <= found.map.bound_ns(moments[0], moments[-1])


@given(bend_ppm=st.sampled_from([-400.0, -60.0, 30.0, 120.0, 400.0]), seed=st.integers(0, 2**32))
def test_a_clock_that_is_slewed_meanwhile_widens_the_bound(bend_ppm: float, seed: int) -> None:
    world = World(-7 * S, 0.0, bend_ppm, span_s=60.0)
    found = estimate(world.exchanges(np.random.default_rng(seed)))
    assert found is not None
    assert found.steps_ns == []
    moments = world.moments()
    assert errors(world, found, moments).max() <= found.map.bound_ns(moments[0], moments[-1])


def test_it_is_as_narrow_as_half_the_least_round_trip() -> None:
    world = World(100 * S, 20.0, span_s=20.0)
    found = estimate(world.exchanges(np.random.default_rng(1), least_ns=(30_000, 30_000)))
    assert found is not None
    moments = world.moments()
    bound_ns = found.map.bound_ns(moments[0], moments[-1])
    assert 30_000 <= bound_ns < 50_000
    assert found.map.drift_ppm == pytest.approx(20.0, abs=3.0)


def test_a_path_that_is_slow_one_way_shifts_the_estimate_and_not_the_truth_out_of_it() -> None:
    world = World(100 * S)
    rng = np.random.default_rng(2)
    found = estimate(world.exchanges(rng, least_ns=(1_000_000, 10_000), queue_ns=2_000.0))
    assert found is not None
    moments = world.moments()
    worst = errors(world, found, moments).max()
    assert 400_000 < worst <= found.map.bound_ns(moments[0], moments[-1]) < 600_000


@pytest.mark.parametrize("step_ns", [-3 * S, -5 * MS, 5 * MS, 3 * S])
def test_a_step_is_found_and_what_lies_about_it_has_it_in_its_bound(step_ns: int) -> None:
    world = World(100 * S, 10.0, span_s=20.0, step_ns=step_ns)
    found = estimate(world.exchanges(np.random.default_rng(3)))
    assert found is not None
    (seen_ns,) = found.steps_ns
    assert seen_ns == pytest.approx(step_ns, abs=300_000)
    moments = world.moments()
    assert errors(world, found, moments).max() <= found.map.bound_ns(moments[0], moments[-1])
    early = moments[:200]
    assert errors(world, found, early).max() <= found.map.bound_ns(early[0], early[-1]) < 150_000


def test_no_exchange_is_no_estimate() -> None:
    assert estimate(Exchanges(lost=40)) is None


def test_of_one_burst_the_drift_is_not_known_and_the_bound_grows() -> None:
    world = World(100 * S, span_s=10.0)
    stamps = world.exchanges(np.random.default_rng(4)).stamps[: 4 * 40]
    found = estimate(Exchanges(stamps=stamps))
    assert found is not None
    near = found.map.bound_ns(BOOT_NS, BOOT_NS + 80 * MS)
    far = found.map.bound_ns(BOOT_NS, BOOT_NS + 10 * S)
    assert near < 200_000
    assert far > near + 4 * MS  # 500 ppm of ten seconds
