"""Serving a hub on this event loop, with uvicorn."""

import asyncio
import contextlib
import errno
import gc
import logging
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from pushlab.contract.registry import make_transport, transport_names
from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.errors import PortInUse, SetupError, UsageError
from pushlab.hub.app import App, Site, SiteMaker
from pushlab.hub.backplane.backplane import Backplane
from pushlab.hub.backplane.memory import MemoryBackplane
from pushlab.hub.backplane.registry import MEMORY, backplane_class
from pushlab.hub.child import raise_descriptor_limit
from pushlab.hub.core import Hub
from pushlab.hub.edge.accepting import BACKLOG, Acceptor
from pushlab.hub.edge.guarded_websocket import GuardedWebSocket
from pushlab.hub.edge.http_protocol import HttpProtocolFactory
from pushlab.hub.edge.limits import Edge
from pushlab.hub.edge.redaction import redact_logs
from pushlab.hub.edge.vanishing import set_vanishing_limits
from pushlab.hub.keys.keyring import watching_keys
from pushlab.hub.keys.revoked import Revoked
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.process import HubConfig
from pushlab.hub.reach.broker_place import broker_place
from pushlab.hub.reach.origins import Origins
from pushlab.hub.reach.reach import Reach, local_url

__all__ = ["hold_port", "serve"]

#: Of a client's one message: a page says little, and strangers shall not fill the memory.
_MOST_WEBSOCKET_BYTES = 256 * 1024
_SEND_BUFFER_BYTES = 256 * 1024  # bounds what the kernel holds for a reader that stalls
_GRACE_S = 2


def hold_port(host: str, port: int) -> socket.socket:
    """Take a port for hubs that will share it: a socket that is bound, and does not listen.

    While it is open nobody else's hub gets the port, however often those that share it end.

    Raises:
        PortInUse, SetupError: somebody else has it; or it cannot be had at all.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise SetupError("this system does not let processes share a port; use --workers 1")
    _bound(host, port, shared=False).close()  # who shares it already would let us in as well
    return _bound(host, port, shared=True)


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that is bound, no more. Raises PortInUse or SetupError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise _cannot_listen(error, host, port) from error
    return listener


def _cannot_listen(error: OSError, host: str, port: int) -> SetupError:
    if error.errno == errno.EADDRINUSE:
        return PortInUse(
            f"port {port} on {host} is in use; choose another with --port, or 0 for a free one"
        )
    return SetupError(f"cannot listen on {host}:{port}: {error.strerror}")


def _listen(config: HubConfig) -> socket.socket:
    """A listening socket. Raises PortInUse or SetupError."""
    listener = _bound(config.host, config.port, shared=config.share_port)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Whatever else connections inherit.
        set_vanishing_limits(listener, config.settings)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(error, config.host, config.port) from error
    listener.setblocking(False)
    return listener


def _transports(config: HubConfig) -> list[Transport]:
    chosen = config.transports
    if chosen is None:
        chosen = {name: {} for name in transport_names()}
    made = [make_transport(name, options) for name, options in chosen.items()]
    return [made_one for made_one in made if config.broker or not made_one.profile.needs_broker]


def _hub(config: HubConfig) -> Hub:
    poster = None
    if config.presence_url:
        key = config.presence_key or config.api_key
        poster = PresencePoster(config.presence_url, key=key, resets=config.presence_reset)
    keys = TokenKeys.restore(config.keys)
    journal = None if config.revoked_file is None else Path(config.revoked_file)
    return Hub(
        keys=keys,
        settings=config.settings,
        broker=config.broker,
        poster=poster,
        revoked=Revoked(journal, now=time.time()),
        backplane=partial(_backplane, config),
    )


def _backplane(config: HubConfig, hub: Hub) -> Backplane:
    if config.backplane != MEMORY:
        if config.keep is not None:
            raise UsageError("--keep is for a hub alone; a backplane has its own way to keep")
        return backplane_class(config.backplane)(hub, config.backplane)
    if config.keep is None:
        return MemoryBackplane(hub)
    try:  # here and not above: a hub that keeps nothing needs no SQLite
        from pushlab.hub.keep.file import KeepFile
    except ImportError as error:
        raise SetupError("--keep needs SQLite, which this Python was built without") from error
    from pushlab.hub.keep.keep import Keep
    from pushlab.hub.keep.lives import Lives

    file = KeepFile(Path(config.keep))
    lives = Lives(file.seed, file.generation)
    backplane = MemoryBackplane(hub, lives=lives)
    backplane.keep_in(keep := Keep(file, hub, lives))
    keep.restore(config.settings)
    return backplane


def _application(
    config: HubConfig, hub: Hub, transports: Sequence[Transport], site: Site | None
) -> tuple[App, Any]:
    """The application, and what makes protocols, as the class does that uvicorn expects."""
    reach = Reach(config.reach, bound=config.host)
    origins = Origins(config.allow_origins, reach)
    app = App(
        hub,
        api_key=config.api_key,
        transports=transports,
        origins=origins,
        reach=reach,
        site=site,
    )
    foreign = origins.foreign if config.allow_origins else None
    with_client = bool(reach.forwarders)
    dials = config.settings
    edge = Edge(head_s=dials.head_s, body_s=dials.body_s, note=hub.refusals.note)
    known = reach.hosts.know
    return app, HttpProtocolFactory(app.routes, foreign, known, edge=edge, with_client=with_client)


class _Server(uvicorn.Server):
    """A uvicorn server that lets another accept, says when it listens, and leaves signals alone."""

    def __init__(
        self,
        config: uvicorn.Config,
        hub: Hub,
        listener: socket.socket,
        *,
        trusts: Callable[[str], bool],
        on_started: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._hub = hub
        self._listener = listener
        self._trusts = trusts
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup([])  # none that uvicorn would accept from
        connections = self.server_state.connections
        protocol_class: Any = self.config.http_protocol_class
        self._acceptor = Acceptor(
            self._listener,
            partial(
                protocol_class,
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
            ),
            connections=connections,
            settings=self._hub.settings,
            refusals=self._hub.refusals,
            trusts=self._trusts,
            tls=self.config.ssl,
        )
        self._hub.connections = lambda: len(connections)
        self._hub.most_connections = self._acceptor.most
        await self._acceptor.start()
        gc.freeze()  # what is here stays; looking at all of it would stop the hub for 50 ms
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, then end what is open."""
        self._acceptor.close()
        await super().shutdown([])

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Leave them alone."""
        yield


def _server_config(
    config: HubConfig, app: App, protocol: Any, transports: Sequence[Transport]
) -> uvicorn.Config:
    # Nothing is compressed unless a transport asks for it: MQTT's WebSocket is like its TCP.
    settings: dict[str, Any] = {
        "ws_per_message_deflate": False,
        "ws_max_size": _MOST_WEBSOCKET_BYTES,
        "timeout_keep_alive": config.settings.idle_s,
    }
    if config.certificate is not None:
        settings["ssl_certfile"] = config.certificate.certfile
        settings["ssl_keyfile"] = config.certificate.keyfile
    for transport in transports:
        settings.update(transport.server_settings())
    return uvicorn.Config(
        app,
        http=protocol,
        ws=GuardedWebSocket,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
        **settings,
    )


async def _run(hub: Hub, config: HubConfig, stack: contextlib.AsyncExitStack) -> None:
    """Let the hub run, and what writes and reads its files, until the stack ends."""
    await stack.enter_async_context(hub.backplane.running())
    await stack.enter_async_context(hub.running())
    keys_file = None if config.keys_file is None else Path(config.keys_file)
    if keys_file is not None or config.revoked_file is not None:
        watching = watching_keys(hub.grants, keys_file, wall=hub.wall)
        await stack.enter_async_context(watching)


def _what(transport: Transport, hub: Hub) -> str:
    """What runs at one hub at a time: what speaks to a broker, once for each."""
    if hub.broker is None or not transport.profile.needs_broker:
        return transport.name
    return f"{transport.name} {broker_place(hub.broker)}"


def _background(transport: Transport, hub: Hub) -> contextlib.AbstractAsyncContextManager[None]:
    return transport.background(hub) or contextlib.nullcontext()


async def serve(
    config: HubConfig,
    *,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    make_site: SiteMaker | None = None,
) -> None:
    """Serve until `stop` is set; `ready(url)` is called once, when the hub listens.

    Args:
        make_site: makes the pages to serve besides; None serves none.

    Raises:
        PortInUse, BrokerUnavailable, UnknownTransport, UsageError: it cannot start.
    """
    raise_descriptor_limit()
    redact_logs()
    # Nobody asked for what uvicorn says; who does finds no token in it.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    transports = _transports(config)
    hub = _hub(config)
    if config.certificate is not None:
        config.certificate.server_context()  # what is wrong with it is told in one line
    listener = _listen(config)
    port = listener.getsockname()[1]
    hub.listening_at(local_url(config.host, port, tls=config.certificate is not None))
    site = make_site(hub) if make_site is not None else None
    app, protocol = _application(config, hub, transports, site)
    server = _Server(
        _server_config(config, app, protocol, transports),
        hub,
        listener,
        trusts=app.reach.forwarders.trusts,
        on_started=lambda: ready(hub.url()),
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        await _run(hub, config, stack)
        for transport in transports:
            if transport.background(hub) is not None:
                run = partial(_background, transport, hub)
                alone = hub.backplane.one_at_a_time(_what(transport, hub), run)
                await stack.enter_async_context(alone)
        if site is not None:
            await stack.enter_async_context(site.running())
        serving = asyncio.ensure_future(server.serve(sockets=[]))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.close()
            server.should_exit = True
            stopping.cancel()
            await serving
