"""A recorded trace of messages as a scenario holds it: when each is due, its channel, its size.

It is text in the scenario itself, a line for each message, so a run's folder has all that it takes
to run it again; a scenario file may name a CSV or Parquet file with the same in its place
(`pushlab.lab.scenario.trace_file`). It holds times, numbers and sizes, and nothing of whom it was
recorded from.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pushlab.contract.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:  # scenarios are declared without it
    import numpy as np
    import numpy.typing as npt

__all__ = ["Message", "Trace", "parse_trace", "trace_text"]

_MOST = 1_000_000
_WANTED = (
    "seconds after the start, the channel's number and, if it is known, the message's size of 1 to"
    f" {MAX_MESSAGE_BYTES:,} bytes, such as '0.25 3 120'"
)

#: Seconds after the start, the channel's number, the size in bytes; 0: the scenario's.
Message = tuple[float, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The messages of a trace, in its order.

    Attributes:
        at_s: float64, seconds after the start.
        channel: int32.
        payload_bytes: int32; 0: as the scenario says.
    """

    at_s: "npt.NDArray[np.float64]"
    channel: "npt.NDArray[np.int32]"
    payload_bytes: "npt.NDArray[np.int32]"

    def __len__(self) -> int:
        return len(self.at_s)

    @property
    def mean_bytes(self) -> float:
        """Of the messages whose size is known; 0: of none."""
        known = self.payload_bytes[self.payload_bytes > 0]
        return float(known.mean()) if len(known) else 0.0


@lru_cache(maxsize=4)  # a scenario is checked anew whenever a value of it changes
def parse_trace(text: str) -> Trace:
    """Read a trace.

    Raises:
        ValueError: a line is not so, and the text has its number; or it has too many.
    """
    import numpy as np

    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if (message := _message(words)) is None:
            raise ValueError(f"line {number} must be {_WANTED}")
        found.append(message)
    if len(found) > _MOST:
        raise ValueError(f"has {len(found):,} messages; at most {_MOST:,} are replayed")
    at_s, channel, size = zip(*found, strict=True) if found else ((), (), ())
    return Trace(np.array(at_s, np.float64), np.array(channel, np.int32), np.array(size, np.int32))


def _message(words: list[str]) -> Message | None:
    """What a line says; None: it is none."""
    at, *numbers = words
    if not 1 <= len(numbers) <= 2 or not all(one.isdecimal() and one.isascii() for one in numbers):
        return None
    try:
        at_s, channel, size = float(at), int(numbers[0]), int([*numbers, "0"][1])
    except ValueError:
        return None
    known = len(numbers) == 2
    if not 0 <= at_s < math.inf or channel >= 2**31 or not known <= size <= MAX_MESSAGE_BYTES:
        return None
    return at_s, channel, size


def trace_text(messages: Iterable[Message]) -> str:
    """The text of a trace, in order of time; times to the microsecond."""
    return "".join(
        f"{at_s:.6f}".rstrip("0").rstrip(".") + f" {channel}{f' {size}' if size else ''}\n"
        for at_s, channel, size in sorted(messages)
    )
