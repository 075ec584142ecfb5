"""A disk that takes no more: the error that came first is told, and what was measured is kept."""

import contextlib
import errno
import resource
import shutil

import pytest

from pushlab.errors import NotWritten
from pushlab.lab.planned import RunFolder
from pushlab.lab.runner import _close
from pushlab.runs import Run, RunWriter, TrialRecord
from pushlab.runs import layout as layout_module
from pushlab.runs import writer as writer_module


def record(order):
    return TrialRecord(
        index=order,
        order=order,
        cell="sse",
        transport="sse",
        status="ok",
        clients=2,
        channels=1,
        per_channel=2,
        rate_per_channel=1.0,
        duration_s=2.0,
    )


@pytest.fixture
def writer(tmp_path):
    """A run with one trial on disk."""
    made = RunWriter.create(
        tmp_path,
        scenario={"name": "quick"},
        cells=["sse"],
        environment={"cores": 2},
        command=["pushlab", b"compare\xff".decode(errors="surrogateescape")],
        seed=7,
    )
    made.add_trial(record(0))
    return made


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@contextlib.contextmanager
def no_file_longer_than(size):
    """As on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_trial_that_the_disk_does_not_take_leaves_nothing_behind(writer):
    before = files(writer.path)
    text = (writer.path / "run.json").read_bytes()
    size = (writer.path / "traffic" / "trial-000.parquet").stat().st_size
    for limit in (100, size + 10, len(text) + 10):  # in the first file, a later one, run.json
        with (
            no_file_longer_than(limit),
            pytest.raises(NotWritten, match=r"trial 2 \(sse\).*is kept"),
        ):
            writer.add_trial(record(1))
        assert files(writer.path) == before
        assert (writer.path / "run.json").read_bytes() == text
    writer.add_trial(record(1))  # somebody has made room
    writer.finish()
    assert [trial.order for trial in Run.load(writer.path).trials] == [0, 1]


def test_the_first_error_is_told_where_nothing_can_be_written_any_more(writer, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer_module, "write_batches", full)
    monkeypatch.setattr(layout_module, "write_document", full)
    with pytest.raises(NotWritten, match=r"trial 2 .*No space left"), writer:
        writer.add_trial(record(1))
    assert Run.load(writer.path).status == "running"  # as it was, and readable
    with pytest.raises(NotWritten, match=r"run\.json: cannot be written \(No space left"):
        writer.finish()


def test_a_folder_that_was_removed_is_told_to_be_gone(writer):
    shutil.rmtree(writer.path)
    with pytest.raises(NotWritten, match="the folder is gone, and what was in it"):
        writer.add_trial(record(1))


def test_all_folders_are_marked_though_one_cannot_be():
    class Folder(RunFolder):
        def __init__(self, fails):
            self.fails, self.closed = fails, False

        def close(self, status="incomplete"):
            self.closed = True
            if self.fails:
                raise NotWritten("the disk")

    some = [Folder(False), Folder(True), Folder(False)]
    with pytest.raises(NotWritten, match="the disk"):
        _close(some)
    assert all(folder.closed for folder in some)


def test_a_command_line_that_is_not_utf_8_is_kept(writer):
    assert Run.load(writer.path).command[1].encode(errors="surrogateescape") == b"compare\xff"
