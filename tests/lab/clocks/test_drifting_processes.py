"""A swarm whose clock runs fast beside the publisher's: an injected one, whose truth is known."""

import time
from pathlib import Path

import numpy as np
import pytest

from pushlab.analysis import analyse
from pushlab.lab.place import HERE, Placement
from pushlab.lab.runner import run_scenario
from pushlab.lab.trial.backend import TrialBackend
from pushlab.lab.trial.processes import TrialProcesses
from pushlab.runs import Run
from tests.lab.clocks.places import ApartPlace
from tests.lab.lab_tools import tiny

S = 1_000_000_000
DRIFTING = Path(__file__).parent / "drifting"


def drifting(since_ns: int, ahead_ns: int, drift_ppm: int) -> ApartPlace:
    return ApartPlace(
        environment={
            "PYTHONPATH": str(DRIFTING),
            "PUSHLAB_TEST_CLOCK_SINCE_NS": str(since_ns),
            "PUSHLAB_TEST_CLOCK_AHEAD_NS": str(ahead_ns),
            "PUSHLAB_TEST_CLOCK_DRIFT_PPB": str(drift_ppm * 1_000),
        }
    )


@pytest.mark.parametrize("shares", [pytest.param(1, marks=pytest.mark.soak), 2])
async def test_shift_and_drift_lie_within_their_bounds(tmp_path: Path, shares: int) -> None:
    since_ns, ahead_s, drifts_ppm = time.monotonic_ns(), (100, -70), (400, -250)
    places = [
        drifting(since_ns, ahead * S, ppm)
        for ahead, ppm in zip(ahead_s[:shares], drifts_ppm, strict=False)
    ]
    placement = Placement(HERE, HERE, places)
    backend = TrialBackend(lambda plan: TrialProcesses(plan, placement=placement))
    scenario = tiny(["sse"], warmup_s=0.3, duration_s=2.5, swarm_workers=shares)
    run = Run.load(await run_scenario(scenario, out=tmp_path, backend=backend, pinning=False))
    (trial,) = run.trials
    assert trial.status == "ok", trial.reason
    start_ns = trial.measure_start_ns
    assert start_ns is not None
    found = {one.process: one for one in trial.remote_clocks}
    names = ["swarm"] if shares == 1 else ["swarm 1", "swarm 2"]
    assert found.keys() == {"runner", "hub", *names}
    for name, ahead, ppm in zip(names, ahead_s, drifts_ppm, strict=False):
        clock = found[name]
        true_ns = -(ahead * S + (start_ns - since_ns) * ppm // 1_000_000)
        assert abs(clock.offset_ns - true_ns) <= clock.bound_ns
        assert clock.drift_ppm == pytest.approx(-ppm, abs=50)
        assert clock.steps_ns == []
    bound_s = max(found[name].bound_ns for name in names) / 1e9
    (figures,) = analyse(run).cells["sse"].all
    assert len(figures.latency_s) == figures.counts.expected > 0
    latency_s = figures.latency_s.whole()
    assert -bound_s < latency_s.min()
    assert latency_s.max() < 10
    connects = run.connects(trial)
    assert (np.abs(connects.connected_ns - start_ns) < 60 * S).all()
    assert analyse(run).summary.cells["sse"]["clock_bound_s"] == pytest.approx(bound_s)
