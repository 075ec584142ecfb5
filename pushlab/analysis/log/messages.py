"""How many messages the useful answers of a log may have brought: a range, and what bounds it."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

__all__ = ["LEAST_MESSAGE_BYTES", "Messages", "messages_of"]

#: A guess: a message that means something, with its mark-up, is no shorter.
LEAST_MESSAGE_BYTES = 32.0
_ROUND = 0.05  #: how far a size that somebody says may be off
_SMALLEST = 0.01  #: of the useful answers are smaller than what is taken for one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Messages in a useful answer, on average.

    Attributes:
        low, likely, high: one; as many as the answers are larger than the smallest; as many as a
            message of `least_bytes` allows. If somebody said how large a message is, they lie close
            together.
        useful: the answers that brought something.
        body_bytes: what such an answer brings, on average, beside what an empty one has.
        smallest_bytes: what the smallest of them bring.
        said: whether `least_bytes` was said, and is not a guess.
    """

    low: float
    likely: float
    high: float
    useful: int
    body_bytes: float
    smallest_bytes: float
    least_bytes: float
    said: bool

    @property
    def in_each(self) -> tuple[float, float, float]:
        """`low`, `likely` and `high`."""
        return self.low, self.likely, self.high

    def payload_bytes(self, of_useful: float) -> float:
        """The size of a message if a useful answer brings so many."""
        return self.body_bytes / of_useful


class _Sizes(Protocol):
    useful: int
    sizes: Any
    empty_bytes: float
    useful_bytes: float | None


def messages_of(sizes: _Sizes, message_bytes: float | None) -> Messages:
    """The range of a log whose useful answers are `sizes`.

    Args:
        message_bytes: the size of a message, if somebody knows it.
    """
    assert sizes.useful_bytes is not None
    body = max(1.0, sizes.useful_bytes - sizes.empty_bytes)
    smallest = body
    seen = np.cumsum(sizes.sizes)
    if seen[-1] >= _SMALLEST * sizes.useful:
        place = int(np.searchsorted(seen, max(1.0, _SMALLEST * sizes.useful)))
        smallest = min(body, max(1.0, place - sizes.empty_bytes))
    least = message_bytes or LEAST_MESSAGE_BYTES
    high = max(1.0, body / least)
    if message_bytes is None:
        low, likely = 1.0, min(body / smallest, high)
    else:
        low, likely, high = max(1.0, high * (1 - _ROUND)), high, high * (1 + _ROUND)
    return Messages(
        low=low,
        likely=max(1.0, likely),
        high=high,
        useful=sizes.useful,
        body_bytes=body,
        smallest_bytes=smallest,
        least_bytes=least,
        said=message_bytes is not None,
    )
