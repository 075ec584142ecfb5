"""A broker that is ready: how the hub reaches it, and how it is stopped."""

import asyncio
import atexit
import contextlib
import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from pushlab.contract.broker_access import BrokerAccess
from pushlab.errors import BrokerUnavailable

__all__ = ["Broker"]

_STOP_S = 5.0
_LOOK_S = 0.2
_LONGEST_PAUSE_S = 5.0
_log = logging.getLogger("pushlab")


class Broker:
    """A broker that is ready; stop it with `stop`, or use it as an async context manager.

    Args:
        held: a descriptor that keeps `folder` for this broker alone; it stays then.
        start: starts the child again, with the port and the files of before.

    Attributes:
        access: how the hub reaches it.
        kind: ``mosquitto``, ``embedded`` or ``remote``.
        version: the program's version; empty for a remote one.
        pid: the child's process id; None for a remote one.
    """

    def __init__(
        self,
        access: BrokerAccess,
        *,
        version: str = "",
        child: "subprocess.Popen[bytes] | None" = None,
        folder: Path | None = None,
        held: int | None = None,
        start: "Callable[[], subprocess.Popen[bytes]] | None" = None,
    ) -> None:
        self.access = access
        self.kind = access.kind
        self.version = version
        self._child = child
        self._folder = folder
        self._held = held
        self.start = start
        if child is not None:
            atexit.register(self.kill)

    def __repr__(self) -> str:
        where = f"{self.access.host}:{self.access.port}"
        return f"<Broker {self.kind} {self.version} on {where}>"

    @property
    def pid(self) -> int | None:
        """The child's process id; None for a broker that is not ours."""
        return None if self._child is None else self._child.pid

    @property
    def running(self) -> bool:
        """Whether the child still runs; a broker that is not ours counts as running."""
        return self._child is None or self._child.poll() is None

    async def keep_running(self) -> None:
        """Start the child again whenever it ends, until this is cancelled.

        On Linux it dies with the thread that does so.
        """
        pause_s = _LOOK_S
        while self.start is not None and self._child is not None:
            await asyncio.sleep(pause_s)
            if self.running:
                pause_s = _LOOK_S
                continue
            status = self._child.returncode
            _log.error("the MQTT broker ended (exit status %s); it is started again", status)
            with contextlib.suppress(BrokerUnavailable):
                self._child = self.start()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """End the child, by force if it does not follow; call it as often as you like."""
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(child.wait, _STOP_S)
        self.kill()

    def kill(self) -> None:
        """End the child at once, and remove its files."""
        child = self._child
        if child is not None:
            if child.poll() is None:
                child.kill()
                child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            atexit.unregister(self.kill)
        if self._held is not None:
            os.close(self._held)
            self._held = self._folder = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def __aenter__(self) -> "Broker":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()
