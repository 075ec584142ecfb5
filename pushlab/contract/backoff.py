"""How long to wait before connecting again: doubling, bounded, and never in step with others."""

from random import Random

__all__ = ["FIRST_S", "LIMIT_S", "Backoff"]

FIRST_S, LIMIT_S = 0.1, 10.0


class Backoff:
    """Delays of `first_s` doubling up to `limit_s`, each shortened at random by up to half.

    The randomness keeps thousands of clients that lost one server from coming back as one.
    """

    __slots__ = ("_attempt", "_first_s", "_limit_s", "_rng")

    def __init__(self, rng: Random, *, first_s: float = FIRST_S, limit_s: float = LIMIT_S) -> None:
        self._rng = rng
        self._first_s = first_s
        self._limit_s = limit_s
        self._attempt = 0

    def next_delay_s(self) -> float:
        """The delay before the next attempt, in seconds."""
        ceiling: float = min(self._limit_s, self._first_s * 2 ** min(self._attempt, 30))
        self._attempt += 1
        return ceiling * (0.5 + 0.5 * self._rng.random())

    def reset(self) -> None:
        """A connection stood: the next loss starts from the first delay again."""
        self._attempt = 0
