"""Lives of channels' logs: what a new one is called, and where a forgotten one stood.

A hub cannot hold every channel for ever, but a reader that comes back to one that was forgotten
must not be told of a gap unless it missed something. So a channel that is forgotten leaves its
epoch and its head behind, and begins again there. One that never had a message leaves nothing: its
epoch follows from its name and the hub's seed, so it begins again as it was.

So many are remembered. Beyond that the oldest is dropped, and new lives get other names, for a
channel that begins anew must not look like the old one.
"""

import secrets
from collections import OrderedDict
from hashlib import blake2b

__all__ = ["Lives"]

_MOST = 100_000


class Lives:
    """The lives of one hub's channels.

    Args:
        seed: from which epochs follow; a fresh one unless given.
        generation: how often a life was dropped.

    Attributes:
        seed, generation: as above; who keeps them gets the same names after a restart.
    """

    def __init__(
        self, seed: bytes | None = None, generation: int = 0, *, most: int = _MOST
    ) -> None:
        self.seed = seed or secrets.token_bytes(16)
        self.generation = generation
        self._most = most
        self._forgotten: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._forgotten)

    def begin(self, name: str) -> tuple[str, int]:
        """The epoch and the head with which a channel begins, or begins again."""
        known = self._forgotten.pop(name, None)
        if known is not None:
            return known
        named = f"{self.generation} {name}".encode()
        return blake2b(named, key=self.seed, digest_size=4).hexdigest(), 0

    def forget(self, name: str, epoch: str, head: int) -> list[str]:
        """A channel is held no longer; the names of those that are dropped for it."""
        if head == 0:
            return []
        self._forgotten[name] = epoch, head
        dropped = []
        while len(self._forgotten) > self._most:
            dropped.append(self._forgotten.popitem(last=False)[0])
            self.generation += 1
        return dropped
