"""Starts a server of any make: free ports, a command, its readiness, and its certain end."""

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pushlab.child_environment import child_environment
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import SetupError
from pushlab.hub.child import Child, end_child, kill_child
from pushlab.systems.publishing import fill
from pushlab.wire.http1 import BadResponse, request_bytes
from pushlab.wire.http_client import fetch
from pushlab.wire.tls import client_context
from pushlab.wire.unreachable import why_unreachable

if TYPE_CHECKING:
    import psutil  # loaded late: the swarm's process knows this module, and starts nothing

__all__ = ["ServerProcess", "find_program", "free_ports", "launch", "told_by", "until_ready"]

_LOOK_AGAIN_S = 0.02
_LOOK_WITHIN_S = 2.0
_STOP_S = 5.0
_GO_AFTER_S = 1.0  # for what it has started to end after it
_LIMIT = 1 << 20
_LAST_WORDS = 3
#: Waits for the end of whoever started it, then ends a server's group and removes its folder.
_KEEPER = 'read -r _; kill -s TERM -- "-$1"; sleep 2; kill -s KILL -- "-$1"; rm -rf "$2"'
_TOLD_S = 10.0
#: Where servers may be that an ordinary user's PATH has not.
_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin:/opt/homebrew/sbin"


def find_program(name: str) -> str | None:
    """Where an installed program is; None: nowhere."""
    return shutil.which(name) or shutil.which(name, path=_FOLDERS)


def told_by(form: str, *command: str) -> str:
    """What a program says in this form, of which a group is what is wanted; or ``?``."""
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=_TOLD_S, env=child_environment()
    )
    found = re.search(form, told.stdout + told.stderr)
    return found[1] if found else "?"


class ServerProcess(Child):
    """A server's process, in a group of its own with all that it starts.

    Args:
        scratch: a folder that goes with it.
        keeper: a process that ends it when this one is killed.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        name: str,
        scratch: Path,
        keeper: asyncio.subprocess.Process,
    ) -> None:
        super().__init__(process, name)
        self.scratch = scratch
        self._keeper = keeper
        assert process.stdout is not None
        self._readers.append(asyncio.ensure_future(self._collect(process.stdout)))

    @property
    def called(self) -> str:
        """It, in a sentence: by a server's name."""
        return self.name

    def kill(self) -> None:
        """End it at once, and whatever it has started."""
        self._kill_all(self._descendants())

    def _kill_all(self, descendants: "Sequence[psutil.Process]") -> None:
        import psutil

        self._to_group(signal.SIGKILL)
        for each in descendants:  # some make a group of their own
            with contextlib.suppress(psutil.Error):
                each.kill()
        kill_child(self._keeper)  # its group's number may be another's soon

    def _descendants(self) -> "list[psutil.Process]":
        import psutil

        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to it and all that it has started."""
        self._to_group(number)

    def _to_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def crash(self) -> None:
        """End it at once, and whatever it has started; its folder stays for what comes after it."""
        self.kill()
        await self._process.wait()
        for task in self._readers:
            task.cancel()
        await self._keeper.wait()

    async def stop(self) -> None:
        """Ask it to end, and end it by force if it does not; its folder goes too."""
        import psutil

        descendants = self._descendants()
        self._to_group(signal.SIGTERM)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_S)
            await asyncio.to_thread(psutil.wait_procs, descendants, _GO_AFTER_S)
        finally:
            self._kill_all(descendants)
            await self._process.wait()
            for task in self._readers:
                task.cancel()
            await end_child(self._keeper)
            await asyncio.to_thread(shutil.rmtree, self.scratch, ignore_errors=True)

    @property
    def last_words(self) -> str:
        """The last lines that it wrote, in one line."""
        return "; ".join(line.strip() for line in self.log.splitlines()[-_LAST_WORDS:])


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listened at a moment ago."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            sock = stack.enter_context(socket.socket())
            sock.bind(("127.0.0.1", 0))
            found.append(int(sock.getsockname()[1]))
        return found


async def launch(
    command: str,
    *,
    name: str,
    scratch: Path | None = None,
    folder: Path | None = None,
    words: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> ServerProcess:
    """Start a command; it may not be ready yet.

    Args:
        command: as a shell would have it, without any of a shell's expansions; a template, whose
            places are filled within each word, so that none falls apart. Errors quote it as it is.
        folder: in which it runs.
        words: for the command's places.

    Raises:
        SetupError: there is no such program, it cannot be run, or a variable of the environment
            is not set.
    """
    scratch = scratch or Path(tempfile.mkdtemp(prefix="pushlab-server-"))
    try:
        filled = [fill(word, **(words or {})) for word in shlex.split(command)]
        process = await asyncio.create_subprocess_exec(
            *filled,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=child_environment(**(environment or {})),
            cwd=folder,
            limit=_LIMIT,
            start_new_session=True,
        )
        try:
            keeper = await _keeper(process.pid, scratch)
        except BaseException:
            kill_child(process)
            raise
    except (OSError, ValueError, IndexError) as error:
        shutil.rmtree(scratch, ignore_errors=True)
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise SetupError(f"{name}: cannot start {command!r}: {told}") from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return ServerProcess(process, name, scratch, keeper)


async def _keeper(pid: int, scratch: Path) -> asyncio.subprocess.Process:
    """What outlives this process, even if that is killed, and lets nothing of a server do so."""
    return await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", _KEEPER, "keeper", str(pid), str(scratch)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,  # a terminal's Ctrl-C is not for it
    )


async def until_ready(process: ServerProcess | None, url: str, path: str, within_s: float) -> None:
    """Wait until a server answers.

    Args:
        process: whose end is the end of waiting; None: it is not ours.
        path: must be answered by a status below 400; empty: its port must be open.

    Raises:
        SetupError: it ended, or does not answer in time.
    """
    name = process.name if process is not None else url
    last = "it does not answer"
    try:
        async with asyncio.timeout(within_s):
            while True:
                if process is not None and not process.running:
                    await asyncio.sleep(_LOOK_AGAIN_S)  # for its last words
                    raise SetupError(
                        f"{name} ended before it was ready (exit status {process.returncode}):"
                        f" {process.last_words or 'it said nothing'}"
                    )
                try:
                    last = await _look(url, path)
                except BadResponse as error:
                    last = f"what answers speaks no HTTP ({error})"
                except OSError as error:  # a timeout of its own is one, too
                    last = why_unreachable(error, Endpoint.from_url(url), _LOOK_WITHIN_S)
                if not last:
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        raise SetupError(f"{name} was not ready within {within_s:g} s: {last}") from None


async def _look(url: str, path: str) -> str:
    """Look once: what is wrong, or nothing. Raises OSError, TimeoutError, BadResponse."""
    end = Endpoint.from_url(url)
    if path:
        head = {"Connection": "close"}
        answer = await fetch(
            end.host,
            end.port,
            request_bytes(end.authority, "GET", path, headers=head),
            tls=client_context() if end.tls else None,
            within_s=_LOOK_WITHIN_S,
            head_only=True,
        )
        return "" if answer.status < 400 else f"{path} answers {answer.status}"
    _, writer = await asyncio.open_connection(end.host, end.port)
    writer.close()
    return ""
