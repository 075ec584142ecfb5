"""A window's counts are the window's, however late the runner is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pushlab.analysis import analyse
from pushlab.lab.load.publisher import Publisher
from pushlab.lab.runner import run_scenario
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.lab.workers.swarm_process import SwarmService
from pushlab.runs import Run
from pushlab.wire.http_client import HttpConnection, HttpResponse
from tests.lab.lab_tools import tiny
from tests.patience import with_more_time


async def test_a_late_runner_does_not_widen_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at the swarm takes that long, so the runner comes as late to the window's end."""
    look = SwarmService.status

    async def late_by(late_s: float) -> None:
        async def slowly(self: SwarmService) -> Any:
            await asyncio.sleep(late_s)
            return await look(self)

        monkeypatch.setattr(SwarmService, "status", slowly)
        scenario = tiny(["short-polling"], clients=20, poll_interval_s=0.02)
        out = tmp_path / f"{late_s:g} s"
        path = await run_scenario(scenario, out=out, backend=in_process_backend(), pinning=False)
        check_window(Run.load(path), late_s)

    await with_more_time(late_by, 0.7, 3.0)


def check_window(run: Run, late_s: float) -> None:
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
    assert apart_s < 0.3 * late_s
    assert abs(counted - sent) <= 2 * trial.clients + 2 * apart_s * sent
    assert analyse(run).cells["short-polling"].all[0].mismatch is None


async def test_what_arrives_without_an_answer_counts_as_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each third answer is lost on its way; the last of a channel is among them."""
    answered = Publisher._answered

    def lose(self: Publisher, connection: HttpConnection, index: int, answer: HttpResponse) -> None:
        lost = index % 3 == 0 or index >= len(self.publish_log) - 2
        answered(self, connection, index, HttpResponse(0, b"") if lost else answer)

    monkeypatch.setattr(Publisher, "_answered", lose)
    scenario = tiny(["sse", "short-polling"])
    path = await run_scenario(scenario, out=tmp_path, backend=in_process_backend(), pinning=False)
    run = Run.load(path)
    for cell, trials in analyse(run).cells.items():
        (trial,) = trials.all
        assert trial.record.status == "ok", (cell, trial.record.reason)
        counts = trial.counts
        assert counts.sent == counts.accepted == counts.scheduled == 20
        assert counts.unanswered >= 6
        assert (counts.unknown, counts.rejected, counts.unmatched) == (0, 0, 0)
        assert counts.expected == counts.delivered == len(trial.latency_s) == 40
        assert trial.mismatch is None
        unheard = run.publishes(trial.record).accepted_ns == 0
        assert unheard.sum() >= 7
        sentences = " ".join(analyse(run).summary.caveats)
        assert f"{cell}: {counts.unanswered} publishes were never answered, and" in sentences


async def test_a_hub_that_tells_a_wrong_number_is_found_out_by_the_stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two answers change their numbers: what came with either is another publish's message."""
    accept = Publisher._accept
    seen: list[tuple[int, int]] = []

    def swapped(self: Publisher, index: int, seq: int, accepted_ns: int) -> None:
        seen.append((index, seq))
        accept(self, index, seq, accepted_ns)
        if len(seen) == 20:
            on_one = [each for each in seen if self._channels[each[0]] == 0]
            (first, one), (second, other) = on_one[-2:]
            accept(self, first, other, accepted_ns)
            accept(self, second, one, accepted_ns)

    monkeypatch.setattr(Publisher, "_accept", swapped)
    path = await run_scenario(
        tiny(["sse"]), out=tmp_path, backend=in_process_backend(), pinning=False
    )
    summary = analyse(Run.load(path)).summary
    told = "2 messages came with a number that their publish was not given"
    assert any(told in each for each in summary.caveats), summary.caveats
