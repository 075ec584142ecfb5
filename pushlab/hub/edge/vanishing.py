"""Finding a peer that vanished without a word: power cut, cable pulled.

The kernel does it: it probes a connection that is idle and gives up one whose bytes are not
acknowledged. On Linux accepted sockets inherit that from the listener.
"""

import socket
import sys

from pushlab.contract.serving import HubSettings

__all__ = ["set_vanishing_limits"]

_TCP_RXT_CONNDROPTIME = 0x80  # macOS's name for Linux's TCP_USER_TIMEOUT, in whole seconds


def set_vanishing_limits(sock: socket.socket, settings: HubSettings) -> None:
    """Let the kernel give a silent peer up so that it is present for `vanished_s` at most.

    The worst case is a peer that vanishes just behind an answer, and to whom bytes are sent just
    before the probes have told: then those have their time as well.
    """
    idle_s = _whole(settings.unheard_s)
    again_s = _whole(settings.vanished_s - settings.unheard_s - settings.unanswered_s)
    options = {
        "TCP_KEEPIDLE": idle_s,
        "TCP_KEEPALIVE": idle_s,  # macOS's name for it
        "TCP_KEEPINTVL": again_s,
        "TCP_KEEPCNT": 1,  # where there is no time-out to say it
        "TCP_USER_TIMEOUT": int(settings.unanswered_s * 1_000),
    }
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in options.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if sys.platform == "darwin":
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_RXT_CONNDROPTIME, _whole(settings.unanswered_s))


def _whole(span_s: float) -> int:
    """In seconds that the kernel takes."""
    return min(max(1, int(span_s)), 32_767)
