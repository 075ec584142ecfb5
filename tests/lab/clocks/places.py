"""Places whose clocks or networks are their own, on this machine: by Linux's namespaces."""

import asyncio
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pushlab.child_environment import child_environment
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.place import HerePlace
from pushlab.lab.scenario.cells import Cell
from pushlab.systems.registry import HUB
from pushlab.systems.system import Started, Wanted

__all__ = ["ApartPlace", "shifted", "unshared", "why_no_shift"]


class ApartPlace(HerePlace):
    """A place whose processes are started by a command in front of theirs.

    Args:
        command: such as ``unshare ... --``.
        environment: more of it.
    """

    here = False
    shares_clock = False

    def __init__(
        self,
        command: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._command = command
        self._environment = environment or {}
        self.address = address

    async def spawn(self, module: str, *arguments: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *(*self._command, sys.executable, "-m", module, *arguments),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={**child_environment(), **self._environment},
            limit=1 << 26,
            start_new_session=True,
        )

    async def start(self, cell: Cell, wanted: Wanted) -> Started:
        assert cell.system == HUB
        spare = await self.spawn("pushlab.hub")
        return await cell.served_by.start(replace(wanted, host=self.address, spare=spare))

    def watch(self, name: str, pid: int, *, tree: bool = False) -> ProcessWatch:
        return TreeWatch(pid, name)  # the command may stay above what it starts


def unshared(seconds: int) -> list[str]:
    """The command in front of what shall have a monotonic clock that is so far ahead."""
    return ["unshare", "--time", f"--monotonic={seconds}", "--fork", "--kill-child", "--"]


def shifted(seconds: int) -> ApartPlace:
    """A place whose monotonic clock is that far ahead."""
    return ApartPlace(unshared(seconds))


@functools.cache
def why_no_shift() -> str:
    """Why there can be no time namespace here; empty where there can."""
    if not sys.platform.startswith("linux") or not shutil.which("unshare"):
        return "time namespaces are Linux's, and made by unshare(1)"
    made = subprocess.run([*unshared(1), "true"], capture_output=True, text=True, check=False)
    if made.returncode:
        who = "this user" if os.geteuid() else "the kernel"
        told = (made.stderr.strip().splitlines() or ["no reason told"])[-1]
        return f"{who} may make no time namespace ({told})"
    return ""
