"""Who may drive the race: everybody, or the presenter alone while it is locked.

A room's phones see the race, and each of them could change it under the teacher's hands. So the
presenter locks it. Whoever holds the presenter's key can: it comes with the address that `pushlab
serve` prints, and a page on the hub's own machine is given it as long as nothing is locked. The key
follows from the hub's own keys, so all hubs of one service have the same, and it is no token: with
it one can drive the race, and read nothing.
"""

import hmac
from typing import Any

from pushlab.contract.reasons import Reason
from pushlab.contract.tokens import Grant, TokenKeys

__all__ = ["LOCKED", "NOT_THE_PRESENTER", "RaceLock", "presenter_key"]

_KEY_CHARS = 22  # 128 bits and more
LOCKED = Reason(423, "locked", "the presenter has locked the race")
NOT_THE_PRESENTER = Reason(
    403,
    "not-the-presenter",
    "only the presenter locks the race and unlocks it: open the address that pushlab serve prints"
    " for the presenter",
)


def presenter_key(keys: TokenKeys) -> str:
    """The presenter's key of the hubs that have these keys."""
    nobody = Grant("race-presenter", "race-presenter", 0, "0")  # which has expired long ago
    token, _ = keys.sign(nobody)
    return token.rpartition(".")[2][:_KEY_CHARS]


class RaceLock:
    """Tells the presenter from others. Bodies have the key as ``key``; it is taken out of them."""

    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys

    def opens(self, key: object) -> bool:
        """Whether this is the presenter's key."""
        own = presenter_key(self._keys)
        return isinstance(key, str) and hmac.compare_digest(
            own.encode(), key.encode("utf-8", "replace")
        )

    def check(self, body: dict[str, Any], *, locked: bool) -> dict[str, Any]:
        """What else the body says. Raises Refused (423 `locked`)."""
        key = body.get("key")
        if locked and not self.opens(key):
            raise LOCKED()
        return {name: value for name, value in body.items() if name != "key"}

    def admit(self, body: dict[str, Any], *, locked: bool, here: bool) -> str:
        """The presenter's key, for who may lock and unlock. Raises Refused (403, 423).

        Args:
            here: whether who asks is at this machine.
        """
        if self.opens(body.get("key")) or (here and not locked):
            return presenter_key(self._keys)
        raise LOCKED() if here else NOT_THE_PRESENTER()
