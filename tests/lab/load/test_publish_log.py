"""The log's room is taken before it is mapped; what was never answered is recognised."""

import resource

import numpy as np
import pytest

from pushlab.errors import SetupError
from pushlab.lab.load.publish_log import PublishLog, _make_room, unnamed_file
from pushlab.lab.scenario.schedule import Schedule


def test_no_room_is_told_before_anything_is_mapped():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with unnamed_file() as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        try:
            with pytest.raises(SetupError, match=r"no room for the log .*, 5,000 bytes"):
                _make_room(file, 5_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        _make_room(file, 5_000)
        assert file.seek(0, 2) == 5_000


def test_what_was_never_answered_is_known_by_how_it_begins():
    """Rows 1 and 63 begin alike, in one character; 2 has never arrived, and 3 was answered."""
    rows = 64
    channel = np.zeros(rows, np.int32)
    channel[5] = 1
    log = PublishLog.create(Schedule(np.arange(rows), channel, 0, rows, np.ones(rows, np.int32)))
    log.sent_ns[:] = 1
    log.status[:], log.seq[:] = 202, np.arange(10, 10 + rows)
    for row in (1, 2, 5, 63):
        log.status[row], log.seq[row] = 0, 0
    assert log.unanswered().tolist() == [1, 2, 5, 63]
    assert log.unanswered_channels() == [0, 1]
    numbers = {
        "channel": np.array([0, 0, 0, 1, 0]),
        "seq": np.array([100, 11, 13, 40, 99]),  # 11 came before 100; 13 is another's
        "number": np.array([1, 1, 2, 5, -1]),
    }
    assert log.recognise(numbers) == 3
    assert (log.seq[[1, 2, 5, 63]]).tolist() == [11, 0, 40, 100]
    assert log.recognise(numbers) == 0
