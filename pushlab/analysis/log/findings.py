"""What an access log says of polls: how many, how often, how many in vain, and for how many.

A log holds polls and no publishes: how many messages there were is a range, from one in each
useful answer up to as many as its size allows.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from pushlab.analysis.log.messages import Messages
from pushlab.analysis.log.signs import Sign
from pushlab.errors import UsageError

__all__ = ["FINDINGS_FILE", "HourOfLog", "LogFindings", "load_findings"]

#: In the folder that `pushlab workload from-log` writes.
FINDINGS_FILE = "findings.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfLog:
    """One hour.

    Attributes:
        begins: in UTC, such as ``2026-03-01T12:00Z``; of a log without zones in its own time.
        polls: answered ones; `in_vain`: the share of them that brought nothing.
        clients: at once, on average while polls came; `seen`: different ones.
    """

    begins: str
    polls: int
    refused: int
    in_vain: float | None
    clients: float
    seen: int
    wire_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFindings:
    """What a log says; all of it is counts and sizes, and nothing is anybody's.

    Attributes:
        path: which requests are polls, as the user said it.
        lines: of `files`; `broken`: in no known layout; `layouts`: lines of each.
        requests: of them; `polls` that were answered, and `refused` with another status than 200 to
            299 or 304.
        without_key: polls that lack the parameter by which clients are told apart.
        backwards: polls more than a minute before the line above; `pauses`: of five minutes or
            more without a poll, which count for nothing.
        troubles: what could not be read.
        stopped: whether reading was stopped before the end.
        begins, ends: the first and the last poll.
        length_s: of the log; `span_s`: without its pauses.
        polls_per_s: on average; `busiest_per_s`: in the busiest minute.
        interval_s: from a client's poll to its next, pauses left out; of the clients in the middle
            half `interval_low_s` to `interval_high_s`.
        seen: different clients by their keys; `shared`: those among them that ask so often that
            they are several behind one address, and count as such.
        clients: at once, on average; `busiest`: in the busiest minute.
        sign: by what an answer in vain is known; `in_vain`: their share.
        empty_bytes, useful_bytes, bytes_each: mean size of an answer in vain, of the others, of
            all; `with_heads`: whether heads are in it.
        messages: how many there were; None where that is not known.
    """

    path: str
    files: int
    lines: int
    broken: int
    layouts: dict[str, int]
    requests: int
    polls: int
    refused: int
    without_key: int
    backwards: int
    pauses: int
    troubles: tuple[str, ...]
    stopped: bool
    begins: str
    ends: str
    length_s: float
    span_s: float
    polls_per_s: float
    busiest_per_s: float
    interval_s: float
    interval_low_s: float
    interval_high_s: float
    seen: int
    shared: int
    clients: float
    busiest: float
    sign: Sign
    in_vain: float | None
    empty_bytes: float | None
    useful_bytes: float | None
    bytes_each: float | None
    with_heads: bool
    wire_bytes: int
    messages: Messages | None
    hours: tuple[HourOfLog, ...]

    def rate_per_s(self, of_useful: float) -> float:
        """Messages that each client gets a second, with so many in each useful answer."""
        if self.in_vain is None:
            return 0.0
        return (1 - self.in_vain) * of_useful / self.interval_s

    @property
    def rates_per_s(self) -> tuple[float, float, float]:
        """Messages for each client a second: the fewest, by the smallest answer, the most."""
        if self.messages is None:
            return (0.0, 0.0, 0.0)
        low, likely, high = map(self.rate_per_s, self.messages.in_each)
        return low, likely, high

    def poisson_in_vain(self, of_useful: float) -> float:
        """The share in vain if as many messages came at random times, exp(-lam T) (F3)."""
        return math.exp(-self.rate_per_s(of_useful) * self.interval_s)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        low, likely, high = self.rates_per_s
        rates = {"low": low, "likely": likely, "high": high}
        return {**json.loads(json.dumps(asdict(self))), "rate_per_client_per_s": rates}


def load_findings(folder: Path) -> LogFindings:
    """What `pushlab workload from-log` has written to a folder, or to a file.

    Raises:
        UsageError: there is none, or it is none.
    """
    path = folder / FINDINGS_FILE if folder.is_dir() else folder
    try:
        return msgspec.json.decode(path.read_bytes(), type=LogFindings)
    except OSError as error:
        told = "name a folder that `pushlab workload from-log` has written"
        raise UsageError(f"{path}: cannot be read ({error.strerror}); {told}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        told = "is not what `pushlab workload from-log` writes"
        raise UsageError(f"{path}: {told} ({error})") from error
