"""Ports for servers that must be told theirs before they listen."""

import random
import socket

__all__ = ["free_port"]

_CHANCE = random.SystemRandom()  # workers seed the usual one alike
#: No kernel gives these by itself, so that no other server and no client gets one meanwhile.
_PORTS = range(10_000, 32_768)


def free_port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    while True:
        port = _CHANCE.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
