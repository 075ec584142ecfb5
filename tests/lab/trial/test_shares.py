"""A swarm of several processes asks the same of a server, and accounts for the same."""

import asyncio
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.trials.figures import figures_of
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ScenarioError
from pushlab.lab.load.swarm import CONCURRENT_DIALS, Swarm
from pushlab.lab.load.traffic_tap import observed_among
from pushlab.lab.load.witness import witnesses_among
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.events import Phase
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.shares import SwarmShares, share_bounds, shared_out
from pushlab.lab.workers.messages import SwarmSetup
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.runs import Run, TrialRecord, share_name
from pushlab.systems.system import Admission
from tests.lab.lab_tools import Watcher, children, run, tiny

# ---- sharing out --------------------------------------------------------------------------------


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[int], int]:
    """The channels of some subscribers, and a number of shares."""
    clients = draw(st.integers(1, 300))
    per_channel = draw(st.integers(1, clients))
    return [i // per_channel for i in range(clients)], draw(st.integers(1, min(clients, 9)))


@given(crowds())
def test_everybody_is_in_one_share_and_shares_are_nearly_even(crowd: tuple[list[int], int]) -> None:
    channels, shares = crowd
    bounds = share_bounds(channels, shares)
    assert (bounds[0], bounds[-1], len(bounds)) == (0, len(channels), shares + 1)
    sizes = [end - begin for begin, end in pairwise(bounds)]
    even = len(channels) / shares
    assert min(sizes) >= 1
    assert max(abs(size - even) for size in sizes) <= 0.2 * even + 1


def test_a_channel_is_not_cut_where_it_need_not_be() -> None:
    rooms = [i // 7 for i in range(1_000)]
    for cut in share_bounds(rooms, 4)[1:-1]:
        assert rooms[cut - 1] != rooms[cut]
    assert share_bounds([0] * 1_000, 4) == [0, 250, 500, 750, 1_000]


def setup(channels: list[int], seed: int = 7) -> SwarmSetup:
    subscribers = [Admission(f"t{i}", channel, {}) for i, channel in enumerate(channels)]
    return SwarmSetup(transport="sse", options={}, subscribers=subscribers, seed=seed)


@given(crowds(), st.integers(0, 9))
def test_who_is_drawn_is_drawn_among_all(crowd: tuple[list[int], int], seed: int) -> None:
    channels, shares = crowd
    whole = setup(channels, seed)
    parts = shared_out(whole, shares)
    assert [one for part in parts for one in part.subscribers] == whole.subscribers
    assert sum(part.dials for part in parts) >= CONCURRENT_DIALS
    witnesses = {number for part in parts for number in part.witnesses or ()}
    assert witnesses == witnesses_among(channels, seed=seed)
    observed = {number for part in parts for number in part.observed or ()}
    assert observed == set(observed_among(len(channels)))
    for part in parts:
        ours = range(part.first, part.first + len(part.subscribers))
        assert set(part.witnesses or ()) | set(part.observed or ()) <= set(ours)


async def test_everybody_has_the_number_and_the_phase_that_one_swarm_would_give() -> None:
    def phases(clients: int, first: int = 0) -> list[tuple[int, float]]:
        swarm = Swarm(make_transport("short-polling"), seed=3, first=first)
        for _ in range(clients):
            swarm.add(0, Endpoint("127.0.0.1", 1), "t")
        return [(one.number, one.subscriber.rng.random()) for one in swarm.readers]

    assert phases(4) + phases(3, first=4) + phases(3, first=7) == phases(10)


def test_more_processes_than_clients_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"--swarm-workers: 3 processes .* for 2 clients"):
        tiny(["sse"], clients=2, swarm_workers=3)
    with pytest.raises(ScenarioError, match="--swarm-workers: Chromium has processes of its own"):
        tiny(["sse"], swarm_workers=2, client="browser")


# ---- one object with a swarm's commands ---------------------------------------------------------


class _Share:
    """A share that waits for ever, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.cancelled = error, False

    async def reach(self, heads: list[int], never: list[list[int]] | None = None) -> None:
        if self.error is not None:
            raise self.error
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_a_command_that_fails_in_one_share_is_waited_for_in_none() -> None:
    shares = [_Share(), _Share(WorkerFailed("gone")), _Share()]
    with pytest.raises(WorkerFailed, match="gone"):
        await SwarmShares(shares).reach(heads=[1])  # type: ignore[arg-type]
    assert [share.cancelled for share in shares] == [True, False, True]


# ---- whole trials -------------------------------------------------------------------------------


def work(transport: str, **changes: object) -> Scenario:
    how = {"clients": 30, "rate_per_s": 20.0, "duration_s": 1.0, "poll_interval_s": 0.1}
    return tiny([transport], **{**how, **changes})


def check_shares(result: Run, trial: TrialRecord, shares: int) -> None:
    """Nothing is lost or counted twice, and the figures are the sums of the shares'."""
    figures = figures_of(result, trial)
    assert trial.status == "ok", trial.reason
    assert figures.counts.expected == figures.counts.delivered > 0
    assert figures.counts.unmatched == figures.counts.duplicated == figures.counts.reordered == 0
    assert figures.mismatch is None
    swarm, deliveries = trial.swarm, result.deliveries(trial)
    assert swarm is not None
    assert [share.number for share in swarm.shares] == list(range(1, shares + 1))
    assert sum(share.clients for share in swarm.shares) == trial.clients
    assert sum(share.deliveries for share in swarm.shares) == len(deliveries)
    assert sum(share.cpu_s for share in swarm.shares) == pytest.approx(swarm.cpu_s)
    assert sum(share.dials for share in swarm.shares) == swarm.dials
    assert all(share.open_descriptors and share.rss_bytes for share in swarm.shares)
    for share in swarm.shares:
        ours = (deliveries.subscriber >= share.first) & (
            deliveries.subscriber < share.first + share.clients
        )
        assert ours.sum() == share.deliveries
    connects = result.connects(trial)
    assert sorted(connects.subscriber.tolist()) == list(range(trial.clients))
    assert (np.diff(connects.connected_ns) >= 0).all()
    assert set(result.traffic(trial).subscriber.tolist()) == set(observed_among(trial.clients))


@pytest.mark.parametrize(
    "transport", [pytest.param("sse", marks=pytest.mark.soak), "short-polling"]
)
async def test_three_processes_lose_nothing_and_count_as_one(
    transport: str, tmp_path: Path
) -> None:
    """On one channel that all read, twice in a row: the second has processes that came up early."""
    scenario = work(transport, swarm_workers=3, trials=2, parts_s=0.2, channels="shared")
    result = await run(scenario, tmp_path)
    trials = [each for each in result.trials if not each.floor]
    assert len(trials) == 2
    for trial in trials:
        check_shares(result, trial, 3)
        assert trial.witnesses is not None
        assert trial.witnesses.clients == 4
        channels = [0] * trial.clients
        seen = set(result.stamps(trial).subscriber.tolist()) - {-1}
        plan = TrialPlan(scenario, scenario.cells[0], order=0, index=trial.index)
        assert seen <= witnesses_among(channels, seed=plan.seed)
        samples = result.table("samples", trial).to_pydict()
        looked = set(samples["process"])
        assert looked >= {"swarm", *(share_name(number) for number in (1, 2, 3))}
        assert [part.name for part in trial.parts] == ["alone", "idle", "unread", "second"]
        assert trial.parts[-1].deliveries == trial.clients * trial.parts[-1].publishes


async def test_a_share_that_dies_ends_the_trial_and_the_others_rows_are_kept(
    tmp_path: Path,
) -> None:
    def kill() -> None:
        children("swarm_process")[1].kill()

    watcher = Watcher(kill, phase=Phase.MEASURING, deliveries=30)
    scenario = work("sse", swarm_workers=3, duration_s=20.0)
    result = await run(scenario, tmp_path, watcher)
    (trial,) = (each for each in result.trials if not each.floor)
    assert trial.status == "failed"
    assert trial.reason is not None
    assert trial.reason.startswith("the swarm share ")
    assert "of 3 died (killed by signal 9)" in trial.reason
    assert trial.swarm is not None
    assert len(trial.swarm.shares) == 2
    assert len(result.deliveries(trial)) == sum(s.deliveries for s in trial.swarm.shares) > 0
    assert [share.clients for share in trial.swarm.shares] == [10, 10]
