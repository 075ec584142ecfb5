"""Server-sent events of a foreign server: every event's data is a message, whatever its type.

A reader comes back as a browser's EventSource does: with ``Last-Event-ID`` if the server gave IDs,
after what ``retry`` asks for (a minute at the most), and not after a 204. Comments keep a
connection alive; silence ends it only where the server promises not to be silent.
"""

from typing import Any, ClassVar

from pushlab.contract.profile import Profile, silence_of
from pushlab.systems.clients.foreign import ANSWER_DUE_S, ForeignSubscriber
from pushlab.systems.spec import Speech
from pushlab.wire.event_stream_client import EVENT_STREAM, EventStreamSubscriber
from pushlab.wire.http1 import request_bytes

__all__ = ["SseReader"]


class SseReader(ForeignSubscriber, EventStreamSubscriber):
    """Reads one endless response after another."""

    _unlike = "not an event stream that can be read"
    places: ClassVar[tuple[str, ...]] = ("id", "json")

    __slots__ = ForeignSubscriber.STATE

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """With the server's keep-alive, if it is known."""
        keep_alive_s = speech.keep_alive_s
        silence_s = silence_of(keep_alive_s) if keep_alive_s else 0.0
        return profile.timed(keep_alive_s=keep_alive_s, silence_s=silence_s)

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        self._listen(now_ns, ANSWER_DUE_S)

    def _question(self) -> bytes:
        headers = {"Accept": EVENT_STREAM, "Cache-Control": "no-cache"} | self._headers()
        if self._last_id and self._place.kind != "json":
            headers["Last-Event-ID"] = self._last_id
        return request_bytes(self.endpoint.authority, "GET", self._path(), headers=headers)

    def _on_open(self, now_ns: int) -> None:
        self._stood = True
        keep_alive_s = self._speech.keep_alive_s
        self._listen(now_ns, silence_of(keep_alive_s) if keep_alive_s else 0.0)
        self._accepted()

    def _on_timer(self, now_ns: int) -> None:
        if self._stood or self._parser.status:
            super()._on_timer(now_ns)
        else:
            self._lose(f"{self._asked} is not answered", now_ns)

    def _read_stream(self, chunk: bytes, now_ns: int) -> None:
        for block in self._stream.blocks(chunk):
            # Most often there is one line of data, and perhaps an ID and a type.
            data: bytes | None = None
            event_id = b""
            for line in block.split(b"\n"):
                if line.startswith(b"data: "):
                    data = line[6:] if data is None else data + b"\n" + line[6:]
                elif line.startswith(b"id: "):
                    event_id = line[4:]
                elif not line.startswith((b"event:", b":")):
                    data, event_id = self._read_slowly(block)
                    break
            if event_id:
                self._note_id(event_id)
            if data is not None:
                if self._place.kind == "json":
                    self._keep(self._place.in_json(data))
                self._take(data)

    def _read_slowly(self, block: bytes) -> tuple[bytes | None, bytes]:
        """Data and ID of a block with anything else in it."""
        if not block:
            return None, b""
        event = self._stream.read(block)
        self._retry_s = self._stream.retry_ms / 1_000
        if event.gives_id and not event.id and self._place.kind != "json":
            self._last_id = ""  # by which the standard lets a server take the place back
        data = None if event.data is None else event.data.encode()
        return data, event.id.encode() if event.gives_id else b""

    def _note_id(self, event_id: bytes) -> None:
        if self._place.kind != "json" and b"\0" not in event_id:
            self._keep(event_id.decode("utf-8", "replace"))
