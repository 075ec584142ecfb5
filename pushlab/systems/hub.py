"""pushlab's own hub, as one system among others: it has tokens, numbers and counts of its own.

It is one process, or several on one port that share a backplane.
"""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pushlab.brokers.start import Broker, Listen, start_broker
from pushlab.contract.registry import make_transport, transport_names
from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.errors import PushlabError
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.backplane.registry import MEMORY, OWN, with_prefix
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.hub.serve import hold_port
from pushlab.systems.certificates import fresh_certificate
from pushlab.systems.hub_api import HubApi
from pushlab.systems.system import Beside, Started, System, Wanted, Watched
from pushlab.wire.certificate import Certificate

__all__ = ["HubSystem", "StartedHub", "hub_config"]

_STOP_S = 8.0


class HubSystem(System):
    """The hub in a process of its own, with a broker beside it for a transport that needs one."""

    name = "hub"
    title = "Hub"
    counts_hits = True

    @property
    def speaks(self) -> Sequence[str]:
        """Every transport that is installed."""
        return transport_names()

    def transport(self, name: str, settings: Mapping[str, Any]) -> Transport:
        """The transport itself. Raises UnknownTransport, MissingExtra, UsageError."""
        return make_transport(name, settings)

    async def start(self, wanted: Wanted) -> "StartedHub":
        """Start the broker, for transports that need one, what hubs share, and the hubs.

        Raises:
            BrokerUnavailable, BackplaneUnavailable, HubFailed, PortInUse, UsageError: one does not
                start.
        """
        async with contextlib.AsyncExitStack() as stack:
            certificate = None
            with contextlib.ExitStack() as meanwhile:
                if wanted.tls:
                    certificate = meanwhile.enter_context(fresh_certificate(wanted.host))
                redis = None
                if wanted.backplane == OWN:
                    redis = await stack.enter_async_context(RedisServer())
                config, broker = await hub_config(wanted, certificate)
                if broker is not None:
                    stack.push_async_callback(broker.stop)
                config = replace(config, backplane=_place(wanted.backplane, redis))
                if wanted.hub_workers > 1:
                    held = stack.enter_context(hold_port(config.host, config.port))
                    config = replace(config, port=held.getsockname()[1], share_port=True)
                hubs = await _start_hubs(config, wanted.hub_workers, wanted.spare)
            authority = None if certificate is None else certificate.authority
            started = StartedHub(hubs, broker, authority, config, redis)
            started.beside = stack.pop_all()
            return started


def _place(backplane: str, redis: RedisServer | None) -> str:
    """The URL of a place that no other trial has."""
    if redis is not None:
        return redis.url
    if backplane == MEMORY:
        return MEMORY
    return with_prefix(backplane, f"pushlab-{secrets.token_hex(6)}")


async def _start_hubs(config: HubConfig, count: int, spare: Any = None) -> list[HubProcess]:
    """So many at one place; none is left if one does not start. Raises as `start_hub`."""
    spares = [spare, *[None] * (count - 1)]
    starting = [asyncio.ensure_future(start_hub(config, process=one)) for one in spares]
    try:
        hubs = await asyncio.gather(*starting)
    except BaseException:
        for task in starting:
            task.cancel()
        for told in await asyncio.gather(*starting, return_exceptions=True):
            if isinstance(told, HubProcess):
                told.kill()
                await told.stop()
        raise
    for number, hub in enumerate(hubs, 1):
        hub.name = "hub" if count == 1 else f"hub {number} of {count}"
    return hubs


async def hub_config(
    wanted: Wanted, certificate: Certificate | None = None
) -> tuple[HubConfig, Broker | None]:
    """What the hub is to be, and its broker, which runs by then, if the transport needs one."""
    broker = None
    needs_broker = make_transport(wanted.transport, wanted.options).profile.needs_broker
    if needs_broker and wanted.broker_access is None:
        broker = await start_broker(
            wanted.broker, certificate=certificate, listen=Listen(wanted.host)
        )
    config = HubConfig(
        host=wanted.host,
        keys=TokenKeys.fresh().export(),
        settings=wanted.settings,
        transports={
            **{name: {} for name in wanted.also},
            wanted.transport: dict(wanted.options),
        },
        broker=wanted.broker_access if broker is None else broker.access,
        certificate=certificate,
        lag_every_s=wanted.lag_every_s,
        clock_key=wanted.clock_key,
    )
    return config, broker


class StartedHub(Started):
    """A hub that runs for one trial, in one process or in several.

    Attributes:
        beside: ends what was started beside it.
    """

    def __init__(
        self,
        hubs: Sequence[HubProcess],
        broker: Broker | None,
        authority: str | None,
        config: HubConfig,
        redis: RedisServer | None = None,
    ) -> None:
        hub = hubs[0]
        self.clock_port = hub.clock_port
        self.api = HubApi(hub.url, hub.api_key, authority=authority)
        port = urlsplit(hub.url).port or 0
        self._config = replace(config, port=port, api_key=hub.api_key)
        self.watched = {}
        self._set_hubs(hubs)
        if broker is not None and broker.pid is not None:
            self.watched["broker"] = Watched(broker.pid)
        if redis is not None:
            self.watched["backplane"] = Watched(redis.pid)
            self.backplane = Beside(redis.program.make, redis.program.version)
        elif config.backplane != MEMORY:
            self.backplane = Beside("remote")
        self.broker = broker
        self.authority = authority
        self.beside = contextlib.AsyncExitStack()
        self._redis = redis

    def _set_hubs(self, hubs: Sequence[HubProcess]) -> None:
        self._hubs, self.children = hubs, list(hubs)
        first, *more = (hub.pid for hub in hubs)
        self.watched = {**self.watched, "hub": Watched(first, tuple(more))}

    def died(self) -> str:
        """Whether what the hubs share has ended, in words."""
        gone = self._redis is not None and not self._redis.running
        return f"the backplane ({self._redis})" if gone else ""

    async def loop_lags(self) -> list[list[int]]:
        """When the hubs' event loops were looked at, and how late they were, in order."""
        told = await asyncio.gather(*(hub.loop_lags() for hub in self._hubs))
        return sorted(lag for lags in told for lag in lags)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to every hub."""
        for hub in self._hubs:
            hub.send_signal(number)

    async def restart(self) -> bool:
        """Kill all hubs and start them anew; broker and backplane go on.

        Raises:
            HubFailed, PortInUse: one does not start.
        """
        for hub in self._hubs:
            hub.kill()
        await asyncio.gather(*(hub.wait() for hub in self._hubs))
        self._set_hubs(await _start_hubs(self._config, len(self._hubs)))
        return True

    async def stop(self) -> None:
        """End all at once: nothing is in them any more that anybody needs."""
        self.api.close()
        for hub in self._hubs:
            hub.kill()
        await asyncio.gather(*(hub.stop() for hub in self._hubs))
        try:
            await asyncio.wait_for(self.beside.aclose(), _STOP_S)
        except (TimeoutError, PushlabError, OSError):
            if self.broker is not None:
                with contextlib.suppress(OSError):
                    self.broker.kill()
            if self._redis is not None:
                self._redis.end()
