"""The hub in a process of its own: started on a free port, ready when it says so, stopped cleanly.

The parent writes one line of JSON (a `HubConfig`) to the child's standard input, so that no secret
stands in an argument list; the child answers with one line when it listens, or when it cannot. It
ends when its standard input does, so it never outlives its parent. An empty line meanwhile asks how
late its event loop has been, which it answers with one more line.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pushlab import errors
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import HubFailed, SetupError, UsageError
from pushlab.hub.backplane.registry import MEMORY
from pushlab.hub.child import Child, ChildProcess, end_child, spawn_child
from pushlab.hub.reach.reach import ReachSettings
from pushlab.wire.certificate import Certificate

__all__ = ["HubConfig", "HubProcess", "spawn_hub", "start_hub"]

_START_S = 30.0
_TELL_S = 5.0
_LAGS = b"event loop's lags: "
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
        share_port: whether other hubs of this user may listen there too; the kernel shares out
            connections among them.
        api_key: the application's secret; a fresh one unless given.
        keys: for tokens, as `TokenKeys.export` gives them; a fresh one unless given.
        keys_file: where the keys are kept; a hub that runs takes over what is changed there.
        revoked_file: where the hub notes which tokens are revoked; None: in memory alone.
        keep: a file that keeps the channels over a restart; None: they go with the hub.
        backplane: what holds the channels' logs: ``memory``, or a URL such as
            ``redis://localhost:6379/0``; it may have a password in it.
        settings: the dials.
        transports: transport name to its options; None serves all that are installed (MQTT only
            with a broker).
        broker: the MQTT broker to bridge to.
        presence_url: the application to tell about presence; it may have a login in it.
        presence_key: signs what it is told; the API key if None.
        presence_reset: whether it is told of the start, too; see `pushlab.hub.presence.posts`.
        certificate: with which to encrypt; None serves plain HTTP.
        allow_origins: of pages of other hosts that are let in; see `pushlab.hub.reach.origins`.
        reach: how clients reach it, as far as it cannot see that itself.
        lag_every_s: how often its event loop is looked at; 0: never.
        clock_key: with which a trial asks for its time; empty: it does not answer. See
            `pushlab.wire.clock_exchange`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    share_port: bool = False
    api_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    keys: Mapping[str, str] = field(default_factory=lambda: TokenKeys.fresh().export(), repr=False)
    keys_file: str | None = None
    revoked_file: str | None = None
    keep: str | None = None
    backplane: str = field(default=MEMORY, repr=False)
    settings: HubSettings = field(default_factory=HubSettings)
    transports: Mapping[str, Mapping[str, Any]] | None = None
    broker: BrokerAccess | None = None
    presence_url: str | None = field(default=None, repr=False)
    presence_key: str | None = field(default=None, repr=False)
    presence_reset: bool = False
    certificate: Certificate | None = None
    allow_origins: tuple[str, ...] = ()
    reach: ReachSettings = field(default_factory=ReachSettings)
    lag_every_s: float = 0.0
    clock_key: str = field(default="", repr=False)

    def to_json(self) -> str:
        """One line of JSON; it holds secrets."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "HubConfig":
        """The inverse of `to_json`."""
        return msgspec.json.decode(text, type=cls)


class HubProcess(Child):
    """A running hub; start it with `start_hub`, use it as an async context manager.

    Attributes:
        url: where it listens, as ``http://host:port`` (or https).
        clock_port: where it is asked for its time; 0: nowhere.
        api_key: the application's secret.
    """

    def __init__(self, process: ChildProcess, config: HubConfig) -> None:
        super().__init__(process, "hub")
        self.url = ""
        self.clock_port = 0
        self.config = config
        self.api_key = config.api_key
        self._told: asyncio.Queue[bytes] = asyncio.Queue()

    async def __aenter__(self) -> "HubProcess":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def answer(self) -> dict[str, Any]:
        """Give it its configuration: its first line, ``url`` or ``error`` and ``text``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self.config.to_json().encode() + b"\n")
        line = await self._process.stdout.readline()
        answer = json.loads(line) if line else {}
        if not isinstance(answer, dict):
            raise ValueError("not an object")
        self.url = answer.get("url", "")
        self.clock_port = answer.get("clock_port", 0)
        self._readers.append(asyncio.ensure_future(self._listen(self._process.stdout)))
        return answer

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Keep what it says, and tell its answers from that."""
        while line := await stream.readline():
            if line.startswith(_LAGS):
                self._told.put_nowait(line.removeprefix(_LAGS))
            else:
                self._log.append(line.decode(errors="replace").rstrip())

    async def loop_lags(self) -> list[list[int]]:
        """When its event loop was looked at, and how late it was, in nanoseconds.

        Empty where it was not asked to look, or does not answer in time.
        """
        assert self._process.stdin is not None
        if not self.config.lag_every_s or not self.running:
            return []
        with contextlib.suppress(TimeoutError, OSError):
            self._process.stdin.write(b"\n")
            return list(json.loads(await asyncio.wait_for(self._told.get(), _TELL_S)))
        return []


async def spawn_hub() -> asyncio.subprocess.Process:
    """Start a process that waits for its configuration; `start_hub` gives it one."""
    return await spawn_child("pushlab.hub")


async def start_hub(
    config: HubConfig | None = None, *, process: ChildProcess | None = None
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
    process = process or await spawn_hub()
    hub = HubProcess(process, config or HubConfig())
    try:
        answer = await asyncio.wait_for(hub.answer(), _START_S)
    except BaseException as error:
        await end_child(process)
        if isinstance(error, TimeoutError):
            raise HubFailed(f"the hub was not ready within {_START_S:g} s") from error
        if isinstance(error, ValueError):
            raise HubFailed("the hub's first line of output was not its own") from error
        raise
    if hub.url:
        return hub
    await hub.stop()
    kind = _REPORTED.get(answer.get("error", ""), HubFailed)
    raise kind(answer.get("text") or f"the hub did not start:\n{hub.log}")
