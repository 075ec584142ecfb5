"""An MQTT broker on a worker of its own: ``python -m pushlab.lab.cluster.broker_process``.

It is pushlab's embedded one: Mosquitto reads log-ins from files that the hub writes, and so stands
beside the hub.
"""

import asyncio
from dataclasses import dataclass

from pushlab.brokers.start import Broker, Listen, start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.errors import PushlabError
from pushlab.lab.workers.child import WorkerService, run_worker

__all__ = ["BrokerService", "BrokerStarted", "main"]

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStarted:
    """A broker that is ready; its access has a secret in it.

    Attributes:
        text: why there is none; empty: all is well.
    """

    access: BrokerAccess | None = None
    version: str = ""
    pid: int = 0
    text: str = ""


class BrokerService(WorkerService):
    """One broker for one trial."""

    def __init__(self) -> None:
        super().__init__()
        self._broker: Broker | None = None

    async def start(self, host: str) -> BrokerStarted:
        """Start it, to listen there."""
        try:
            broker = self._broker = await start_broker("embedded", listen=Listen(host))
        except PushlabError as error:
            return BrokerStarted(text=str(error))
        return BrokerStarted(access=broker.access, version=broker.version, pid=broker.pid or 0)

    async def ended(self) -> str:
        """Wait until it dies; that it did."""
        while self._broker is None or self._broker.running:  # noqa: ASYNC110 - a process
            await asyncio.sleep(_LOOK_S)
        return f"the MQTT broker ({self._broker.kind}) died"

    async def close(self) -> None:
        """End it."""
        if self._broker is not None:
            await self._broker.stop()


def main() -> None:
    """Serve calls until standard input ends."""
    run_worker(BrokerService)


if __name__ == "__main__":
    main()
