"""A place is told from another by nothing but where things happen; here is the one without Dask."""

import sys
from pathlib import Path

from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.place import EVERYTHING_HERE, HERE, HerePlace, Placement
from pushlab.lab.scenario.schedule import make_schedule
from pushlab.lab.workers.away import start_away_publisher
from pushlab.lab.workers.clients import start_publisher


class Elsewhere(HerePlace):
    """This machine, treated as another."""

    here = False


def schedule():
    return make_schedule(
        arrivals="constant", channels=2, rate_per_s=5.0, warmup_s=1.0, duration_s=2.0, seed=1
    )


async def test_files_are_sent_and_brought_home_in_pieces(tmp_path):
    folder = await HERE.folder()
    await HERE.send(b"x" * 20_000_000, f"{folder}/rows")
    await HERE.send(b"", f"{folder}/empty")
    await HERE.bring(folder, tmp_path)
    assert (tmp_path / "rows").read_bytes() == b"x" * 20_000_000
    assert (tmp_path / "empty").read_bytes() == b""
    await HERE.remove(folder)
    assert not Path(folder).exists()


async def test_a_log_elsewhere_begins_as_it_does_there_and_comes_home(tmp_path):
    publisher = await start_publisher(Elsewhere())
    try:
        log = await publisher.plan(schedule())
        there = PublishLog.attach(f"{publisher._folder}/log")
        assert there.schedule.channel.tolist() == log.schedule.channel.tolist()
        there.seq[:] = 7
        await publisher.bring()
        assert log.seq.tolist() == [7] * len(log)
    finally:
        await publisher.stop()


async def test_who_elsewhere_cannot_be_started_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    try:
        await start_away_publisher(Elsewhere())
    except OSError:
        pass
    assert list(tmp_path.iterdir()) == []


def test_roles_share_places():
    assert EVERYTHING_HERE.all == [HERE]
    one, two = HerePlace(), HerePlace()
    placement = Placement(one, two, (one, two))
    assert placement.all == [one, two]
    assert [placement.swarm_at(share) for share in range(3)] == [one, two, one]
