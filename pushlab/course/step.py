"""A step of a conversation on the wire: what one side said at once."""

from dataclasses import dataclass

__all__ = ["Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one side said at once.

    Attributes:
        times: how often it was said in a row, exchange by exchange.
    """

    at_s: float
    sender: str
    text: str
    size: int
    times: int = 1
