"""Asking a process for its time, over UDP: one question, one answer, four stamps.

The asker stamps when the question left and when the answer came, the other end when the question
came and when the answer left. What a stamp misses is on the safe side, so that the truth lies
between them: one of a departure is taken before the datagram is handed over, one of a receipt is
the kernel's where it stamps (never earlier than the datagram was there), else the reader's.

Question and answer are 48 bytes each, in network order: ``PLC1``, a kind (``Q`` or ``A``), three
zeros, the asker's nonce (8), the stamps of receipt and of the answer's departure (8 each; 0 in a
question), and 16 bytes of keyed BLAKE2b over all that. What has no mark of the trial's key gets no
answer; an answer is no longer than its question, so nobody can be flooded by means of it.

Source: Cristian, "Probabilistic clock synchronization", 1989; RFC 5905 has the same four stamps.
"""

import asyncio
import contextlib
import hashlib
import secrets
import socket
import struct
import time
from collections.abc import Callable
from hmac import compare_digest

from pushlab.errors import SetupError
from pushlab.wire.receive_stamps import SPACE, Ancillary, stamp_of, stamp_received

__all__ = ["Arrivals", "ClockResponder", "Seal", "fresh_key", "open_datagrams"]

_LAYOUT = struct.Struct("!4sc3xQqq")
_MARK_BYTES = 16
_BYTES = _LAYOUT.size + _MARK_BYTES
_NAME, _QUESTION, _ANSWER = b"PLC1", b"Q", b"A"
_AT_ONCE = 16  # datagrams of one turn of the event loop: strangers shall not hold it up
_STEP_NS = 2_000  # a smaller one of the wall clock need not show
_FIRST_READINGS = 50


def fresh_key() -> str:
    """The key of one trial, in hexadecimal digits."""
    return secrets.token_hex(32)


class Seal:
    """Packs questions and answers, and knows those that were made with the same key.

    Args:
        key: as `fresh_key` makes it.
    """

    def __init__(self, key: str) -> None:
        self._keyed = hashlib.blake2b(digest_size=_MARK_BYTES, key=bytes.fromhex(key))

    def __repr__(self) -> str:
        return "Seal()"

    def question(self, nonce: int) -> bytes:
        """A question's datagram."""
        return self._sealed(_LAYOUT.pack(_NAME, _QUESTION, nonce, 0, 0))

    def answer(self, nonce: int, received_ns: int, left_ns: int) -> bytes:
        """An answer's datagram."""
        return self._sealed(_LAYOUT.pack(_NAME, _ANSWER, nonce, received_ns, left_ns))

    def asked(self, datagram: bytes | memoryview) -> int | None:
        """The nonce of a question with this key; None: it is something else."""
        told = self._opened(datagram, _QUESTION)
        return None if told is None else told[0]

    def told(self, datagram: bytes | memoryview) -> tuple[int, int, int] | None:
        """Nonce and stamps of an answer with this key; None: it is something else."""
        return self._opened(datagram, _ANSWER)

    def _sealed(self, body: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(body)
        return body + keyed.digest()

    def _opened(self, datagram: bytes | memoryview, wanted: bytes) -> tuple[int, int, int] | None:
        if len(datagram) != _BYTES:
            return None
        name, kind, nonce, received_ns, left_ns = _LAYOUT.unpack_from(datagram)
        if name != _NAME or kind != wanted:
            return None
        keyed = self._keyed.copy()
        keyed.update(datagram[: _LAYOUT.size])
        if not compare_digest(keyed.digest(), datagram[_LAYOUT.size :]):
            return None
        return nonce, received_ns, left_ns


class Arrivals:
    """When a datagram came, on the monotonic clock: never earlier than it did.

    The kernel's stamp is of the wall clock, and is converted by the distance of the two clocks
    now. Where that has changed since it was last looked at, the wall clock was set, and the stamp
    is not believed.

    Args:
        monotonic_ns, wall_ns: the clocks.
    """

    def __init__(
        self,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._near_ns, self._distance_ns = min(self._read() for _ in range(_FIRST_READINGS))

    def _read(self) -> tuple[int, int]:
        """How far apart two readings of the monotonic clock are, and the later one's distance."""
        before_ns = self._monotonic_ns()
        wall_ns = self._wall_ns()
        after_ns = self._monotonic_ns()
        return after_ns - before_ns, after_ns - wall_ns

    def at_ns(self, ancillary: Ancillary) -> int:
        """When a datagram came that was just read, by its stamp or by the clock."""
        now_ns = self._monotonic_ns()
        stamp_ns = stamp_of(ancillary)
        if stamp_ns is None:
            return now_ns
        near_ns, distance_ns = self._read()
        moved_ns = abs(distance_ns - self._distance_ns)
        believed = moved_ns <= near_ns + self._near_ns + _STEP_NS
        if near_ns <= self._near_ns or not believed:
            self._near_ns, self._distance_ns = near_ns, distance_ns
        return min(now_ns, stamp_ns + distance_ns) if believed else now_ns


def open_datagrams(host: str) -> socket.socket:
    """A socket for datagrams at a free port of `host`, stamped where the kernel does that.

    Raises:
        SetupError: there is no such address here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.bind((host, 0))
    except OSError as error:
        sock.close()
        raise SetupError(f"no clock can be asked at {host} ({error.strerror})") from error
    sock.setblocking(False)
    stamp_received(sock)
    return sock


class ClockResponder:
    """Answers questions for this process's time, on its event loop, until it is closed.

    Args:
        host: the address to answer at.
        key: of the trial, as `fresh_key` makes it.

    Attributes:
        port: where to ask.
        answered: how many questions were answered; `ignored`: datagrams of strangers.

    Raises:
        SetupError: there is no such address here.
    """

    def __init__(self, host: str, key: str) -> None:
        self._seal = Seal(key)
        self._sock = open_datagrams(host)
        self._arrivals = Arrivals()
        self._buffer = memoryview(bytearray(_BYTES + 1))
        self.port: int = self._sock.getsockname()[1]
        self.answered = 0
        self.ignored = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock, self._read)

    def close(self) -> None:
        """Answer no more."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                size, ancillary, _, asker = self._sock.recvmsg_into([self._buffer], SPACE)
            except OSError:  # nothing more; or an asker's port is closed
                return
            received_ns = self._arrivals.at_ns(ancillary)
            nonce = self._seal.asked(self._buffer[:size])
            if nonce is None:
                self.ignored += 1
                continue
            self.answered += 1
            with contextlib.suppress(OSError):
                self._sock.sendto(self._seal.answer(nonce, received_ns, time.monotonic_ns()), asker)
