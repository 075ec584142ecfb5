"""pushlab's own hub, as one system among others: it has tokens, numbers and counts of its own."""

import asyncio
import contextlib
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
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.systems.certificates import fresh_certificate
from pushlab.systems.hub_api import HubApi
from pushlab.systems.system import Started, System, Wanted, Watched
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
        """Start the broker, for transports that need one, and the hub.

        Raises:
            BrokerUnavailable, HubFailed, PortInUse, UsageError: one does not start.
        """
        with contextlib.ExitStack() as stack:
            certificate = None
            if wanted.tls:
                certificate = stack.enter_context(fresh_certificate(wanted.host))
            config, broker = await hub_config(wanted, certificate)
            try:
                hub = await start_hub(config, process=wanted.spare)
            except BaseException:
                if broker is not None:
                    await broker.stop()
                raise
        authority = None if certificate is None else certificate.authority
        return StartedHub(hub, broker, authority, config)


async def hub_config(
    wanted: Wanted, certificate: Certificate | None = None
) -> tuple[HubConfig, Broker | None]:
    """What the hub is to be, and its broker, which runs by then, if the transport needs one."""
    broker = None
    if make_transport(wanted.transport, wanted.options).profile.needs_broker:
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
        broker=None if broker is None else broker.access,
        certificate=certificate,
        lag_every_s=wanted.lag_every_s,
        clock_key=wanted.clock_key,
    )
    return config, broker


class StartedHub(Started):
    """A hub that runs for one trial."""

    def __init__(
        self,
        hub: HubProcess,
        broker: Broker | None,
        authority: str | None,
        config: HubConfig,
    ) -> None:
        self.api = HubApi(hub.url, hub.api_key, authority=authority)
        port = urlsplit(hub.url).port or 0
        self._config = replace(config, port=port, api_key=hub.api_key)
        self.children = [hub]
        self.watched = {"hub": Watched(hub.pid)}
        if broker is not None and broker.pid is not None:
            self.watched["broker"] = Watched(broker.pid)
        self.broker = broker
        self.authority = authority
        self.clock_port = hub.clock_port
        self._hub = hub

    async def loop_lags(self) -> list[list[int]]:
        """When the hub's event loop was looked at, and how late it was."""
        return await self._hub.loop_lags()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the hub."""
        self._hub.send_signal(number)

    async def restart(self) -> bool:
        """Kill the hub and start it anew; its broker goes on. Raises HubFailed, PortInUse."""
        self._hub.kill()
        await self._hub.wait()
        self._hub = await start_hub(self._config)
        self.children = [self._hub]
        self.watched = {**self.watched, "hub": Watched(self._hub.pid)}
        return True

    async def stop(self) -> None:
        """End both at once: nothing is in them any more that anybody needs."""
        self.api.close()
        self._hub.kill()
        await self._hub.stop()
        if self.broker is not None:
            try:
                await asyncio.wait_for(self.broker.stop(), _STOP_S)
            except (TimeoutError, PushlabError, OSError):
                with contextlib.suppress(OSError):
                    self.broker.kill()
