"""The sans-I/O core of `websockets`, for both ends, but that a close may come within a message.

RFC 6455 lets control frames come between the fragments of a message (section 5.4), a close too. The
core takes such a close for an error, and answers 1002 where its code should come back.
"""

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

__all__ = ["ClientCore", "ServerCore"]

_SIZES = ("cur_size", "current_size")  # of the message so far; the name in old versions, and in new


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
