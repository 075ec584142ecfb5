"""A window's counts are the window's, however late the runner is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pushlab.analysis import analyse
from pushlab.lab.runner import run_scenario
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.lab.workers.swarm_process import SwarmService
from pushlab.runs import Run
from tests.lab.lab_tools import tiny


async def test_a_late_runner_does_not_widen_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at the swarm takes 0.7 s, so that the runner comes late to the window's end."""
    look = SwarmService.status

    async def slowly(self: SwarmService) -> Any:
        await asyncio.sleep(0.7)
        return await look(self)

    monkeypatch.setattr(SwarmService, "status", slowly)
    scenario = tiny(["short-polling"], clients=20, poll_interval_s=0.02)
    path = await run_scenario(scenario, out=tmp_path, backend=in_process_backend(), pinning=False)
    run = Run.load(path)
    (trial,) = run.trials
    assert trial.status == "ok", trial.reason
    assert trial.server is not None
    assert trial.swarm is not None
    assert trial.server.counted_ns is not None
    assert trial.swarm.counted_ns is not None
    counted, sent = (
        sum(n for kind, n in hits.items() if kind.startswith("poll"))
        for hits in (trial.server.hits, trial.swarm.hits)
    )
    assert sent > 100
    # Both look on one event loop; it may be late, but for both.
    looks = zip(trial.server.counted_ns, trial.swarm.counted_ns, strict=True)
    apart_s = sum(abs(one - other) for one, other in looks) / 1e9
    assert apart_s < 0.2
    assert abs(counted - sent) <= 2 * trial.clients + 2 * apart_s * sent
    assert analyse(run).cells["short-polling"].all[0].mismatch is None
