"""Readers that keep what they were given; one of them can stop reading."""

from typing import Any

from pushlab.lab.probe.reader import ProbeReader
from pushlab.wire.driver import StallingDriver

__all__ = ["ClauseReader", "StallingReader"]


class ClauseReader(ProbeReader):
    """One reader of one channel.

    Attributes:
        texts: what the server called messages, as they came.
        token: with which it was let in; a secret.
    """

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.texts: list[bytes] = []
        self.token = ""
        self._arrivals: dict[int, list[int]] = {}

    def _read(self, data: bytes, now_ns: int) -> None:
        self.texts.append(data)
        known = len(self.seen)
        super()._read(data, now_ns)
        for place, number, at_ns in self.seen[known:]:
            if place == self.channel:
                self._arrivals.setdefault(number, []).append(at_ns)

    def arrivals(self, number: int) -> list[int]:
        """When a message of its own channel came, each time that it did."""
        return self._arrivals.get(number, [])

    @property
    def known(self) -> int:
        """How many messages of its own channel have come, those that came again not counted."""
        return len(self._arrivals)

    async def accepted_within(self, within_s: float) -> bool:
        """Wait until the server has let it in; whether it has."""
        return await self.until(lambda: self.accepted, within_s)

    async def back_within(self, within_s: float) -> bool:
        """Come back after a cut; whether the server has let it in, or given it something."""
        accepted, given = len(self.accepted), len(self.seen)
        self.come_back()
        return await self.until(
            lambda: len(self.accepted) > accepted or len(self.seen) > given, within_s
        )

    @property
    def trouble(self) -> str:
        """What went wrong last, in words; empty: nothing."""
        if self.closed is not None:
            return self.closed.reason
        return self.said[-1] if self.said else ""


class StallingReader(StallingDriver, ClauseReader):
    """One that can stop reading."""
