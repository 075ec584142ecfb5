"""A foreign server that refuses, loses, repeats, swaps and strays is found out to the message."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.cells import Cell, make_cells
from pushlab.lab.trial.events import LabEvent, Observer, Phase, Progress
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.runs import Run
from pushlab.systems.spec import Publish, Speech, SystemSpec
from pushlab.systems.stamp import STAMP_BYTES
from tests.lab.lab_tools import tiny

#: What is done with the messages of a channel, by their places behind the probes.
DEEDS = {
    1: "refuse",
    3: "no answer",
    4: "lose",
    5: "repeat",
    6: "hold",  # until the next one has gone out
    9: "stray",
}
READERS = 2
LATE_S = 0.3
DRAIN_S = 12.0


class Unruly:
    """Streams of events by channel; what is posted to a channel goes to its readers."""

    def __init__(self, deeds: dict[int, str]) -> None:
        self.deeds = deeds
        self.done: Counter[str] = Counter()
        self._readers: defaultdict[str, list[asyncio.StreamWriter]] = defaultdict(list)
        self._seen: Counter[str] = Counter()
        self._held: dict[str, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split()
        channel = path.removeprefix("/rooms/")
        if method == "GET":
            self._readers[channel].append(writer)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            writer.write(b"data: welcome\n\n")
            await reader.read()
            return False
        size = next(line for line in head if line.lower().startswith("content-length:"))
        status = self._publish(channel, await reader.readexactly(int(size.split(":")[1])))
        if status:
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        return bool(status)

    def _publish(self, channel: str, message: bytes) -> int:
        """Pass it on; the answer's status, 0: none."""
        deed = ""
        if len(message) > STAMP_BYTES:  # a probe is a stamp, no more
            self._seen[channel] += 1
            deed = self.deeds.get(self._seen[channel], "")
        self.done[deed] += 1
        event = b"data: " + message + b"\n\n"
        readers = self._readers[channel]
        first = self._held.pop(channel, b"")
        if deed == "hold":
            self._held[channel] = event
        elif deed == "lose":
            readers[-1].write(event)
        elif deed == "late":
            for one in readers:
                asyncio.get_running_loop().call_later(LATE_S, one.write, event)
        elif deed != "refuse":
            for one in readers:
                one.write(event * 2 if deed == "repeat" else event)
        for one in readers:
            one.write(first)
        if deed == "stray":
            next(each for name, each in self._readers.items() if name != channel)[0].write(event)
        return {"refuse": 503, "no answer": 0}.get(deed, 201)


async def trial_of(
    deeds: dict[int, str], out: Path, drain_s: float, observer: Observer | None = None
) -> tuple[Unruly, TrialFigures]:
    """A trial on this event loop."""
    server = Unruly(deeds)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    spec = SystemSpec(
        name="unruly",
        url=f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}",
        publish=Publish(path="/rooms/{channel}"),
        speaks={"sse": Speech(path="/rooms/{channel}")},
    )
    cells = make_cells([Cell("", "sse", system="unruly", own=spec)], 1.0)
    scenario = tiny(["sse"]).with_values({"warmup_s": 0.0, "drain_s": drain_s}, cells=cells)
    try:
        path = await run_scenario(
            scenario, out=out, backend=in_process_backend(), pinning=False, observer=observer
        )
    finally:
        listener.close()
    (trial,) = analyse(Run.load(path)).cells["sse on unruly"].all
    assert trial.record.status == "ok", trial.record.reason
    return server, trial


async def test_what_a_server_does_to_each_message_is_told(tmp_path: Path) -> None:
    server, trial = await trial_of(DEEDS, tmp_path, 0.5)
    done, counts = server.done, trial.counts
    assert set(done) == {"", *DEEDS.values()}
    assert set(done.values()) - {done[""]} == {2}  # on either channel
    assert counts.sent == counts.scheduled == 20
    assert (counts.rejected, counts.unanswered, counts.unknown) == (2, 2, 0)
    assert counts.accepted == counts.sent - 2
    assert counts.expected == READERS * counts.accepted
    assert (counts.lost, counts.duplicated) == (2, 2 * READERS)
    assert counts.reordered == 2 * READERS
    assert counts.unmatched == 2
    record = trial.record
    assert record.system == "unruly"
    assert record.swarm is not None
    assert (record.swarm.strays, record.swarm.unstamped) == (2, 2 * READERS)
    assert record.server is not None
    assert (record.server.cpu_s, record.server.rss_bytes, record.server.fresh) == (
        None,
        None,
        False,
    )
    assert record.server.unwatched
    assert trial.mismatch is None
    assert trial.unreconciled == "this server does not count: hits are what the clients sent"
    assert (trial.hits_source, trial.publish_hits) == ("swarm", 20)


@pytest.mark.parametrize("deeds", [{1: "refuse", 10: "refuse"}, {9: "late"}], ids=str)
async def test_a_drain_ends_when_all_that_was_taken_has_come(
    tmp_path: Path, deeds: dict[int, str]
) -> None:
    """What was refused is not waited for; what comes when later ones have come is."""
    drained: list[float] = []

    def look(event: LabEvent) -> None:
        if isinstance(event, Progress) and event.phase is Phase.DRAINING:
            drained.append(event.done_s)

    server, trial = await trial_of(deeds, tmp_path, DRAIN_S, look)
    assert trial.counts.lost == 0
    assert trial.counts.rejected == server.done["refuse"]
    assert max(drained) < DRAIN_S / 2
