"""The swarm's process: ``python -m pushlab.lab.workers.swarm_process``, with these commands.

=============  ====================================================================================
``configure``  transport, options, seed, link, the certificate of the authority that signed the
               server's (or null), and the subscribers; answers at once
``start``      every subscriber begins; answers when the server has accepted all
``reach``      ``heads``: answers when every subscriber of channel i has message ``heads[i]``
``begin``      rows count from here; notes the counters at ``start_ns`` and at ``end_ns``
``status``     the counters now
``finish``     writes the rows to ``path`` and answers with the figures
``leave``      every subscriber says goodbye; answers with all hits when the connections are closed
=============  ====================================================================================

It says ``closed`` when the server ends a first subscriber.
"""

from pathlib import Path
from typing import Any

from pushlab.contract.events import Closed
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.load.traffic_tap import observed_among
from pushlab.lab.workers.child import CommandServer, freeze_memory, run_worker, used_cpu_s
from pushlab.runs import Link
from pushlab.wire.tls import client_context

__all__ = ["SwarmServer", "main"]

_LEAVE_S = 3.0


class SwarmServer(CommandServer):
    """Carries out the swarm's commands."""

    _swarm: Swarm | None = None

    @property
    def swarm(self) -> Swarm:
        """The swarm, once it is configured."""
        assert self._swarm is not None, "configure first"
        return self._swarm

    def counters(self) -> dict[str, Any]:
        """The counters now."""
        swarm = self.swarm
        return {
            **swarm.recorder.snapshot(),
            "hits": swarm.hits(),
            "dials": swarm.dials,
            "cpu_s": used_cpu_s(),
        }

    async def _do_configure(self, command: dict[str, Any]) -> dict[str, Any]:
        transport = make_transport(command["transport"], command["options"])
        authority = command["authority"]  # a certificate; there is no secret in it
        self._swarm = swarm = Swarm(
            transport,
            seed=command["seed"],
            link=Link(**command["link"]),
            tls=client_context(authority) if authority else None,
            observed=observed_among(len(command["subscribers"])),
        )
        for channel, token, endpoint in command["subscribers"]:
            details = {key: value for key, value in endpoint.items() if key != "url"}
            swarm.add(channel, Endpoint.from_url(endpoint["url"], details), token)
        swarm.on_closed = self._tell_closed
        freeze_memory()
        return {"sans_io": transport.is_sans_io()}

    def _tell_closed(self, event: Closed) -> None:
        if self.swarm.closed == 1:
            self.tell("closed", reason=event.reason, status=event.status)

    async def _do_start(self, command: dict[str, Any]) -> dict[str, Any]:
        self.swarm.start()
        await self.swarm.all_connected()
        return self.counters()

    async def _do_reach(self, command: dict[str, Any]) -> dict[str, Any]:
        self.swarm.set_goal(command["heads"])
        await self.swarm.reached()
        return {"pending": 0}

    async def _do_begin(self, command: dict[str, Any]) -> dict[str, Any]:
        self.swarm.recorder.begin()
        self.note_window(command["start_ns"], command["end_ns"])
        return {}

    async def _do_status(self, command: dict[str, Any]) -> dict[str, Any]:
        swarm = self.swarm
        return {
            "connected": swarm.connected,
            "closed": swarm.closed,
            "pending": swarm.pending,
            "deliveries": swarm.recorder.deliveries,
            "recent": swarm.recorder.recent(),
            "reasons": [reason for reason, _ in swarm.recorder.reasons.most_common(1)],
        }

    async def _do_leave(self, command: dict[str, Any]) -> dict[str, Any]:
        await self.swarm.leave(_LEAVE_S)
        return {"left_open": len(self.swarm.connections), "hits": self.swarm.hits()}

    async def _do_finish(self, command: dict[str, Any]) -> dict[str, Any]:
        recorder = self.swarm.recorder
        folder = Path(command["path"])
        return {
            **self.window(),
            "rows": recorder.write(folder / "deliveries"),
            "connects": recorder.write_connects(folder / "connects"),
            "traffic": recorder.write_traffic(folder / "traffic"),
            "connected": self.swarm.connected,
            "closed": self.swarm.closed,
            "reasons": dict(recorder.reasons.most_common(5)),
            "wire_duplicates": self.swarm.wire_duplicates(),
        }


def main() -> None:
    """Serve commands until standard input ends."""
    run_worker(SwarmServer)


if __name__ == "__main__":
    main()
