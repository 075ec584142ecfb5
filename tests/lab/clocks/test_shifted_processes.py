"""A trial whose processes have clocks minutes apart gives the latencies that there were."""

import re
from pathlib import Path

import numpy as np
import pytest

from pushlab.analysis import analyse
from pushlab.lab.place import HERE, Placement
from pushlab.lab.runner import run_scenario
from pushlab.lab.trial.backend import TrialBackend
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.processes import TrialProcesses
from pushlab.runs import Run, TrialRecord
from tests.lab.clocks.places import ApartPlace, shifted, why_no_shift
from tests.lab.lab_tools import tiny

S = 1_000_000_000
#: Far more than a delivery takes on a slow machine, far less than any shift.
MOST_S = 10.0

needs_namespaces = pytest.mark.skipif(bool(why_no_shift()), reason=why_no_shift() or "it can")


async def measured(out: Path, placement: Placement, **changes: object) -> Run:
    backend = TrialBackend(lambda plan: TrialProcesses(plan, placement=placement))
    scenario = tiny(["sse"], warmup_s=0.3, duration_s=1.5, **changes)
    return Run.load(await run_scenario(scenario, out=out, backend=backend, pinning=False))


def check(run: Run, shifts_s: dict[str, int]) -> TrialRecord:
    """All is told by the publisher's clock, and each shift lies within its bound."""
    (trial,) = run.trials
    assert trial.status == "ok", trial.reason
    found = {one.process: one for one in trial.remote_clocks}
    assert found.keys() == {"runner", "swarm", "hub"}
    for process, clock in found.items():
        apart_s = shifts_s["publisher"] - shifts_s[process]
        assert abs(clock.offset_ns - apart_s * S) <= clock.bound_ns, process
        assert clock.bound_ns < 50_000_000
        assert clock.exchanges > 40
        assert clock.steps_ns == []
    start_ns, end_ns = trial.measure_start_ns, trial.measure_end_ns
    assert start_ns is not None
    assert end_ns is not None
    bound_s = found["swarm"].bound_ns / 1e9
    (figures,) = analyse(run).cells["sse"].all
    assert len(figures.latency_s) == figures.counts.expected > 0
    latency_s = figures.latency_s.whole()
    assert -bound_s < latency_s.min()
    assert latency_s.max() < MOST_S

    def near(moments: "np.ndarray | list[int]") -> bool:
        """Within the trial, by the publisher's clock."""
        each = np.asarray(moments)
        return bool(len(each)) and bool((np.abs(each - start_ns) < 60 * S).all())

    publishes, connects = run.publishes(trial), run.connects(trial)
    taken = publishes.accepted_ns[publishes.seq > 0]
    sent = publishes.sent_ns[publishes.seq > 0]
    hub_ns = found["hub"].bound_ns
    assert (taken >= sent - hub_ns).all()
    assert (taken < sent + MOST_S * S).all()
    assert near(connects.wanted_ns)
    assert near(connects.connected_ns)
    traffic, stamps = run.traffic(trial), run.stamps(trial)
    assert traffic is not None
    assert near(traffic.at_ns)
    if stamps is not None:
        of_swarm = stamps.subscriber >= 0
        late = stamps.stamped_ns - stamps.kernel_ns
        assert near(stamps.kernel_ns)
        assert (late[of_swarm] >= -1_000_000).all()
    samples = run.table("samples", trial)
    for process in ("hub", "swarm", "publisher", "runner", "machine"):
        of_it = [row["at_ns"] for row in samples.to_pylist() if row["process"] == process]
        assert near(of_it), process
        assert min(of_it) < start_ns < end_ns < max(of_it), process
    for figures_of in (trial.server, trial.swarm):
        assert figures_of is not None
        assert figures_of.counted_ns is not None
        for counted_ns, end in zip(figures_of.counted_ns, (start_ns, end_ns), strict=True):
            assert abs(counted_ns - end) < MOST_S * S
    assert trial.server is not None
    assert trial.server.loop_lag_p99_s is not None  # there were some in the window
    assert trial.machine is not None
    assert analyse(run).summary.cells["sse"]["clock_bound_s"] == pytest.approx(bound_s)
    return trial


@needs_namespaces
async def test_each_shift_is_found_and_every_stamp_is_the_publishers(tmp_path: Path) -> None:
    shifts_s = {"publisher": 100, "swarm": -50, "hub": 250, "runner": 0}
    placement = Placement(shifted(250), shifted(100), [shifted(-50)])
    check(await measured(tmp_path, placement), shifts_s)


@needs_namespaces
async def test_without_the_estimate_latencies_are_a_hundred_seconds_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above fails where nobody asks: it is the estimate that it rests on."""
    monkeypatch.setattr(TrialProcesses, "_clocks_differ", False)
    placement = Placement(HERE, HERE, [shifted(100)])
    run = await measured(tmp_path, placement)
    shifts_s = {"publisher": 0, "swarm": 100, "hub": 0, "runner": 0}
    with pytest.raises(AssertionError):
        check(run, shifts_s)
    (figures,) = analyse(run).cells["sse"].all
    assert figures.latency_s.whole().min() > 99.0


async def test_on_one_machine_nobody_is_asked_and_nothing_told(tmp_path: Path) -> None:
    beds: list[TrialProcesses] = []

    def testbed(plan: TrialPlan) -> TrialProcesses:
        beds.append(TrialProcesses(plan))
        return beds[-1]

    scenario, backend = tiny(["sse"]), TrialBackend(testbed)
    path = await run_scenario(scenario, out=tmp_path, backend=backend, pinning=False)
    run = Run.load(path)
    (trial,) = run.trials
    assert trial.status == "ok", trial.reason
    assert trial.remote_clocks == []
    assert repr(beds[0].clocks) == "TrialClocks()"
    summary = analyse(run).summary
    assert summary.cells["sse"]["clock_bound_s"] is None
    assert not any("clock" in each.lower() for each in summary.caveats)


async def test_a_publisher_that_no_datagram_reaches_fails_the_trial_in_one_line(
    tmp_path: Path,
) -> None:
    nowhere = ApartPlace(address="192.0.2.1")  # of RFC 5737: nobody has it
    (trial,) = (await measured(tmp_path, Placement(HERE, nowhere, [HERE]))).trials
    assert trial.status == "failed"
    assert trial.reason is not None
    assert re.search("clocks? .* cannot be (compared|asked)", trial.reason)
    assert "\n" not in trial.reason
