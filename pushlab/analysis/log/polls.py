"""The polls of a log, tallied by the block: a few numbers for each client, minute and hour.

Who asks is a secret: of address and user agent (or of a parameter of the query) a hash is kept, by
a key that lives as long as the reading; what is made of it is a number.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pushlab.analysis.log.lines import Lines

__all__ = ["LARGE", "NOT_MODIFIED", "NO_CONTENT", "Hour", "Minute", "Polls", "Rows", "Wanted"]

NO_CONTENT, NOT_MODIFIED = 204, 304
#: Answers of so many bytes are not told apart: none of them brings nothing.
LARGE = 4096
_BACKWARDS_S = 60.0
_LONGEST_GAP_S = 3600.0
_ABSENT_S, _ABSENT_GAPS = 30.0, 6.0
_EDGES_S = np.geomspace(1e-3, _LONGEST_GAP_S, 1200)  # 1.3 % from one to the next
_MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are polls, and who asks.

    Attributes:
        path: their path, with ``*`` for anything; with a ``?`` in it, path and query.
        key: the parameter of the query that tells clients apart; empty: address and user agent.
        query: parameters that a poll has, with their values.
    """

    path: str
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def patterns(self) -> list[str]:
        """Regular expressions (RE2), all of which a poll's target matches."""
        anything = ".*" if "?" in self.path else "[^?]*"
        path = anything.join(re.escape(part) for part in self.path.split("*"))
        rest = "$" if "?" in self.path else r"(?:\?.*)?$"
        asked = [rf"[?&]{re.escape(k)}={re.escape(v)}(?:&|$)" for k, v in self.query.items()]
        return [rf"^(?:[a-z]+://[^/]*)?{path}{rest}", *asked]


@dataclass(slots=True)
class Minute:
    """Polls of a minute, and the times of the first and the last."""

    polls: int
    first_s: float
    last_s: float


class Hour:
    """Answers of an hour.

    Attributes:
        refused: polls with a status that is neither 200 to 299 nor 304.
        no_content, not_modified: those with 204 and 304.
        sizes: of the others, how many have each size below `LARGE`; `large`: how many are larger.
        unsized: how many the log does not tell the size of.
        wire_bytes: of all answers; `status_bytes`: of those with 204 and 304.
        clients: that polled.
    """

    __slots__ = (
        "clients",
        "large",
        "no_content",
        "not_modified",
        "refused",
        "sizes",
        "status_bytes",
        "unsized",
        "wire_bytes",
    )

    def __init__(self) -> None:
        self.refused = self.no_content = self.not_modified = self.unsized = self.large = 0
        self.wire_bytes = self.status_bytes = self.clients = 0
        self.sizes = np.zeros(LARGE, np.uint32)

    @property
    def answered(self) -> int:
        """Polls that were answered."""
        told = self.no_content + self.not_modified + self.unsized + self.large
        return told + int(self.sizes.sum())


@dataclass(frozen=True, slots=True)
class Rows:
    """Answered polls of some of the clients, all of these.

    Attributes:
        at_s, client: when, and the client's number.
        size: of the answer; -1: not told, `-NO_CONTENT`, `-NOT_MODIFIED`: by its status.
    """

    at_s: npt.NDArray[np.float64]
    client: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.at_s)

    def of(self, chosen: Any) -> "Rows":
        """Some of them."""
        return Rows(self.at_s[chosen], self.client[chosen], self.size[chosen])


class Polls:
    """What is known of the polls so far.

    Attributes:
        requests: lines that are requests, `polls` among them.
        without_key: polls in which the parameter that tells clients apart is missing.
        hours, minutes: by their number since 1970.
        first_s, last_s: times of the first and the last poll; infinite where there is none.
        whole_seconds: whether times have no fractions.
        backwards: polls whose time lies more than a minute before that of the line above.
        sampled: one in so many clients has its rows in `rows`.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._patterns = wanted.patterns
        self._secret = os.urandom(16)
        self._numbers: dict[int, int] = {}
        self._last_s = np.full(1024, np.nan)
        self._last_hour = np.full(1024, -1, np.int64)
        self._gaps = np.zeros(1024, np.int64)
        self._gaps_s = np.zeros(1024)
        self._gap_counts = np.zeros(len(_EDGES_S) + 1, np.int64)
        self._gap_sums_s = np.zeros(len(_EDGES_S) + 1)
        self._before_s = -np.inf
        self._rows: list[Rows] = []
        self.requests = self.without_key = self.backwards = 0
        self.hours: dict[int, Hour] = {}
        self.minutes: dict[int, Minute] = {}
        self.first_s, self.last_s = np.inf, -np.inf
        self.whole_seconds = True
        self.sampled = 1

    # ---- what there is --------------------------------------------------------------------------

    @property
    def clients(self) -> int:
        """How many there were."""
        return len(self._numbers)

    @property
    def absent_s(self) -> float:
        """Who does not ask for so long was not there meanwhile."""
        seen = np.cumsum(self._gap_counts)
        if not seen[-1]:
            return _ABSENT_S
        middle = _EDGES_S[min(int(np.searchsorted(seen, seen[-1] / 2)), len(_EDGES_S) - 1)]
        return max(_ABSENT_S, _ABSENT_GAPS * float(middle))

    def gaps(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Of each client how often it asked again, and the time from poll to poll in all."""
        return self._gaps[: self.clients], self._gaps_s[: self.clients]

    def rows(self) -> Rows:
        """The rows that are kept, in order of time."""
        names = ("at_s", "client", "size")
        if not self._rows:
            return Rows(np.empty(0), np.empty(0, np.int32), np.empty(0, np.int32))
        whole = Rows(
            *(np.concatenate([getattr(one, name) for one in self._rows]) for name in names)
        )
        self._rows = [whole.of(np.argsort(whole.at_s, kind="stable"))]
        return self._rows[0]

    # ---- taking lines ---------------------------------------------------------------------------

    def take(self, lines: Lines) -> int:
        """Tally lines; how many of them are broken."""
        whole = lines.whole
        self.requests += int(whole.sum())
        chosen = whole
        for pattern in self._patterns:
            chosen = chosen & _true(pc.match_substring_regex(lines.target, pattern))
        who = lines.who
        if self._wanted.key and chosen.any():
            key = re.escape(self._wanted.key)
            found = pc.extract_regex(lines.target, rf"[?&]{key}=(?P<key>[^&]+)")
            known = _true(pc.is_valid(found))
            self.without_key += int((chosen & ~known).sum())
            chosen, who = chosen & known, found.field("key")
        if chosen.any():
            those = (each[chosen] for each in (lines.at_s, lines.status, lines.size))
            self._polls(who.filter(pa.array(chosen)), *those)
        return len(lines) - int(whole.sum())

    def _polls(self, who: Any, at_s: Any, status: Any, size: Any) -> None:
        answered = ((status >= 200) & (status < 300)) | (status == NOT_MODIFIED)
        hour = (at_s // 3600).astype(np.int64)
        for number, count in zip(*np.unique(hour[~answered], return_counts=True), strict=True):
            self._hour(int(number)).refused += int(count)
        client = self._clients(who)[answered]
        at_s, status, size, hour = (each[answered] for each in (at_s, status, size, hour))
        if not len(at_s):
            return
        self._times(at_s)
        self._again(client, at_s)
        for number in np.unique(hour):
            within = hour == number
            self._answers(self._hour(int(number)), status[within], size[within])
            asked = np.unique(client[within])
            new = asked[self._last_hour[asked] != number]
            self._last_hour[new] = number
            self._hour(int(number)).clients += len(new)
        told = np.where(
            (status == NO_CONTENT) | (status == NOT_MODIFIED), -status.astype(np.int64), size
        )
        self._keep(Rows(at_s, client, np.minimum(told, 2**31 - 1).astype(np.int32)))

    def _hour(self, number: int) -> Hour:
        if number not in self.hours:
            self.hours[number] = Hour()
        return self.hours[number]

    def _clients(self, who: Any) -> npt.NDArray[np.int32]:
        """The clients' numbers, which for new ones go on."""
        encoded = pc.dictionary_encode(who)
        secret, numbers = self._secret, self._numbers
        found = np.array(
            [
                numbers.setdefault(hash(secret + one), len(numbers))
                for one in encoded.dictionary.to_pylist()
            ],
            np.int32,
        )
        if (more := len(numbers) - len(self._last_s)) > 0:
            more = max(more, len(self._last_s))
            self._last_s = np.concatenate([self._last_s, np.full(more, np.nan)])
            self._last_hour = np.concatenate([self._last_hour, np.full(more, -1, np.int64)])
            self._gaps = np.concatenate([self._gaps, np.zeros(more, np.int64)])
            self._gaps_s = np.concatenate([self._gaps_s, np.zeros(more)])
        indices: npt.NDArray[np.int32] = found[encoded.indices.to_numpy(zero_copy_only=False)]
        return indices

    def _times(self, at_s: Any) -> None:
        """Tally the minutes, and steps back."""
        steps = np.diff(at_s, prepend=self._before_s)
        self.backwards += int((steps < -_BACKWARDS_S).sum())
        self._before_s = float(at_s[-1])
        self.first_s = min(self.first_s, float(at_s.min()))
        self.last_s = max(self.last_s, float(at_s.max()))
        self.whole_seconds &= not (at_s % 1).any()
        minute = (at_s // 60).astype(np.int64)
        order = np.argsort(minute, kind="stable")
        minute, at_s = minute[order], at_s[order]
        starts = np.flatnonzero(np.diff(minute, prepend=minute[0] - 1))
        lows, highs = np.minimum.reduceat(at_s, starts), np.maximum.reduceat(at_s, starts)
        counts = np.diff(np.append(starts, len(minute)))
        columns = (minute[starts], counts, lows, highs)
        for number, count, low, high in zip(*(each.tolist() for each in columns), strict=True):
            if (known := self.minutes.get(number)) is None:
                self.minutes[number] = Minute(count, low, high)
            else:
                known.polls += count
                known.first_s, known.last_s = min(known.first_s, low), max(known.last_s, high)

    def _again(self, client: Any, at_s: Any) -> None:
        """Tally the time from each client's poll to its next."""
        order = np.lexsort((at_s, client))
        client, at_s = client[order], at_s[order]
        first = np.diff(client, prepend=-1) != 0
        before = np.where(first, self._last_s[client], np.concatenate([[np.nan], at_s[:-1]]))
        last = np.append(first[1:], True)
        self._last_s[client[last]] = at_s[last]
        gap_s = at_s - before
        known = np.abs(gap_s) <= _LONGEST_GAP_S  # of a client's first poll it is no number
        gap_s, client = gap_s[known], client[known]
        bins = np.searchsorted(_EDGES_S, np.abs(gap_s))
        self._gap_counts += np.bincount(bins, minlength=len(self._gap_counts))
        self._gap_sums_s += np.bincount(bins, gap_s, minlength=len(self._gap_counts))
        there = np.abs(gap_s) <= self.absent_s
        count = self.clients
        self._gaps[:count] += np.bincount(client[there], minlength=count)
        self._gaps_s[:count] += np.bincount(client[there], gap_s[there], minlength=count)

    def _answers(self, hour: Hour, status: Any, size: Any) -> None:
        told = size >= 0
        hour.wire_bytes += int(size[told].sum())
        no_content, not_modified = status == NO_CONTENT, status == NOT_MODIFIED
        hour.no_content += int(no_content.sum())
        hour.not_modified += int(not_modified.sum())
        others = ~(no_content | not_modified)
        hour.status_bytes += int(size[~others & told].sum())
        hour.unsized += int((others & ~told).sum())
        hour.large += int((others & (size >= LARGE)).sum())
        small = size[others & told & (size < LARGE)]
        hour.sizes += np.bincount(small, minlength=LARGE).astype(np.uint32)

    def _keep(self, rows: Rows) -> None:
        self._rows.append(rows.of(rows.client % self.sampled == 0))
        while sum(map(len, self._rows)) > _MOST_ROWS:
            self.sampled *= 2
            self._rows = [one.of(one.client % self.sampled == 0) for one in self._rows]


def _true(mask: Any) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return found
