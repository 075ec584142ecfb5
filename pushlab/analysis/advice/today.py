"""What polling costs its owner today, in the owner's own words: ``poll 5s, 3 servers at 40% CPU``.

These figures take the place of what a laboratory's server was measured to cost: an application's
poll asks a database and renders, and pushlab's does neither.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pushlab.errors import UsageError
from pushlab.quantities import parse_bytes, parse_number, parse_seconds, parse_share

__all__ = ["Today", "parse_today"]

_SUCH = (
    "'poll 5s', '3 servers of 4 cores at 40% CPU', '2ms CPU per poll', '3kB per poll' or"
    " 'USD 900 a month'"
)
_WORD = r"[\d.,]+\s*[a-zµ]*"
#: Phrases, and the field that each named part of them gives.
_PHRASES = (
    rf"poll(?:s|ing)?(?:\s+every)?\s+(?P<interval_s>{_WORD})",
    r"(?P<servers>[\d.,]+[kM]?)\s+servers?(?:\s+(?:of|with)\s+(?P<cores_each>[\d.,]+)\s+"
    r"v?(?:cores?|cpus?))?(?:\s+at\s+(?P<busy>[\d.,]+\s*%)(?:\s+(?:of\s+)?cpu|\s+busy)?)?",
    rf"(?P<cpu_s_per_poll>{_WORD})\s+(?:of\s+)?cpu\s+(?:per|a|each)\s+poll",
    r"(?P<bytes_per_poll>[\d.,]+\s*(?:b|bytes|[km]i?b))\s+(?:per|a|each)\s+poll",
    r"(?:usd|\$)\s*(?P<usd>[\d.,]+[kM]?)(?:\s+(?:per|a)\s+month)?",
    r"(?P<usd_>[\d.,]+[kM]?)\s*(?:usd|\$)(?:\s+(?:per|a)\s+month)?",
)
_READ: Mapping[str, Callable[[str], float]] = {
    "interval_s": parse_seconds,
    "servers": parse_number,
    "cores_each": parse_number,
    "busy": parse_share,
    "cpu_s_per_poll": parse_seconds,
    "bytes_per_poll": parse_bytes,
    "usd": parse_number,
}
_COMMA = re.compile(r";|(?<!\d),|,(?!\d{3}(?!\d))")  # one between thousands parts nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Polling as it is, for the clients that are asked about; None: it was not said.

    Attributes:
        interval_s: between two polls of a client.
        servers: how many, each of `cores_each`, of which `busy` is the share in use.
        cpu_s_per_poll: CPU seconds that the application takes for a poll.
        bytes_per_poll: of an answer, headers included.
        usd: what a month costs now.
        said: all of it as it was typed.
    """

    interval_s: float
    servers: float | None = None
    cores_each: float | None = None
    busy: float | None = None
    cpu_s_per_poll: float | None = None
    bytes_per_poll: float | None = None
    usd: float | None = None
    said: str = ""

    def cpu_of_a_poll(self, polls_per_s: float) -> tuple[float, float] | None:
        """CPU seconds a poll, the least and the most that its figures say; None: they do not."""
        told = [self.cpu_s_per_poll] if self.cpu_s_per_poll is not None else []
        if self.cores_in_use is not None:
            told.append(self.cores_in_use / polls_per_s)
        return (min(told), max(told)) if told else None

    @property
    def cores_in_use(self) -> float | None:
        """Of all servers, by their number, their cores and the share in use; None: not said."""
        if self.servers is None or self.cores_each is None or self.busy is None:
            return None
        return self.servers * self.cores_each * self.busy

    def cores_implied(self, polls_per_s: float) -> float | None:
        """The cores that each server must have if its other figures are so; None: they are said."""
        if self.cores_each is not None or not (self.servers and self.busy and self.cpu_s_per_poll):
            return None
        return polls_per_s * self.cpu_s_per_poll / (self.servers * self.busy)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def parse_today(text: str) -> Today:
    """Read phrases with commas between, in any order; the polls' interval must be one of them.

    Raises:
        UsageError: a phrase is none, is there twice, or has a value that cannot be.
    """
    found: dict[str, float] = {}
    for phrase in filter(None, (part.strip() for part in _COMMA.split(text))):
        for field, value in _read(phrase).items():
            if field in found:
                raise UsageError(f"--today: {phrase!r} says once more what was said before it")
            found[field] = value
    if "interval_s" not in found:
        raise UsageError("--today must say how often a client polls, such as 'poll 5s'")
    told = Today(said=text.strip(), **found)
    if told.busy is not None and told.cores_each is None and told.cpu_s_per_poll is None:
        raise UsageError(
            "--today: servers of how many cores? Say '3 servers of 4 cores at 40% CPU', or what"
            " a poll takes, such as '2ms CPU per poll'"
        )
    return told


def _read(phrase: str) -> dict[str, float]:
    """The fields that one phrase gives. Raises UsageError."""
    plain = " ".join(phrase.split())
    matches = (re.fullmatch(pattern, plain, re.IGNORECASE) for pattern in _PHRASES)
    match = next((each for each in matches if each), None)
    if match is None:
        raise UsageError(f"--today: {phrase!r} is not {_SUCH}")
    found = {}
    for name, word in match.groupdict().items():
        if word is None:
            continue
        field = name.rstrip("_")
        try:
            value = _READ[field](word)
        except UsageError as error:
            raise UsageError(f"--today: in {phrase!r}, {error}") from error
        if value <= 0:
            raise UsageError(f"--today: in {phrase!r}, {word} must be above 0")
        if field == "busy" and value > 1:
            raise UsageError(
                f"--today: in {phrase!r}, {word} is more than all of a server's cores; with"
                " '3 servers of 4 cores at 40% CPU', 100% is all four"
            )
        found[field] = value
    return found
