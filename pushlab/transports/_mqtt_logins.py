"""What the bridge asks of a broker's log-ins, whichever way that broker learns of them."""

import abc
import asyncio
from typing import Any

from pushlab.contract.reasons import Reason
from pushlab.contract.tokens import Grant

__all__ = ["NO_LOGIN", "Logins"]

NO_LOGIN = Reason(
    503,
    "broker-unavailable",
    "the broker's files cannot be written: No space left on device",
)


class Logins(abc.ABC):
    """Makes and removes the log-ins of grants at one broker."""

    async def prepare(self) -> tuple[bool, list[Grant]]:
        """Begin; whether no bridge was at this broker before, and the grants that one let in."""
        return True, []

    @abc.abstractmethod
    def add(self, token: str, grant: Grant) -> "asyncio.Future[Any]":
        """Let the holder of `token` log in; the future is done when it may, or Refused (503)."""

    @abc.abstractmethod
    async def remove(self, username: str) -> None:
        """End a log-in; the broker cuts off whoever uses it."""

    def reset(self) -> None:
        """The connection to the broker was lost; what was asked there is not answered any more."""
        return

    def answered(self, payload: bytes) -> None:
        """The broker has answered what was asked."""
        return

    def close(self) -> None:
        """There is no more to do here."""
        return
