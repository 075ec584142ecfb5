"""What an access log says of polls: who asked how often, and when an answer had a message.

A line is read for four things: its time, the request's target, the answer's status and its size.
So the formats of nginx and Apache (common, combined and what was made of them), of App Engine and
of its development server's console are one to it. Which requests are polls, their transport
declares (`pushlab.contract.profile.InLog`).

What tells clients apart may be a secret: this reader keeps its hash, and gives a number. A poll of
such a transport brings one message at most, so an answer that is not empty is a message.
"""

import datetime
import gzip
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path
from urllib.parse import parse_qs

from pushlab.contract.transport import Transport
from pushlab.errors import UsageError

__all__ = ["LoggedPolls", "read_log"]

#: A client that does not ask for so long was not there meanwhile.
_ABSENT_S = 30.0
_BACKWARDS_S = 60.0
_LONGEST_LINE = 64 * 1024
_MOST_IN_DOUBT = 100_000
_PACKED = b"\x1f\x8b"  #: how gzip's files begin (RFC 1952)
_REQUEST = re.compile(rb'"[A-Z]+ (\S+)(?: HTTP/[\d.]+)?" (\d{3}) (\d{1,12}|-)')
_TIMES = (
    # [25/Nov/2011:12:34:56 -0800], and the console's [25/Nov/2011 12:34:56]
    (
        re.compile(rb"\[(\d\d/[A-Z][a-z]{2}/\d{4})[: ](\d\d:\d\d:\d\d)(?: ([+-]\d{4}))?\]"),
        "%d/%b/%Y",
    ),
    # INFO 2011-11-25 12:34:56,789, and ISO 8601
    (re.compile(rb"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)"), "%Y-%m-%d"),
)


@dataclass(slots=True)
class LoggedPolls:
    """The polls of a log.

    Attributes:
        lines, polls: all of the log's, and those that are answered polls (200 to 299).
        refused: polls with another status.
        clients: how many there were.
        first_s, last_s: times of the first and the last poll, in seconds of one clock.
        interval_s: from one poll of a client to its next, on average; pauses left out. Lines may
            be out of order, and the newest may be the first.
        empty_bytes: the size of an answer that brings nothing.
        sized: whether the log has the answers' sizes.
        whole_seconds: whether its times have no fractions.
        messages: as (time of the answer, client's number). Those that came faster than their client
            asked stand here as they were fetched.
        payload_bytes: of a message, on average.
        per_second: polls in each second, for finding the busiest.
        backwards: lines whose time lies more than a minute before that of the line above.
    """

    lines: int = 0
    polls: int = 0
    refused: int = 0
    clients: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    interval_s: float = 0.0
    empty_bytes: int = 0
    sized: bool = False
    whole_seconds: bool = True
    messages: list[tuple[float, int]] = field(default_factory=list)
    payload_bytes: float = 0.0
    per_second: Counter[int] = field(default_factory=Counter)
    backwards: int = 0

    @property
    def span_s(self) -> float:
        """How long the log is."""
        return self.last_s - self.first_s

    @property
    def users(self) -> float:
        """How many asked at once, on average over the log."""
        return self.polls * self.interval_s / self.span_s if self.span_s else 0.0

    @property
    def rate_per_s(self) -> float:
        """Messages for each of those who were there, a second."""
        present_s = self.polls * self.interval_s
        return len(self.messages) / present_s if present_s else 0.0


def read_log(path: Path, transport: type[Transport]) -> LoggedPolls:
    """The polls of `transport` in an access log, packed by gzip or plain.

    Raises:
        UsageError: it cannot be read, or nothing can be learnt from it; the text says what would
            be right, and quotes no line: there are tokens in them.
    """
    found = _Reader(transport)
    try:
        with _opened(path) as file:
            while line := file.readline(_LONGEST_LINE):
                found.take(line)
    except (OSError, EOFError, zlib.error) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{path}: cannot be read ({told})") from error
    return found.polls(path)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    with path.open("rb") as file:
        yield gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _PACKED else file


_Answer = tuple[float, int, int]  #: its time, its client's number, its size


class _Reader:
    """Reads line by line, and keeps a few numbers for each client and for each message."""

    def __init__(self, transport: type[Transport]) -> None:
        assert transport.in_log is not None
        self._path = transport.path.encode()
        self._in_log = transport.in_log
        self._found = LoggedPolls()
        self._numbers: dict[int, int] = {}  # by the hash of what is the client's own
        self._asked_s = array("d")
        self._gaps, self._gaps_s = 0, 0.0
        self._without_query = self._without_time = 0
        self._least = -1
        self._least_ones: list[_Answer] = []
        self._larger: list[_Answer] = []
        self._before_s = -1.0

    def take(self, line: bytes) -> None:
        """Look at one line."""
        self._found.lines += 1
        if self._path not in line or (request := _REQUEST.search(line)) is None:
            return
        path, _, query = request[1].partition(b"?")
        if not path.endswith(self._path):
            return
        asked = parse_qs(query.decode("latin-1"))
        client = asked.get(self._in_log.client, [""])[0]
        if not client:
            self._without_query += 1
            return
        if any(asked.get(name) != [value] for name, value in self._in_log.poll.items()):
            return
        at_s = _time_of(line)
        if at_s is None:
            self._without_time += 1
        elif not request[2].startswith(b"2"):
            self._found.refused += 1
        else:
            self._poll(at_s, client, request[3])

    def _poll(self, at_s: float, client: str, size: bytes) -> None:
        found = self._found
        number = self._numbers.setdefault(hash(client), len(self._numbers))
        if number == len(self._asked_s):
            self._asked_s.append(at_s)
        else:
            gap_s = at_s - self._asked_s[number]
            self._asked_s[number] = at_s
            if abs(gap_s) <= _ABSENT_S:  # below zero out of order: the gap after it is too long
                self._gaps, self._gaps_s = self._gaps + 1, self._gaps_s + gap_s
        found.backwards += at_s < self._before_s - _BACKWARDS_S
        self._before_s = at_s
        found.first_s = min(found.first_s, at_s) if found.polls else at_s
        found.last_s = max(found.last_s, at_s)
        found.whole_seconds &= at_s.is_integer()
        found.polls += 1
        found.per_second[int(at_s)] += 1
        found.sized |= size != b"-"
        self._answer((at_s, number, 0 if size == b"-" else int(size)))

    def _answer(self, answer: _Answer) -> None:
        """Keep an answer that may be larger than the smallest of the log, which is an empty one."""
        if self._least < 0 or answer[2] < self._least:
            self._least = answer[2]
            self._larger += self._least_ones
            self._least_ones.clear()
        if answer[2] > self._least:
            self._larger.append(answer)
        elif self._least and len(self._least_ones) < _MOST_IN_DOUBT:
            self._least_ones.append(answer)

    def polls(self, path: Path) -> LoggedPolls:
        """What was found. Raises UsageError if that is too little."""
        found, wanted = self._found, self._example()
        if not found.lines:
            raise UsageError(f"{path}: is empty; it must be an access log with polls {wanted}")
        if self._without_time and not found.polls:
            told = "polls, but no time such as [25/Nov/2011:12:34:56 -0800]"
            raise UsageError(f"{path}: has {self._without_time:,} {told}")
        if self._without_query and not found.polls:
            told = (
                f"requests of {self._path.decode()} without their query: clients cannot be told"
                " apart. Log the whole request for an hour, or say --users, --rate-per-user and"
                " --poll-interval instead"
            )
            raise UsageError(f"{path}: has {self._without_query:,} {told}")
        if not found.polls:
            raise UsageError(
                f"{path}: none of its {found.lines:,} lines is an answered poll, {wanted}; without"
                " such a log say --users, --rate-per-user and --poll-interval"
            )
        if not self._gaps_s or not found.span_s:
            told = f"no client polls twice within {_ABSENT_S:g} s"
            raise UsageError(f"{path}: {told}, so nothing is known of how often")
        found.clients = len(self._numbers)
        found.interval_s = abs(self._gaps_s) / self._gaps
        found.empty_bytes = self._least
        found.messages = [(at_s, number) for at_s, number, _ in self._larger]
        brought = sum(size - self._least for *_, size in self._larger)
        found.payload_bytes = brought / len(self._larger) if self._larger else 0.0
        return found

    def _example(self) -> str:
        asked = "&".join(f"{name}={value}" for name, value in self._in_log.poll.items())
        return (
            f'such as "GET {self._path.decode()}?{asked}&{self._in_log.client}=... HTTP/1.1" 200 0'
        )


def _time_of(line: bytes) -> float | None:
    """The time in a line, in seconds; of one clock within a log, if without a zone."""
    for pattern, day in _TIMES:
        if (found := pattern.search(line)) is not None:
            date, clock, *zone = (part.decode() if part else "" for part in found.groups())
            try:
                return _day_s(date, day) + _clock_s(clock) - _zone_s(zone[0] if zone else "")
            except ValueError:
                return None
    return None


@lru_cache(maxsize=16)  # a log has few dates, and parsing one is slow
def _day_s(date: str, form: str) -> float:
    """A date's first second. Raises ValueError: there is no such date."""
    return datetime.datetime.strptime(date, form).replace(tzinfo=datetime.UTC).timestamp()


def _clock_s(clock: str) -> float:
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _zone_s(zone: str) -> int:
    if not zone:
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[3:5]) * 60
    return -seconds if zone[0] == "-" else seconds
