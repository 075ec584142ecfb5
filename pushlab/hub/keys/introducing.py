"""Letting a broker know of tokens: whoever speaks to one here is told, or else the other hubs."""

from collections.abc import Awaitable, Callable
from functools import partial

from pushlab.contract.serving import GrantHook
from pushlab.contract.tokens import Grant

__all__ = ["Introducing"]

_MAX_INTRODUCED = 100_000


class Introducing:
    """The tokens that were introduced, and who is to be told of others.

    Args:
        elsewhere: tells the other hubs, where nobody here speaks to a broker.
    """

    def __init__(self, elsewhere: Callable[[str, Grant, bool], Awaitable[None]]) -> None:
        self._elsewhere = elsewhere
        self._hooks: list[GrantHook] = []
        self._introduced: set[str] = set()

    def __contains__(self, token: str) -> bool:
        """Whether a broker knows this token, as far as is known here."""
        return token in self._introduced

    @property
    def here(self) -> bool:
        """Whether somebody here speaks to a broker."""
        return bool(self._hooks)

    def on_grant(self, hook: GrantHook) -> Callable[[], None]:
        """See `pushlab.contract.serving.Hub.on_grant`."""
        self._hooks.append(hook)
        return partial(self._hooks.remove, hook)

    async def introduce(self, token: str, grant: Grant, *, wanted: bool) -> None:
        """Let the broker know a token. Raises Refused (503)."""
        if self._hooks:
            for hook in tuple(self._hooks):
                await hook(token, grant, wanted)
        else:
            await self._elsewhere(token, grant, wanted)
        if not wanted:
            return
        if len(self._introduced) >= _MAX_INTRODUCED:
            self._introduced.clear()
        self._introduced.add(token)
