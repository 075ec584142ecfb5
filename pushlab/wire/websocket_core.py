"""The sans-I/O core of `websockets`, for both ends, in all its versions alike.

RFC 6455 lets control frames come between the fragments of a message (section 5.4), a close too. The
core takes such a close for an error, and answers 1002 where its code should come back.
"""

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol
from websockets.version import version as _version

__all__ = ["ClientCore", "ServerCore", "header_text"]

_SIZES = ("cur_size", "current_size")  # of the message so far; the name in old versions, and in new
#: As which text it takes a header's bytes; uvicorn makes bytes of that again.
_BYTES = ("latin-1",) if int(_version.partition(".")[0]) >= 17 else ("ascii", "surrogateescape")


def header_text(value: bytes) -> str:
    """A header's value as the library holds it."""
    return value.decode(*_BYTES)


def _forget_fragments(core: ClientProtocol | ServerProtocol) -> None:
    """Let the core take no message for begun."""
    for name in _SIZES:
        if hasattr(core, name):
            setattr(core, name, None)


class ClientCore(ClientProtocol):
    """A client's."""

    def recv_frame(self, frame: Frame) -> None:
        """Process a frame."""
        if frame.opcode is Opcode.CLOSE:
            _forget_fragments(self)
        super().recv_frame(frame)


class ServerCore(ServerProtocol):
    """A server's."""

    def recv_frame(self, frame: Frame) -> None:
        """Process a frame."""
        if frame.opcode is Opcode.CLOSE:
            _forget_fragments(self)
        super().recv_frame(frame)
