"""The log's room is taken before it is mapped; what was never answered is recognised."""

import resource

import numpy as np
import pytest

from pushlab.errors import SetupError
from pushlab.lab.load.publish_log import PublishLog, _make_room, unnamed_file
from pushlab.lab.scenario.schedule import Schedule
from pushlab.systems.stamp import modulus


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


def logged(rows=64, payload_bytes=1):
    channel = np.zeros(rows, np.int32)
    channel[5] = 1
    sizes = np.full(rows, payload_bytes, np.int32)
    log = PublishLog.create(Schedule(np.arange(rows), channel, 0, rows, sizes))
    log.sent_ns[:] = 1
    log.status[:], log.seq[:] = 202, np.arange(10, 10 + rows)
    return log


def test_messages_are_numbered_on_their_channels_behind_those_before():
    log = logged(8)
    assert log.number_from([]).tolist() == [1, 2, 3, 4, 5, 1, 6, 7]
    assert log.number_from([2, 30]).tolist() == [3, 4, 5, 6, 7, 31, 8, 9]
    assert log.last_numbers([2, 30, 5]) == [9, 31, 5]
    log.seq[[1, 5]] = 0
    assert log.never_taken(3) == [[4], [31], []]


def test_what_was_never_answered_is_known_by_how_it_begins():
    """Rows 1 and 38 begin alike, in one character; 2 has never arrived, and 3 was answered."""
    log = logged()
    log.number_from([])
    log.number[38] = log.number[1] + 36
    for row in (1, 2, 5, 38):
        log.status[row], log.seq[row] = 0, 0
    assert log.unanswered().tolist() == [1, 2, 5, 38]
    assert log.unanswered_channels() == [0, 1]
    numbers = {
        "channel": np.array([0, 0, 0, 1, 0]),
        "seq": np.array([100, 11, 13, 40, 99]),  # 11 came before 100; 13 is another's
        "number": np.array([2, 2, 3, 1, -1]),
    }
    assert log.recognise(numbers) == 3
    assert (log.seq[[1, 2, 5, 38]]).tolist() == [11, 0, 40, 100]
    assert log.recognise(numbers) == 0


def test_where_nobody_else_numbers_the_number_is_the_seq():
    """As often as it came; what was refused stays so."""
    log = logged(6, payload_bytes=100)
    log.number_from([4, 0])
    log.seq[:] = log.number
    log.status[[1, 2, 3]], log.seq[[1, 2, 3]] = (0, 0, 503), 0
    arrived = {"channel": np.array([0, 0, 1]), "seq": np.array([6, 6, 7])}
    assert log.recognise({**arrived, "number": arrived["seq"]}) == 1
    assert log.seq[:4].tolist() == [5, 6, 0, 0]


@pytest.mark.parametrize("size", [1, 100])
def test_a_server_that_gives_a_message_anothers_number_is_found_out(size):
    log = logged(40, size)
    log.number_from([])
    came = log.number % modulus(size)
    numbers = {"channel": log.schedule.channel, "seq": log.seq.copy(), "number": came}
    assert log.misnumbered(numbers) == 0
    numbers["seq"][[0, 1]] = numbers["seq"][[1, 0]]
    assert log.misnumbered(numbers) == 2
    assert log.misnumbered({**numbers, "seq": numbers["seq"] + 1_000}) == 0  # nobody's
