"""WebSocket of a foreign server: a greeting of ours if it wants one, then every message is one.

Other protocols over WebSocket derive from `WebSocketReader`, and override `_on_open`, `_on_text`
and perhaps `_closed`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from websockets.frames import Frame, Opcode

from pushlab.contract.profile import Profile, silence_of
from pushlab.contract.reasons import is_final
from pushlab.systems.clients.foreign import ANSWER_DUE_S, ForeignSubscriber
from pushlab.systems.spec import Speech
from pushlab.wire.http1 import ResponseParser
from pushlab.wire.websocket_client import FrameSubscriber, WebSocketOptions

__all__ = ["WebSocketReader"]

_MAX_BYTES = 1024 * 1024
#: Codes of a server that will say the same again (RFC 6455, section 7.4.1).
_FOR_GOOD = (1002, 1003, 1007, 1008, 1009, 1010)
_MOST_SHOWN = 80


class WebSocketReader(ForeignSubscriber, FrameSubscriber):
    """Reads messages of text or bytes."""

    _max_bytes = _MAX_BYTES
    _unlike = "not a message that can be read"
    Options: ClassVar[type[Any]] = WebSocketOptions
    places: ClassVar[tuple[str, ...]] = ("id", "json")

    __slots__ = (*ForeignSubscriber.STATE, "_spoke")

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """With the server's keep-alive, if it is known."""
        keep_alive_s = speech.keep_alive_s
        silence_s = silence_of(keep_alive_s) if keep_alive_s else 0.0
        return profile.timed(keep_alive_s=keep_alive_s, silence_s=silence_s)

    def _on_connected(self, now_ns: int) -> None:
        self._spoke = False  # whether a message has come on this connection
        super()._on_connected(now_ns)
        self._listen(now_ns, ANSWER_DUE_S)

    def _subprotocols(self) -> Sequence[str]:
        return [self._speech.subprotocol] if self._speech.subprotocol else ()

    def _shake_hands(self, data: bytes, now_ns: int) -> bytes:
        rest = super()._shake_hands(data, now_ns)
        if self._upgraded and not self._stood:
            self._stood = True
            keep_alive_s = self._speech.keep_alive_s
            self._listen(now_ns, silence_of(keep_alive_s) if keep_alive_s else 0.0)
        return rest

    def _on_open(self, now_ns: int) -> None:
        """The handshake is done: say what the speech says, and be in."""
        if self._speech.hello:
            self._say(self._filled(self._speech.hello))
        self._accepted()

    def _say(self, data: str | bytes) -> None:
        """Send a message. The core would log it, and a secret may be in it."""
        opcode = Opcode.TEXT if isinstance(data, str) else Opcode.BINARY
        payload = data.encode() if isinstance(data, str) else data
        frame = Frame(opcode, payload)
        self._send(frame.serialize(mask=True, extensions=self._protocol.extensions))

    def _takes_next(self, data: bytes, start: int, now_ns: int) -> bool:
        text = data[start:]
        if not text.isascii():
            text.decode()  # what is not UTF-8 is no text
        self._on_text(text, now_ns)
        return True

    def _on_text(self, data: bytes, now_ns: int) -> None:
        """A whole text, or a message of bytes."""
        self._spoke = True
        if self._place.kind:
            self._keep(self._place.in_text(data))
        self._take(data)

    def _on_binary(self, data: bytes, now_ns: int) -> None:
        self._on_text(data, now_ns)

    # ---- the end ----------------------------------------------------------------------------

    def _on_timer(self, now_ns: int) -> None:
        if self._upgraded:
            super()._on_timer(now_ns)
        else:
            self._lose(f"{self._asked} is not answered", now_ns)

    def _closed(self, code: int, reason: str, now_ns: int) -> None:
        told = reason if reason.isprintable() else ""
        said = f"the server closed the WebSocket: {code} {told[:_MOST_SHOWN]}".rstrip()
        status = code - 4000 if 4400 <= code < 4500 else 0
        if is_final(status) or (code in _FOR_GOOD and not self._spoke):
            self._end(said, status or 403)
        else:
            self._lose(said, now_ns)

    def _refusal_reason(self, answer: ResponseParser) -> str:
        return self._refusal(answer)
