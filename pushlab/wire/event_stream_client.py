"""A client half that reads endless responses of server-sent events, whatever the events say."""

import abc
from typing import Any, ClassVar

from pushlab.contract.subscriber import Endpoint
from pushlab.wire.event_stream import EventStream
from pushlab.wire.http1 import UNREADABLE, ResponseParser, refusal_reason
from pushlab.wire.streams import StreamSubscriber

__all__ = ["EVENT_STREAM", "EventStreamSubscriber"]

EVENT_STREAM = "text/event-stream"
_HELD_BYTES = 4 * 1024 * 1024  # of a body; what comes at once is far less


class EventStreamSubscriber(StreamSubscriber):
    """Reads one endless response after another."""

    #: What it is that cannot be read.
    _unlike: ClassVar[str] = "not a pushlab stream"

    __slots__ = ("_parser", "_retry_s", "_stood", "_stream")

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._retry_s = 0.0  # how long the server wants its readers to stay away, if we heed it

    def _on_connected(self, now_ns: int) -> None:
        self._parser = ResponseParser(_HELD_BYTES)
        self._stream = EventStream()
        self._stood = False  # whether the server has let this reader in on this connection
        self._hit(self._arrival)
        self._send(self._question())

    def _on_data(self, data: bytes, now_ns: int) -> None:
        parser = self._parser
        begun = parser.status == 200
        try:
            parser.feed(data)
            if parser.status == 200:
                self._heard_ns = now_ns
                if not begun and not self._is_stream(parser, now_ns):
                    return
                if parser.body:
                    self._read_stream(parser.take(), now_ns)
                if parser.complete and self.holds_connection:
                    self._lose("the stream ended", now_ns)
            elif parser.complete or parser.refuses:
                self._read_refusal(parser, now_ns)
        except UNREADABLE as error:
            self._lose(f"{self._unlike}: {error}", now_ns)

    def _is_stream(self, parser: ResponseParser, now_ns: int) -> bool:
        """Whether it is events that come; what is not does not change by asking again."""
        parser.check_coding()
        if parser.media_type == EVENT_STREAM:
            self._on_open(now_ns)
            return True
        self._turned_away(self._arrival)
        self._end(f"not an event stream: {parser.media_type or 'of no type'}", 406)
        return False

    def _read_refusal(self, parser: ResponseParser, now_ns: int) -> None:
        self._turned_away(self._arrival)
        if self._sent_elsewhere(parser, now_ns):
            return
        reason = self._refusal(parser)
        if parser.status == 204:  # by which the standard lets a server say: do not come back
            self._end("no-content", 204)
        else:
            self._refused(parser.status, reason, now_ns, retry_after_s=parser.retry_after_s)

    def _refusal(self, parser: ResponseParser) -> str:
        """The reason of an answer that is none of success."""
        return refusal_reason(parser.status, parser.take())

    def _on_eof(self, now_ns: int) -> None:
        parser = self._parser
        if parser.status not in (0, 200) and parser.feed_eof():
            self._read_refusal(parser, now_ns)
        else:
            super()._on_eof(now_ns)

    def _on_timer(self, now_ns: int) -> None:
        if self._parser.status >= 300 and now_ns >= self._heard_ns + self._silence_ns:
            self._read_refusal(self._parser, now_ns)  # it refuses, and does not come to an end
        else:
            super()._on_timer(now_ns)

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        super()._lose(reason, now_ns, max(least_s, self._retry_s))

    @abc.abstractmethod
    def _question(self) -> bytes:
        """The request."""

    def _on_open(self, now_ns: int) -> None:
        """The head of an event stream has come."""

    @abc.abstractmethod
    def _read_stream(self, chunk: bytes, now_ns: int) -> None:
        """Take a piece of the event stream; events end with a blank line."""
