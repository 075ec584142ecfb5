"""Several transports in a row: which is tried when, without a network."""

import pytest

from pushlab.contract.events import Closed, Disconnected
from pushlab.errors import UsageError
from pushlab.transports.long_polling import LongPolling
from pushlab.transports.sse import ServerSentEvents
from pushlab.transports.websocket import WebSocket
from pushlab.wire.candidates import Candidates

LOSS = Disconnected("connection lost", 1.0)


def three():
    return Candidates([WebSocket(), ServerSentEvents(), LongPolling()])


def test_a_loss_may_be_chance_and_two_are_none():
    candidates = three()
    assert not candidates.failed(LOSS)
    assert candidates.failed(LOSS)
    assert candidates.current.name == "sse"
    assert [candidates.failed(LOSS) for _ in range(6)] == [False, True] * 3
    assert candidates.current.name == "sse", "they are tried in turns"


@pytest.mark.parametrize("status", [400, 404, 405, 406, 426, 501])
def test_what_is_refused_for_good_is_not_tried_again(status):
    candidates = three()
    assert candidates.failed(Closed("why", status))
    assert candidates.failed(Closed("why", status))
    assert candidates.current.name == "long-polling"
    assert not candidates.failed(Closed("why", status)), "the last one's word counts"


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_refused_is_so_everywhere(status):
    candidates = three()
    assert not candidates.failed(Closed("why", status))
    assert candidates.current.name == "websocket"


def test_one_that_has_stood_is_kept():
    candidates = three()
    candidates.stood()
    assert not any(candidates.failed(LOSS) for _ in range(9))
    assert not candidates.failed(Closed("why", 404))
    assert candidates.current.name == "websocket"


def test_none_is_too_few():
    with pytest.raises(UsageError, match="name a transport"):
        Candidates([])
