"""A cable to a network namespace of its own: what comes through it is another machine's.

Only root can lay one, and only on Linux; what needs it is marked with `NEEDS_CABLE`.
"""

import contextlib
import ctypes
import itertools
import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

__all__ = ["NEEDS_CABLE", "Cable"]

NEEDS_CABLE = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces are made by root"
)
_numbers = itertools.count()


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, capture_output=True)


class Cable:
    """A cable between this machine and a namespace; `pull` it, and neither end is told."""

    def __init__(self) -> None:
        name = f"{os.getpid():x}x{next(_numbers):x}"
        self.namespace = f"cable{name}"
        network = f"10.213.{os.getpid() % 250}"
        self.near, self.far = f"{network}.1", f"{network}.2"
        near, far = f"v{name}a", f"v{name}b"
        self._near, self._far = near, far
        for command in (
            f"netns add {self.namespace}",
            f"link add {near} type veth peer name {far} netns {self.namespace}",
            f"addr add {self.near}/24 dev {near}",
            f"link set {near} up",
            f"-n {self.namespace} addr add {self.far}/24 dev {far}",
            f"-n {self.namespace} link set {far} up",
        ):
            ip(command)

    def dial(self, port: int) -> socket.socket:
        """A connection from beyond the cable."""
        with ThreadPoolExecutor(1) as thread:  # a thread enters, and only its sockets are there
            return thread.submit(self._dial, port).result()

    def _dial(self, port: int) -> socket.socket:
        with open(f"/run/netns/{self.namespace}") as there:
            if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        return socket.create_connection((self.near, port))

    def pull(self) -> None:
        ip(f"-n {self.namespace} link set {self._far} down")

    def remove(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            ip(f"link del {self._near}")
        ip(f"netns del {self.namespace}")
