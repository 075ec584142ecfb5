"""The hub in a process of its own: started on a free port, ready when it says so, stopped cleanly.

The parent writes one line of JSON (a `HubConfig`) to the child's standard input, so that no secret
stands in an argument list; the child answers with one line when it listens, or when it cannot. It
ends when its standard input does, so it never outlives its parent.
"""

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pushlab import errors
from pushlab.contract.serving import BrokerAccess, HubSettings
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import HubFailed, SetupError, UsageError
from pushlab.wire.certificate import Certificate

__all__ = ["HubConfig", "HubProcess", "end_child", "spawn_hub", "start_hub"]

_STOP_S = 5.0
_START_S = 30.0
#: Errors that a child may report by name; anything else is a HubFailed.
_REPORTED = {
    name: getattr(errors, name)
    for name in errors.__all__
    if issubclass(getattr(errors, name), SetupError | UsageError)
}


@dataclass(frozen=True, slots=True)
class HubConfig:
    """How to run a hub.

    Attributes:
        host, port: where to listen; port 0 takes a free one.
        api_key: the application's secret; a fresh one unless given.
        keys: for tokens, as `TokenKeys.export` gives them; a fresh one unless given.
        settings: the dials.
        transports: transport name to its options; None serves all that are installed (MQTT only
            with a broker).
        broker: the MQTT broker to bridge to.
        presence_url: the application to tell about presence.
        certificate: with which to encrypt; None serves plain HTTP.
        allow_origins: of pages of other hosts that are let in; see `pushlab.hub.origins`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    api_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    keys: Mapping[str, str] = field(default_factory=lambda: TokenKeys.fresh().export(), repr=False)
    settings: HubSettings = field(default_factory=HubSettings)
    transports: Mapping[str, Mapping[str, Any]] | None = None
    broker: BrokerAccess | None = None
    presence_url: str | None = None
    certificate: Certificate | None = None
    allow_origins: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of JSON; it holds secrets."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "HubConfig":
        """The inverse of `to_json`."""
        values = json.loads(text)
        values["settings"] = HubSettings(**values["settings"])
        if values["broker"] is not None:
            values["broker"] = BrokerAccess(**values["broker"])
        if values["certificate"] is not None:
            values["certificate"] = Certificate(**values["certificate"])
        values["allow_origins"] = tuple(values["allow_origins"])
        return cls(**values)


class HubProcess:
    """A running hub.

    Attributes:
        url: where it listens, as ``http://host:port`` (or https).
        api_key: the application's secret.
        pid: of the process.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        url: str,
        config: HubConfig,
        log: deque[str],
        collectors: "Sequence[asyncio.Task[None]]",
    ) -> None:
        self._process = process
        self._log = log
        self._collectors = collectors
        self.url = url
        self.config = config
        self.api_key = config.api_key
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs, negative for the signal that killed it."""
        return self._process.returncode

    @property
    def log(self) -> str:
        """The last lines that the process wrote, to standard error mostly."""
        return "\n".join(self._log)

    async def wait(self) -> int:
        """Wait for its end; the exit status."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def stop(self) -> None:
        """End every stream with the reason ``server-restart``, then the process."""
        await end_child(self._process, within_s=_STOP_S)
        await asyncio.wait(self._collectors, timeout=1)  # its last words

    async def __aenter__(self) -> "HubProcess":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()


async def _collect(stream: asyncio.StreamReader, lines: deque[str]) -> None:
    """Keep the last lines of a stream, and keep it from filling up."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line longer than the reader holds: its beginning is dropped
            continue
        if not line:
            return
        lines.append(line.decode(errors="replace").rstrip())


async def end_child(process: asyncio.subprocess.Process, *, within_s: float = 0.0) -> None:
    """Close a child's input and wait for its end; kill it when that takes too long.

    It has ended when this returns; when the caller is cancelled it is killed, and waited for too.
    """
    if process.stdin is not None:
        with contextlib.suppress(ConnectionError):
            process.stdin.close()
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def spawn_hub() -> asyncio.subprocess.Process:
    """Start a process that waits for its configuration; `start_hub` gives it one."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pushlab.hub",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a terminal's Ctrl-C is for the parent, who then stops the hub
    )


async def start_hub(
    config: HubConfig | None = None, *, process: asyncio.subprocess.Process | None = None
) -> HubProcess:
    """Start a hub and return when it listens.

    Args:
        process: one that `spawn_hub` has started already.

    Raises:
        PortInUse: the port is taken.
        BrokerUnavailable: the bridge cannot reach or enter the broker.
        UnknownTransport, UsageError: the configuration names what is not there.
        HubFailed: it did not start; the text has its last words.
    """
    config = config or HubConfig()
    process = process or await spawn_hub()
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    log: deque[str] = deque(maxlen=50)
    collector = asyncio.create_task(_collect(process.stderr, log))
    try:
        process.stdin.write(config.to_json().encode() + b"\n")
        line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        answer = json.loads(line) if line else {}
        if not isinstance(answer, dict):
            raise ValueError("not an object")
    except BaseException as error:
        await end_child(process)
        if isinstance(error, TimeoutError):
            raise HubFailed(f"the hub was not ready within {_START_S:g} s") from error
        if isinstance(error, ValueError):
            raise HubFailed("the hub's first line of output was not its own") from error
        raise
    if "url" in answer:
        collectors = (collector, asyncio.create_task(_collect(process.stdout, log)))
        return HubProcess(process, answer["url"], config, log, collectors)
    await end_child(process)
    await collector
    kind = _REPORTED.get(answer.get("error", ""), HubFailed)
    text = answer.get("text") or "the hub did not start:\n" + "\n".join(log)
    raise kind(text)
