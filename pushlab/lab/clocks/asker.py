"""Asks another process for its time, again and again, and keeps what came of it.

Before and after a trial many questions follow each other; meanwhile a few go out every half
second. Only the quickest of them count, so one that was held up costs nothing but itself.
"""

import asyncio
import contextlib
import socket
import time
from array import array
from dataclasses import dataclass, field

from pushlab.errors import SetupError
from pushlab.wire.clock_exchange import Arrivals, Seal
from pushlab.wire.receive_stamps import SPACE, stamp_received

__all__ = ["ClockAsker", "ClockDoor", "Exchanges"]

_ANSWER_S = 0.25
_APART_S = 0.002  # so that one that is held up does not hold up the next
_AROUND = 40  # questions before a trial, and after it
_EVERY_S = 0.5
_MEANWHILE = 6
_GIVE_UP = 8  # questions in a row without an answer: nobody is there any more
_SPACE_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDoor:
    """Where a process can be asked for its time.

    Attributes:
        host, port: its address, as the asker reaches it.
        key: of the trial, as `pushlab.wire.clock_exchange.fresh_key` makes it.
    """

    host: str
    port: int
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanges:
    """What came of the questions to one process.

    Attributes:
        stamps: four of each answered one, in nanoseconds: asked (the asker's clock), received and
            answered (the other's), and back (the asker's).
        lost: questions without an answer in time.
    """

    stamps: list[int] = field(default_factory=list)
    lost: int = 0

    def __len__(self) -> int:
        return len(self.stamps) // 4


class ClockAsker:
    """Asks one process; open it with `open`.

    Attributes:
        lost: questions without an answer in time.
    """

    def __init__(self, sock: socket.socket, key: str) -> None:
        self._sock = sock
        self._seal = Seal(key)
        self._arrivals = Arrivals()
        self._buffer = memoryview(bytearray(_SPACE_BYTES))
        self._stamps = array("q")
        self._nonce = time.monotonic_ns() & 0xFFFF_FFFF
        self._asked_ns = 0
        self._answer: asyncio.Future[None] | None = None
        self._meanwhile: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._read)
        self.lost = 0

    @classmethod
    def open(cls, door: ClockDoor) -> "ClockAsker":
        """One that asks at `door`. Raises SetupError: there is no way there."""
        family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            stamp_received(sock)
            sock.connect((door.host, door.port))
        except OSError as error:
            sock.close()
            raise SetupError(
                f"the clock at {door.host} cannot be asked ({error.strerror or error})"
            ) from error
        return cls(sock, door.key)

    def close(self) -> None:
        """Ask no more."""
        if self._meanwhile is not None:
            self._meanwhile.cancel()
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    async def around(self) -> Exchanges:
        """Ask as often as before and after a trial; all exchanges so far."""
        await self.ask(_AROUND)
        return self.exchanges()

    def exchanges(self) -> Exchanges:
        """All so far."""
        return Exchanges(stamps=self._stamps.tolist(), lost=self.lost)

    def go_on(self) -> None:
        """Ask now and then from here on, until it is closed."""
        if self._meanwhile is None:
            self._meanwhile = asyncio.ensure_future(self._ask_on())

    async def _ask_on(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.ask(_MEANWHILE)

    async def ask(self, count: int) -> None:
        """Ask so many times, one after the other; fewer where nobody answers."""
        async with self._asking:
            in_vain = 0
            for _ in range(count):
                in_vain = 0 if await self._ask() else in_vain + 1
                if in_vain == _GIVE_UP:
                    return
                await asyncio.sleep(_APART_S)

    async def _ask(self) -> bool:
        """Ask once; whether there was an answer in time."""
        self._nonce += 1
        self._answer = answer = self._loop.create_future()
        question = self._seal.question(self._nonce)
        self._asked_ns = time.monotonic_ns()
        try:
            with contextlib.suppress(OSError):  # its port is closed, or its cable is out
                self._sock.send(question)
            await asyncio.wait_for(answer, _ANSWER_S)
        except TimeoutError:
            self.lost += 1
            return False
        finally:
            self._answer = None
        return True

    def _read(self) -> None:
        while True:
            try:
                size, ancillary, _, _ = self._sock.recvmsg_into([self._buffer], SPACE)
            except OSError:
                return
            back_ns = self._arrivals.at_ns(ancillary)
            told = self._seal.told(self._buffer[:size])
            answer = self._answer
            if told is None or told[0] != self._nonce or answer is None or answer.done():
                continue
            self._stamps.extend((self._asked_ns, told[1], told[2], back_ns))
            answer.set_result(None)
