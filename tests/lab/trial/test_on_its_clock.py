"""A swarm of another clock is told moments of its own, and told of by the publisher's."""

from pathlib import Path

import numpy as np
import pytest

from pushlab.lab.load.recorder import Recorder
from pushlab.lab.trial import on_its_clock
from pushlab.lab.trial.on_its_clock import OnItsClock, map_files
from pushlab.lab.workers.clients import read_rows
from pushlab.lab.workers.messages import Counters, SwarmReport, SwarmStatus
from pushlab.runs.batches import in_batches

AHEAD = 1_000


class Ahead:
    """The publisher's clock is `AHEAD` ahead of the swarm's."""

    def to_reference(self, ns):
        return ns + AHEAD

    def from_reference(self, ns):
        return ns - AHEAD


class Swarm:
    """Remembers what it was told; its counters are of moment 7."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.told = ()

    async def begin(self, start_ns: int, end_ns: int) -> None:
        self.told = (start_ns, end_ns)

    async def status(self) -> SwarmStatus:
        return SwarmStatus(connected=1, pending=0, deliveries=1, recent=[[0, 1, 50]])

    async def finish(self, path: str) -> SwarmReport:
        return SwarmReport(
            start=None,
            end=Counters(at_ns=7),
            now=Counters(),
            loop_lag_p99_s=None,
            loop_lags=[[5, 3]],
            descriptor_limit=1,
            rows=self.recorder.write(Path(path), 0),
            closed=0,
            reasons={},
        )


def recorded(rows: int) -> Recorder:
    recorder = Recorder()
    for row in range(rows):
        recorder.add_subscriber(row % 4)
        recorder.add_seq(row + 1)
        recorder.add_received_ns(10_000 + row)
        recorder.connected(row % 4, 100 + row, 200 + row)
        recorder.moved(row % 4, 300 + row, -5)
        recorder.stamped(row, 9_990 + row, bounded=False)
    return recorder


async def test_moments_go_there_and_come_back_by_the_others_clock(tmp_path: Path) -> None:
    swarm = Swarm(recorded(3))
    own = OnItsClock(swarm, Ahead())
    await own.begin(5_000, 6_000)
    assert swarm.told == (4_000, 5_000)
    assert (await own.status()).recent == [[0, 1, 1_050]]
    report = await own.finish(str(tmp_path))
    assert (report.start, report.end.at_ns, report.now.at_ns) == (None, 1_007, 0)
    assert report.loop_lags == [[1_005, 3]]
    rows = read_rows(tmp_path, report.rows, per_channel=4)
    (deliveries,) = in_batches(rows["deliveries"])
    assert deliveries["received_ns"].tolist() == [11_000, 11_001, 11_002]
    assert deliveries["seq"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("rows", [0, 1, 10, 11])
def test_every_stamp_of_the_files_is_set_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(on_its_clock, "_PIECE_ROWS", 5)  # pieces that end within and at the end
    recorder = recorded(rows)
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        counts = recorder.write(folder, 0)
    map_files(after, counts, Ahead())
    told, found = (read_rows(folder, counts, per_channel=4) for folder in (before, after))
    moved = {"received_ns", "wanted_ns", "connected_ns", "at_ns", "stamped_ns", "kernel_ns"}
    seen = set()
    for kind in ("deliveries", "connects", "traffic", "stamps", "numbers"):
        pairs = zip(in_batches(told[kind]), in_batches(found[kind]), strict=True)
        for one, other in pairs:
            for name, column in one.items():
                by = AHEAD if name in moved else 0
                assert np.array_equal(np.asarray(column) + by, np.asarray(other[name])), name
                seen.add(name)
    assert moved <= seen or not rows
