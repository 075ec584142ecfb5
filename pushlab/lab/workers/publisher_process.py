"""The publisher's process: ``python -m pushlab.lab.workers.publisher_process LOG``, a worker.

Nothing else is done in it, so that nothing delays a message but the machine. ``LOG`` is the file
of the publish log, with the schedule and the rows: a descriptor's number, or a path.
"""

import sys
from collections.abc import Callable

from pushlab.lab.clocks.clock_map import SAME
from pushlab.lab.clocks.estimate import estimate
from pushlab.lab.load.mqtt_publisher import MqttPublisher
from pushlab.lab.load.open_loop import OpenLoop
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.load.publisher import Publisher
from pushlab.lab.workers.child import CountingService, run_worker
from pushlab.lab.workers.messages import Counters, PublisherSetup, WindowReport
from pushlab.runs import WitnessFigures

__all__ = ["PublisherService", "main"]


class PublisherService(CountingService):
    """The publisher as a worker.

    Args:
        publish_log: opens it, once it is there.
        make: makes what sends; None: a `Publisher`, or an `MqttPublisher`.
    """

    def __init__(
        self,
        publish_log: Callable[[], PublishLog],
        make: Callable[[PublisherSetup, PublishLog], OpenLoop] | None = None,
    ) -> None:
        super().__init__()
        self._publish_log = publish_log
        self._make = make or _publisher
        self._publisher: OpenLoop | None = None

    @property
    def publisher(self) -> OpenLoop:
        """The publisher, once it is configured."""
        assert self._publisher is not None, "configure first"
        return self._publisher

    def counters(self) -> Counters:
        """The counters now."""
        bytes_in, bytes_out = self.publisher.traffic()
        return Counters(bytes_in=bytes_in, bytes_out=bytes_out, cpu_s=self.cpu_s())

    def witnesses(self) -> WitnessFigures:
        """How the stamps of its requests were held against the kernel's."""
        publisher = self.publisher
        if not isinstance(publisher, Publisher):
            return WitnessFigures()
        return WitnessFigures(
            sends=int((publisher.publish_log.left_ns > 0).sum()),
            discarded=sum(each.discarded for each in publisher.witnesses.values()),
            steps=publisher.clock.steps,
            bound_ns=publisher.clock.bound_ns,
        )

    async def close(self) -> None:
        """Stop sending."""
        if self._publisher is not None:
            self._publisher.close()

    async def configure(self, setup: PublisherSetup) -> None:
        """Open the first connections."""
        self._publisher = self._make(setup, self._publish_log())
        await self._publisher.connect()
        self.freeze_memory()

    async def begin(self, begin_ns: int, heads: list[int]) -> None:
        """Send by the clock from then on; by channel, the number of the newest message is told."""
        if self._asker is not None:
            found = estimate(self._asker.exchanges(), asked_by_publisher=True)
            self.publisher.server_clock = SAME if found is None else found.map
        schedule = self.publisher.schedule
        self.note_window(begin_ns + schedule.warmup_ns, begin_ns + schedule.end_ns)
        self.publisher.start(begin_ns, heads)

    async def finish(self, limit_s: float) -> WindowReport:
        """Wait until all is sent and answered, at most so long after the schedule's end."""
        await self.publisher.finish(limit_s)
        return self.window()


def _publisher(setup: PublisherSetup, publish_log: PublishLog) -> OpenLoop:
    channels, seed, key = setup.channels, setup.seed, setup.stamp_key
    if setup.mqtt is not None:
        return MqttPublisher(setup.mqtt, publish_log, channels=channels, seed=seed, key=key)
    assert setup.http is not None
    return Publisher(setup.http, publish_log, channels=channels, seed=seed, key=key)


def main() -> None:
    """Serve calls until standard input ends."""
    where = sys.argv[1]
    run_worker(lambda: PublisherService(lambda: PublishLog.attach(where)))


if __name__ == "__main__":
    main()
