"""Driving a client half by hand: no socket, no clock."""

import json
from random import Random

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Gap, Message
from pushlab.contract.subscriber import Endpoint

__all__ = ["SECOND", "START", "Closed", "Connected", "Cursor", "Disconnected", "Gap", "Hand"]

SECOND = 1_000_000_000
START = 1_000 * SECOND
ENDPOINT = Endpoint("127.0.0.1", 80)


class Hand:
    """A driver whose clock and network are the test's."""

    def __init__(self, transport, *, cursor=None, seed=1, token="TOKEN", endpoint=ENDPOINT):
        self.now = START
        self.half = transport.subscriber(
            transport.at(endpoint), token, cursor=cursor and Cursor.parse(cursor), rng=Random(seed)
        )
        self.half.start(self.now)

    def dial(self):
        """Wait until a connection is wanted, and open it; what is sent first."""
        while not self.half.wants_connection:
            due = self.half.get_timer()
            assert due is not None, "it neither wants a connection nor waits for one"
            self.now = max(self.now, due)
            self.half.handle_timer(self.now)
        self.half.connection_made(self.now)
        return self.half.data_to_send()

    def feed(self, data):
        """Bytes arrive; the events that they make."""
        self.half.receive_data(data, self.now)
        return self.half.events_received()

    def tell(self, data):
        """Bytes arrive; what is sent then."""
        self.half.receive_data(data, self.now)
        return self.half.data_to_send()

    def fed(self, *parts):
        """Bytes arrive in these parts; all events that they make, and all that is sent."""
        events, sent = [], b""
        for part in filter(None, parts):
            events += self.feed(part)
            sent += self.half.data_to_send()
        return events, sent

    def eof(self):
        self.half.receive_eof(self.now)
        return self.half.events_received()

    def wake(self):
        """Let the clock run to the timer; what is sent then."""
        due = self.half.get_timer()
        assert due is not None
        self.now = max(self.now, due)
        self.half.handle_timer(self.now)
        return self.half.data_to_send()


def response(status=200, body=b"", *headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def refusal(status, reason):
    return response(
        status, json.dumps({"error": reason, "detail": "why", "status": status}).encode()
    )


def texts(events):
    return [event.data for event in events if isinstance(event, Message)]
