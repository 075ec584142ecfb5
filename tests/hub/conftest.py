"""What the hub's tests share."""

import socket

import pytest


@pytest.fixture
def unused_port():
    """A port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
