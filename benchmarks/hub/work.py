"""What a crowd of neutral subscribers is told to do, and how it is run."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import psutil

from benchmarks.harness.processes import start_child
from pushlab.lab.host.process_sampler import cpu_seconds

__all__ = [
    "GENERATOR_CORE",
    "MARK",
    "MESSAGE",
    "SERVER_CORE",
    "Work",
    "memory_missing",
    "run_crowd",
]

GENERATOR_CORE, SERVER_CORE = 0, 1
#: Stands once in every message and nowhere else on the wire; it cannot overlap itself.
MARK = b"<bench>"
#: The message: 100 bytes, as in pushlab's standard scenario.
MESSAGE = (MARK + b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 2)[:100]
_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A fan-out, polls (where `answers` are named), or idle connections (where `seconds` is 0).

    Attributes:
        port, publish_port: where subscribers, and publishers, connect; on 127.0.0.1.
        pids: the server's processes.
        requests: what each subscriber sends first.
        welcome: the bytes that say: you are in.
        publish_hellos: what each connection that publishes sends first; there are as many as
            messages may be under way.
        publish_request: what publishes a message.
        published: what the answer to that must have in it.
        requests_too: for polls: what each asks in turns with `requests`; empty: always the same.
        answers: for polls: what the answer to each has at its beginning, and at its end.
        acknowledge: whether subscribers speak MQTT with QoS 1 and must answer each message.
    """

    port: int
    pids: list[int]
    requests: Sequence[bytes]
    welcome: bytes = b"\r\n\r\n"
    publish_port: int = 0
    publish_hellos: Sequence[bytes] = (b"",) * 4
    publish_request: bytes = b""
    published: bytes = b"HTTP/1.1 20"
    requests_too: Sequence[bytes] = ()
    answers: Sequence[bytes] = ()
    seconds: float = 0.0
    acknowledge: bool = False
    host: str = "127.0.0.1"

    def to_json(self) -> str:
        """One JSON object; bytes are Latin-1."""
        return json.dumps(asdict(self), default=lambda raw: raw.decode("latin-1"))

    @classmethod
    def from_json(cls, text: str) -> "Work":
        """The inverse of `to_json`."""
        values = json.loads(text)
        for field in fields(cls):
            if field.type is bytes:
                values[field.name] = values[field.name].encode("latin-1")
        for name in ("requests", "requests_too", "publish_hellos", "answers"):
            values[name] = [raw.encode("latin-1") for raw in values[name]]
        return cls(**values)

    def read(self, data: bytes) -> tuple[int, bytes, bytes]:
        """What a subscriber makes of its bytes: messages, the rest to keep, and the answer."""
        if self.acknowledge:
            return _read_mqtt(data)
        count = data.count(MARK)
        start = data.rfind(MARK[:1], 1 - len(MARK))
        rest = data[start:] if start >= 0 and MARK.startswith(data[start:]) else b""
        return count, rest, b""


def _read_mqtt(data: bytes) -> tuple[int, bytes, bytes]:
    """PUBLISH packets with QoS 1, and their PUBACKs (MQTT 3.1.1, sections 3.3 and 3.4)."""
    count, at, end, answers = 0, 0, len(data), []
    while at + 2 <= end:
        size, shift, body = 0, 0, at + 1
        while body < end:
            byte = data[body]
            size |= (byte & 0x7F) << shift
            shift += 7
            body += 1
            if byte < 0x80:
                break
        else:
            break
        if body + size > end:
            break
        if data[at] & 0xF0 == 0x30:
            count += data.count(MARK, body, body + size)
            if data[at] & 0x06:
                topic = int.from_bytes(data[body : body + 2], "big")
                answers.append(b"\x40\x02" + data[body + 2 + topic : body + 4 + topic])
        at = body + size
    return count, data[at:], b"".join(answers)


def cpu_of_all(pids: Sequence[int]) -> tuple[float, float]:
    """CPU seconds of some processes, and how many of these the kernel spent on their behalf.

    Raises:
        RuntimeError: one of them has ended.
    """
    used = [cpu_seconds(pid) for pid in pids]
    if None in used:
        raise RuntimeError("a server's process has ended")
    kernel_s = sum(float(psutil.Process(pid).cpu_times().system) for pid in pids)
    return sum(seconds for seconds in used if seconds is not None), kernel_s


async def run_crowd(work: Work) -> dict[str, float]:
    """Let a crowd do it in a process on its own core; its figures."""
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
        path = Path(folder) / "work.json"
        path.write_text(work.to_json())
        command = ["-m", "benchmarks.hub.crowd", str(path)]
        async with start_child(command, core=GENERATOR_CORE) as child:
            await child.until(lambda: child.ended, _LIMIT_S, "the crowd's work")
            status = await child.wait()
            last = child.log.splitlines()[-1] if child.log else "the crowd said nothing"
            if status:
                raise RuntimeError(last)
            figures: dict[str, float] = json.loads(last)
            return figures


def memory_missing() -> str | None:
    """Why memory cannot be measured here, or None."""
    if not Path("/proc/self/smaps_rollup").exists():
        return "this system does not tell a process's share of memory (Linux does)"
    return None
