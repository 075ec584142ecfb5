"""Rows that are put away while a swarm goes on: what is written in the end is the same."""

import errno
import os
from array import array
from pathlib import Path

import pytest

from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.row_spool import RowSpool
from tests.lab.lab_tools import deliveries

ROWS = 1000


def recorded(put_away_every: int) -> Recorder:
    recorder = Recorder()
    for i in range(ROWS):
        if i == 10:
            recorder.begin()
        recorder.add_subscriber(i % 6)
        recorder.add_seq(i)
        recorder.add_received_ns(1000 * i)
        if i >= 10 and i % 100 == 3:
            recorder.stamped(len(recorder.seq) - 1, i, bounded=False)
        if i >= 10 and put_away_every and i % put_away_every == 0:
            recorder.put_away()
    return recorder


@pytest.mark.parametrize("every", [1, 7, 300, 999])
def test_rows_that_were_put_away_are_written_as_if_they_had_not_been(every: int, tmp_path: Path):
    plain, other = recorded(0), recorded(every)
    assert other.deliveries == plain.deliveries == ROWS - 10
    assert len(other.seq) < every + 10
    assert other.recent() == plain.recent()
    assert other.recent(3) == plain.recent(3)
    told = []
    for number, each in enumerate((plain, other)):
        folder = tmp_path / str(number)
        folder.mkdir()
        told.append(each.write(folder, key=0))
    assert told[0] == told[1]
    for kind in told[0]:
        assert (tmp_path / "0" / kind).read_bytes() == (tmp_path / "1" / kind).read_bytes()
    assert deliveries(other, per_channel=3)["channel"][:6].tolist() == [1, 1, 0, 0, 0, 1]


def test_to_begin_anew_forgets_what_was_put_away():
    recorder = recorded(50)
    recorder.begin()
    assert (recorder.deliveries, recorder.recent()) == (0, [])
    recorder.put_away()
    assert recorder.deliveries == 0


def test_a_disk_that_is_full_is_told_when_the_rows_are_asked_for(monkeypatch, tmp_path):
    spool = RowSpool(1)
    spool.put([array("q", [1, 2])])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        spool.put([array("q", [3])])
        assert spool._last is not None
        spool._last.result()
    spool.put([array("q", [4])])
    with (tmp_path / "column").open("wb") as file, pytest.raises(OSError, match="No space left"):
        spool.copy(0, file)
