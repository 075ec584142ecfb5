"""Notes each look outside of this machine that a Python process and its children take."""

import os
from pathlib import Path

__all__ = ["watched", "watching"]

_LOOK = "PUSHLAB_COURSE_TEST_LOOKS"
_SITE = """
import os, socket

def _note(host):
    here = host in (None, "", b"", "localhost", b"localhost", "::1", "::", "0.0.0.0")
    if not here and not (isinstance(host, str) and host.startswith("127.")):
        with open(os.environ["{look}"], "a") as log:
            log.write(str(host) + chr(10))

_look_up = socket.getaddrinfo

def getaddrinfo(host, *more, **named):
    _note(host)
    return _look_up(host, *more, **named)

class Watched(socket.socket):
    def connect(self, address):
        if isinstance(address, tuple):
            _note(address[0])
        return super().connect(address)

    def connect_ex(self, address):
        if isinstance(address, tuple):
            _note(address[0])
        return super().connect_ex(address)

socket.getaddrinfo, socket.socket = getaddrinfo, Watched
"""


def watching(folder: Path) -> dict[str, str]:
    """The environment of a process that is to be watched."""
    (folder / "sitecustomize.py").write_text(_SITE.replace("{look}", _LOOK))
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, _LOOK: str(folder / "looks.txt")}


def watched(folder: Path) -> set[str]:
    """The hosts that were looked for."""
    log = folder / "looks.txt"
    return set(log.read_text().split()) if log.exists() else set()
