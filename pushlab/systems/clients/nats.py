"""Readers of a NATS server in its own protocol: lines of text, each message behind one.

::

                               <----  INFO {"server_id": ...}
    CONNECT {"verbose": false}
    SUB subject 1
    PING                       ---->
                               <----  PONG: the reader is in
                               <----  MSG subject 1 size, and a line with the message
                               <----  PING, after a silence
    PONG                       ---->

The subject is the speech's topic with dots for slashes, as the server's MQTT has it. **Hits**:
CONNECT, SUB and the first PING are `connect` (`reconnect` after a loss); a PONG answers, and is
none. The protocol is described in the "Client Protocol" pages of NATS's documentation.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pushlab.contract.profile import Profile, silence_of
from pushlab.contract.subscriber import Phase
from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.spec import Speech

__all__ = ["NatsLines", "NatsReader"]

_NS = 1_000_000_000
_ANSWER_NS = 20 * _NS
_MOST_LINE = 64 * 1024
_MOST_BYTES = 64 * 1024 * 1024
_END = b"\r\n"


class NatsLines(ForeignSubscriber):
    """The conversation in lines, whatever carries them.

    A subclass calls `_meet` when a connection stands, and `_read` with what comes; `_say` sends.
    """

    #: The round trips of being let in.
    greeting: ClassVar[tuple[str, ...]] = ("INFO", "SUB and PING")

    addresses = ("topic",)
    if not TYPE_CHECKING:
        __slots__ = ()
    #: What a subclass puts into its own ``__slots__``, since only one of its parents may have any.
    STATE: ClassVar[tuple[str, ...]] = (
        *ForeignSubscriber.STATE,
        "_due_ns",
        "_greeted",
        "_in",
        "_line",
        "_silence_ns",
        "_subject",
    )

    _due_ns: int
    _greeted: bool
    _in: bool
    _line: bytes
    _silence_ns: int
    _subject: str

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._subject = self._filled(self._speech.topic).replace("/", ".")
        keep_alive_s = self._speech.keep_alive_s
        self._silence_ns = int(silence_of(keep_alive_s) * _NS) if keep_alive_s else 0

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """With the server's keep-alive, if it is known."""
        keep_alive_s = speech.keep_alive_s
        silence_s = silence_of(keep_alive_s) if keep_alive_s else 0.0
        told = replace(profile, greeting=cls.greeting)
        return told.timed(keep_alive_s=keep_alive_s, silence_s=silence_s)

    def _say(self, data: bytes) -> None:
        """Send lines."""
        self._send(data)

    def _meet(self, now_ns: int) -> None:
        """Wait for what the server says of itself."""
        self._greeted = self._in = False
        self._line = b""  # the beginning of what is not whole yet
        self._due_ns = now_ns + _ANSWER_NS  # by when it must have said something; 0: whenever
        self._timer_ns = self._due_ns

    def _on_info(self) -> None:
        speech = self._speech
        about = {"verbose": False, "pedantic": False, "headers": False, "lang": "pushlab"}
        about |= {"version": "1", "protocol": 1, "name": str(self.endpoint.details["client"])}
        if speech.user:
            about |= {"user": self._filled(speech.user), "pass": self._filled(speech.password)}
        self._say(f"CONNECT {json.dumps(about)}\r\nSUB {self._subject} 1\r\nPING\r\n".encode())
        for _ in range(3):
            self._hit(self._arrival)

    # ---- what arrives -----------------------------------------------------------------------

    def _read(self, data: bytes, now_ns: int) -> None:
        if self._silence_ns and self._in:
            self._due_ns = now_ns + self._silence_ns
        if self._line:
            data = self._line + data
        at = 0
        while (end := data.find(_END, at)) >= 0:
            line = data[at:end]
            if line.startswith(b"MSG "):
                told = line.rpartition(b" ")[2]
                if not told.isdigit() or int(told) > _MOST_BYTES:
                    self._lose(f"not NATS: {line[:60]!r}", now_ns)
                    return
                start = end + 2
                stop = start + int(told)
                if stop + 2 > len(data):
                    break
                self._take(data[start:stop])
                at = stop + 2
            else:
                at = end + 2
                self._on_line(line, now_ns)
                if self._phase is not Phase.OPEN:
                    return
        self._line = data[at:]
        if end < 0 and len(self._line) > _MOST_LINE:
            self._lose("not NATS: a line without an end", now_ns)

    def _on_line(self, line: bytes, now_ns: int) -> None:
        word, _, rest = line.partition(b" ")
        match word:
            case b"PING":
                self._say(b"PONG\r\n")
            case b"PONG":
                if not self._in:
                    self._in = True
                    self._due_ns = now_ns + self._silence_ns if self._silence_ns else 0
                    self._timer_ns = self._due_ns or None
                    self._accepted()
            case b"INFO":
                if not self._greeted:  # it says more later: that it goes, or has peers
                    self._greeted = True
                    self._on_info()
            case b"-ERR":
                told = rest.decode(errors="replace").strip("' ")
                if "authori" in told.lower() or "permission" in told.lower():
                    self._end(told, 401)
                else:
                    self._lose(f"the server says: {told}", now_ns)
            case b"+OK":
                pass
            case _:
                self._lose(f"not NATS: {line[:60]!r}", now_ns)

    def _on_timer(self, now_ns: int) -> None:
        if now_ns >= self._due_ns:
            self._lose("the server fell silent" if self._in else "no answer", now_ns)
        else:
            self._timer_ns = self._due_ns


class NatsReader(NatsLines):
    """Lines over TCP."""

    profile = Profile(
        name="nats",
        title="NATS",
        delivery="stream",
        protocol="nats",
        colour="#332288",
        dashes=(2, 1),
    )
    if not TYPE_CHECKING:
        __slots__ = NatsLines.STATE

    def _on_connected(self, now_ns: int) -> None:
        self._meet(now_ns)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._read(data, now_ns)
