"""The runner's end of a broker on a worker of its own."""

from pushlab.brokers.start import Broker
from pushlab.errors import BrokerUnavailable
from pushlab.hub.child import ChildProcess
from pushlab.lab.cluster.broker_process import BrokerService
from pushlab.lab.place import Place, PlacedBroker
from pushlab.lab.workers.parent import Worker, WorkerFailed

__all__ = ["start_away_broker"]


class _BrokerProcess(Worker[BrokerService]):
    """The process that hosts the broker."""

    def __init__(self, process: ChildProcess, place: Place) -> None:
        super().__init__(process, "broker", BrokerService)
        self._place = place

    async def how_it_died(self) -> str:
        """That the broker has died, or that all did."""
        try:
            return await self.commands.ended()
        except WorkerFailed:
            return self._place.why_lost or await super().how_it_died()


async def start_away_broker(place: Place) -> PlacedBroker:
    """Start a broker at a place. Raises SetupError: it does not start."""
    process = _BrokerProcess(await place.spawn("pushlab.lab.cluster.broker_process"), place)
    try:
        told = await process.commands.start(host=place.address)
    except WorkerFailed as error:
        await process.stop()
        raise BrokerUnavailable(place.why_lost or str(error)) from error
    except BaseException:
        await process.stop()
        raise
    if told.access is None:
        await process.stop()
        raise BrokerUnavailable(f"{place.label}: {told.text}")
    broker = Broker(told.access, version=told.version)
    return PlacedBroker(process, process.commands, broker, told.pid)
