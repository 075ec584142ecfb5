"""A recorded trace of messages as a scenario holds it: when each is due, and on which channel.

It is text in the scenario itself, a line for each message, so a run's folder has all that it takes
to run it again. It holds times and numbers of channels, and nothing of whom it was recorded from.
"""

import math
from collections.abc import Iterable

__all__ = ["parse_trace", "trace_text"]

_WANTED = "seconds after the start and the channel's number, such as '0.25 3'"


def parse_trace(text: str) -> list[tuple[float, int]]:
    """Each message as (seconds after the start, number of its channel), in the text's order.

    Raises:
        ValueError: a line is not so; the text has its number.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        at, _, channel = line.strip().partition(" ")
        if not at:
            continue
        try:
            at_s = float(at)
        except ValueError:
            at_s = math.nan
        if not (0 <= at_s < math.inf and channel.strip().isdecimal() and channel.isascii()):
            raise ValueError(f"line {number} must be {_WANTED}")
        found.append((at_s, int(channel)))
    return found


def trace_text(messages: Iterable[tuple[float, int]]) -> str:
    """The text of a trace, in order of time; times to the millisecond."""
    return "".join(f"{at_s:.3f} {channel}\n" for at_s, channel in sorted(messages))
