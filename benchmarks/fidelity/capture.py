"""A packet capture of a few ports of the loopback interface, read again afterwards.

While a trial runs, only `dumpcap` works, which copies packets from the kernel to a file. `tshark`
takes them apart when all is over.
"""

import asyncio
import contextlib
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Capture", "CaptureFailed", "Segment", "missing"]

_INTERFACE = "lo0" if sys.platform == "darwin" else "lo"
_KERNEL_BUFFER_MIB = 128
_START_S = 10.0
_STOP_S = 20.0
_FLUSH_S = (
    0.5  # the kernel hands packets over in blocks, and keeps one that is not full for a while
)
#: Ethernet, IPv4 and TCP with its time stamps have 66 bytes: what is longer carries data.
_NO_DATA_BYTES = 67


class CaptureFailed(Exception):
    """There is no capture; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a TCP stream.

    Attributes:
        wall_ns: when the kernel handed it to the receiver's side, by the wall clock.
        number: TCP's sequence number of its first byte.
    """

    wall_ns: int
    source_port: int
    target_port: int
    number: int
    data: bytes


def missing() -> str | None:
    """Why nothing can be captured here, or None; whether it is allowed shows when it begins."""
    for program in ("dumpcap", "tshark"):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian: apt install tshark)"
    return None


class Capture:
    """A capture to a file.

    Attributes:
        dropped: packets that the capture lost; known after `stop`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dropped = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, ports: Sequence[int]) -> None:
        """Capture what these ports send and receive.

        Raises:
            CaptureFailed: it does not begin; most often, since this user may not.
        """
        wanted = " or ".join(f"tcp port {port}" for port in ports)
        command = ["dumpcap", "-q", "-i", _INTERFACE, "-B", str(_KERNEL_BUFFER_MIB)]
        command += ["-f", f"({wanted}) and greater {_NO_DATA_BYTES}", "-w", str(self.path)]
        self._process = process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None
        said = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while line := (await process.stderr.readline()).decode(errors="replace"):
                    said.append(line.strip())
                    if line.startswith("File:"):
                        return
        await self.stop()
        why = next((line for line in said if "permission" in line.lower()), " ".join(said[:2]))
        raise CaptureFailed(
            f"no capture on {_INTERFACE}; it takes root, or the right to run dumpcap: {why}"
        )

    async def stop(self) -> None:
        """End it; call it as often as you like."""
        process, self._process = self._process, None
        if process is None:
            return
        await asyncio.sleep(_FLUSH_S)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        try:
            said = await asyncio.wait_for(process.stderr.read(), _STOP_S)
        except TimeoutError:
            process.kill()
            said = b""
        await process.wait()
        if told := re.search(rb"received/dropped on interface [^:]*: ?[^:]*: (\d+)/(\d+)", said):
            self.dropped = int(told[2])

    async def segments(self) -> AsyncIterator[Segment]:
        """What was captured, in order of time.

        Raises:
            CaptureFailed: tshark cannot read it.
        """
        command = ["tshark", "-r", str(self.path), "-n", "-Q", "-T", "fields"]
        command += [
            "-o",
            "tcp.desegment_tcp_streams:FALSE",
            "-o",
            "tcp.analyze_sequence_numbers:FALSE",
        ]
        for name in ("http", "websocket", "mqtt"):
            command += ["--disable-protocol", name]
        for name in (
            "frame.time_epoch",
            "tcp.srcport",
            "tcp.dstport",
            "tcp.seq_raw",
            "tcp.payload",
        ):
            command += ["-e", name]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=1 << 20,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                at, source, target, number, data = line.decode().rstrip("\n").split("\t")
                if data:
                    seconds, _, fraction = at.partition(".")
                    wall_ns = int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])
                    yield Segment(
                        wall_ns, int(source), int(target), int(number), bytes.fromhex(data)
                    )
            if status := await process.wait():
                raise CaptureFailed(f"tshark could not read the capture (exit status {status})")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
