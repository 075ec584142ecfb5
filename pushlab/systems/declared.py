"""A system that is declared, not programmed: everything follows from its `SystemSpec`.

What comes with pushlab has its configuration in ``servers/NAME/``; files there that end in ``.in``
are templates like those of the declaration, and are written into a folder that goes with the trial.
"""

import importlib.resources
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pushlab.contract.authority import authority_of, is_loopback
from pushlab.contract.profile import Profile
from pushlab.contract.registry import load_transport
from pushlab.contract.transport import Transport
from pushlab.errors import SetupError, UsageError
from pushlab.systems.clients.foreign import ForeignSubscriber, speak
from pushlab.systems.foreign_api import ForeignApi, at_port
from pushlab.systems.launch import ServerProcess, find_program, free_ports, launch, until_ready
from pushlab.systems.publishing import HttpPublishing, MqttPublishing, Publishing, fill
from pushlab.systems.spec import SystemSpec, texts_of
from pushlab.systems.system import ServerApi, Started, System, Wanted, Watched

__all__ = ["DeclaredSystem", "servers_folder"]

_PORTS = 4


def servers_folder(name: str) -> Path:
    """The folder of a system that comes with pushlab, in a checkout or in an installation."""
    package = Path(str(importlib.resources.files("pushlab")))
    checkout, installed = package.parent / "servers", package / "systems" / "_servers"
    return (installed if installed.is_dir() else checkout) / name


class DeclaredSystem(System):
    """A system of this declaration.

    A subclass declares `spec`, which names it, and perhaps `needs`, `packages` and `version`,
    `clients` for a wire of its own, `words` and `environment`.

    Attributes:
        clients: by transport, the client half, where it is not the plain one of that transport.
        needs: programs that must be there, with how to get each.
        packages: distributions that must be there for this Python, which are what it is made of.
    """

    spec: SystemSpec
    clients: ClassVar[Mapping[str, type[ForeignSubscriber]]] = {}
    needs: ClassVar[Mapping[str, str]] = {}
    packages: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls) -> None:
        if spec := getattr(cls, "spec", None):
            cls.name, cls.title = spec.name, spec.title or spec.name

    @classmethod
    def of(cls, spec: SystemSpec) -> "DeclaredSystem":
        """The system that nothing but this describes."""
        kind: type[DeclaredSystem] = type("Declared", (cls,), {"spec": spec})
        return kind()

    @property
    def speaks(self) -> Sequence[str]:
        """The names of the transports that it speaks."""
        return list(self.spec.speaks)

    def profile(self, transport: str) -> Profile:
        """What a transport is as this system speaks it, but for options."""
        found = self._client(transport).profile or load_transport(transport).profile
        spoken = self.spec.speaks[transport]
        return replace(found, needs_broker=False, own_address=False, wire=None).retimed(
            keep_alive_s=spoken.keep_alive_s or None
        )

    def transport(self, name: str, settings: Mapping[str, Any]) -> Transport:
        """How it speaks this transport. Raises UsageError."""
        self.check_speaks(name)
        return speak(self.spec.speaks[name], self._client(name), self.profile(name), settings)

    def _client(self, transport: str) -> type[ForeignSubscriber]:
        from pushlab.systems.clients.plain import PLAIN

        client = self.clients.get(transport) or PLAIN.get(transport)
        if client is None:
            raise UsageError(f"no client half speaks {transport!r} to {self.spec.name}")
        return client

    @property
    def attached_to(self) -> str:
        """The host of its URL, if it has one."""
        return (urlsplit(self.spec.url).hostname or "") if self.spec.url else ""

    def texts(self) -> Iterable[tuple[str, str]]:
        """The templates of its declaration."""
        return texts_of(self.spec)

    def missing(self) -> str:
        """Which program or package is not there, and how to get it."""
        for program, how in self.needs.items():
            if find_program(program) is None:
                return f"{program} is not installed; {how}"
        lacking = [name for name in self.packages if _installed(name) is None]
        if not lacking:
            return ""
        be = "is" if len(lacking) == 1 else "are"
        return f"{', '.join(lacking)} {be} not installed; try: pip install {' '.join(lacking)}"

    def version(self) -> str:
        """Of the packages that it is made of."""
        found = ((name, _installed(name)) for name in self.packages)
        return ", ".join(f"{name} {version}" for name, version in found if version)

    def words(self) -> Mapping[str, str]:
        """What its templates may name beside ports and folders."""
        return {}

    def environment(self) -> Mapping[str, str]:
        """What its process has in its environment beside what this one has."""
        return {}

    # ---- starting ---------------------------------------------------------------------------

    async def start(self, wanted: Wanted) -> Started:
        """Start it, or attach to it. Raises SetupError, UsageError."""
        if wanted.tls and not self.spec.encrypted:
            raise UsageError(f"{self.spec.name} is started without encryption; leave out tls")
        if lacking := self.missing():
            raise SetupError(f"{self.spec.name}: {lacking}")
        if self.spec.url:
            await until_ready(None, self.spec.url, self.spec.ready, self.spec.ready_within_s)
            return _Attached(self.spec, self._api(self.spec.url, {}, wanted))
        if not is_loopback(wanted.host) and "{host}" not in self.spec.start:
            raise SetupError(
                f"{self.spec.name} cannot be placed on another machine: its start command names no"
                " {host} to listen at"
            )
        scratch = Path(tempfile.mkdtemp(prefix=f"pushlab-{self.spec.name}-"))
        own = Path(self.spec.folder) if self.spec.folder else None
        folder = own or servers_folder(self.spec.name)
        ports = free_ports(_PORTS)
        words = {"port": str(ports[0]), "scratch": str(scratch), "folder": str(folder)}
        words |= {"python": sys.executable, "host": wanted.host}
        words |= {f"port{place}": str(port) for place, port in enumerate(ports[1:], 2)}
        words |= self.words()
        if own is None and folder.is_dir():
            _write_templates(folder, scratch, words)
        url = f"http://{authority_of(wanted.host, ports[0])}"

        async def up() -> ServerProcess:
            process = await launch(
                self.spec.start,
                name=self.spec.name,
                scratch=scratch,
                folder=own,
                words=words,
                environment=self.environment(),
            )
            try:
                await until_ready(process, url, self.spec.ready, self.spec.ready_within_s)
            except BaseException:
                await process.stop()
                raise
            return process

        return _Running(await up(), up, self._api(url, words, wanted), self.spec.metrics)

    def _api(self, url: str, words: Mapping[str, str], wanted: Wanted) -> ServerApi:
        return ForeignApi(
            url,
            self._publishing(url, words),
            speaks=self.spec.speaks,
            words=words,
            channels=wanted.channels,
            key=wanted.stamp_key,
        )

    def _publishing(self, url: str, words: Mapping[str, str]) -> Publishing:
        publish = self.spec.publish
        url = at_port(url, publish.port, words)
        if publish.protocol == "mqtt":
            return MqttPublishing(
                url=url.replace("http", "mqtt", 1),
                topic=publish.topic,
                body=publish.body,
                user=publish.user,
                password=publish.password,
            )
        return HttpPublishing(
            url=url,
            method=publish.method,
            path=publish.path,
            body=publish.body,
            headers=dict(publish.headers),
        )


def _installed(distribution: str) -> str | None:
    """Its version for this Python; None: it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _write_templates(folder: Path, scratch: Path, words: Mapping[str, str]) -> None:
    for template in folder.rglob("*.in"):
        there = scratch / template.relative_to(folder).with_suffix("")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(fill(template.read_text(), **words))


class _Running(Started):
    """A server that was started for this trial."""

    def __init__(
        self,
        process: ServerProcess,
        up: Callable[[], Awaitable[ServerProcess]],
        api: ServerApi,
        metrics: str,
    ) -> None:
        self.api = api
        self._up = up
        self._metrics = metrics
        self._watch(process)

    def _watch(self, process: ServerProcess) -> None:
        self.children = [process]
        self.watched = {"hub": Watched(process.pid, tree=True, metrics=self._metrics)}
        self._process = process

    def send_signal(self, number: Any) -> None:
        """Send a signal to the server and all that it has started."""
        self._process.send_signal(number)

    async def restart(self) -> bool:
        """Kill it with all that it has started, and start it anew. Raises SetupError."""
        await self._process.crash()
        self._watch(await self._up())
        return True

    async def stop(self) -> None:
        """End it."""
        self.api.close()
        await self._process.stop()


class _Attached(Started):
    """A server that ran before, and goes on."""

    fresh = False

    def __init__(self, spec: SystemSpec, api: ServerApi) -> None:
        self.api = api
        if spec.pid or spec.metrics:
            self.watched = {"hub": Watched(spec.pid, tree=True, metrics=spec.metrics)}
        else:
            self.unwatched = "its process is not known: give pid or metrics"

    async def stop(self) -> None:
        """Let go of it."""
        self.api.close()
