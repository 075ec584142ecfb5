"""A harness of several hubs that are one service, for a transport or a backplane to be tried on.

There are three: whoever connects is passed on to the first and the second in turn, as by a proxy
that knows nothing of them, and everything is published at the third. So nobody reads where it is
published, and whoever comes back comes to another hub. What they count, one tells for all of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from pushlab.contract.serving import HubSettings
from pushlab.contract.transport import Transport
from pushlab.hub.process import HubProcess, start_hub
from pushlab.systems.hub_api import HubApi
from pushlab.testing.balancer import Balancer
from pushlab.testing.entry_point import registered
from pushlab.testing.harness import ProcessHarness

__all__ = ["HubsHarness"]

_HUBS = 3


class HubsHarness(ProcessHarness):
    """Three hubs, each in a process of its own, behind a balancer.

    Args:
        backplane: gives the URL of one that holds nothing yet, for each start.
    """

    def __init__(
        self,
        transport: Transport,
        settings: HubSettings,
        *,
        broker: str,
        backplane: Callable[[], str],
    ) -> None:
        super().__init__(transport, settings, broker=broker)
        self._fresh_backplane = backplane
        self._balancer = Balancer()
        self._hubs: list[HubProcess] = []

    async def start(self) -> None:
        """Start the hubs, with nothing in their logs."""
        config = replace(await self._config(), backplane=self._fresh_backplane())
        with registered(type(self.transport)):
            self._hubs = list(await asyncio.gather(*(start_hub(config) for _ in range(_HUBS))))
        self._api = HubApi(self._hubs[-1].url, self._api_key)
        await self._balancer.open([hub.url for hub in self._hubs[:-1]])
        self.url = f"http://127.0.0.1:{self._balancer.port}"

    async def stop(self) -> None:
        """Stop the hubs, then the balancer."""
        if self._api is not None:
            self._api.close()
            self._api = None
        hubs, self._hubs = self._hubs, []
        await asyncio.gather(*(hub.stop() for hub in hubs))
        await self._balancer.close()

    async def kill(self) -> None:
        """``kill -9``, all of them."""
        for hub in self._hubs:
            hub.kill()
        await asyncio.gather(*(hub.wait() for hub in self._hubs))
        await self.stop()
