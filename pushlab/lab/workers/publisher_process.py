"""The publisher's process: ``python -m pushlab.lab.workers.publisher_process FD``, a worker.

Nothing else is done in it, so that nothing delays a message but the machine. ``FD`` is the file
of the publish_log, with the schedule and the rows. Its commands:

=============  ====================================================================================
``configure``  how many rows there are, where the hub is, whom to trust, the API key, the channels'
               names, the messages' size and seed; answers when the first connections are open
``begin``      sends by the clock from ``begin_ns`` on; notes the counters at the window's ends
``finish``     answers with the figures when all is sent and answered, at most ``limit_s`` after the
               schedule's end
=============  ====================================================================================
"""

import sys
from typing import Any

from pushlab.lab.hub_api import HubApi
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.load.publisher import Publisher
from pushlab.lab.workers.child import (
    CommandServer,
    Write,
    freeze_memory,
    run_worker,
    used_cpu_s,
)

__all__ = ["PublisherServer", "main"]


class PublisherServer(CommandServer):
    """Carries out the publisher's commands."""

    def __init__(self, write: Write, descriptor: int) -> None:
        super().__init__(write)
        self._descriptor = descriptor
        self._publisher: Publisher | None = None

    @property
    def publisher(self) -> Publisher:
        """The publisher, once it is configured."""
        assert self._publisher is not None, "configure first"
        return self._publisher

    def counters(self) -> dict[str, Any]:
        """The counters now."""
        bytes_in, bytes_out = self.publisher.traffic()
        return {"bytes_in": bytes_in, "bytes_out": bytes_out, "cpu_s": used_cpu_s()}

    async def _do_configure(self, command: dict[str, Any]) -> dict[str, Any]:
        self._publisher = Publisher(
            HubApi(command["url"], command["api_key"], authority=command["authority"]),
            PublishLog.attach(self._descriptor, command["rows"]),
            channels=command["channels"],
            payload_bytes=command["payload_bytes"],
            seed=command["seed"],
        )
        await self.publisher.connect()
        freeze_memory()
        return {}

    async def _do_begin(self, command: dict[str, Any]) -> dict[str, Any]:
        begin_ns, schedule = command["begin_ns"], self.publisher.schedule
        self.note_window(begin_ns + schedule.warmup_ns, begin_ns + schedule.end_ns)
        self.publisher.start(begin_ns)
        return {}

    async def _do_finish(self, command: dict[str, Any]) -> dict[str, Any]:
        await self.publisher.finish(command["limit_s"])
        return self.window()


def main() -> None:
    """Serve commands until standard input ends."""
    run_worker(lambda write: PublisherServer(write, int(sys.argv[1])))


if __name__ == "__main__":
    main()
