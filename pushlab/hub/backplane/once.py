"""Publishing once, however often it is asked for: the keys of publishes, and what became of them.

`Idempotency-Key` as the IETF's draft-ietf-httpapi-idempotency-key-header has it. A key counts for
some minutes, for a publisher that got no answer and asks again.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from pushlab.contract.reasons import Reason
from pushlab.hub.backplane.backplane import Items, Receipt

__all__ = ["BAD_KEY", "KEY_COUNTS_S", "KEY_REUSED", "MAX_KEY", "PublishOnce", "fingerprint"]

MAX_KEY = 255
#: For how long a key counts.
KEY_COUNTS_S = 600.0
_MOST = 100_000
BAD_KEY = Reason(
    400,
    "bad-idempotency-key",
    f"Idempotency-Key must be 1 to {MAX_KEY} printable characters of ASCII, no spaces",
)
KEY_REUSED = Reason(
    422,
    "idempotency-key-reused",
    "this Idempotency-Key has come with other messages; take a new one for each publish",
)


def fingerprint(items: Items) -> bytes:
    """Of what is published, to tell a repetition from another publish."""
    digest = hashlib.blake2b(digest_size=16)
    for channel, text in items:
        for part in (channel.encode(), text.encode()):
            digest.update(len(part).to_bytes(4, "big"))
            digest.update(part)
    return digest.digest()


class _Publish(NamedTuple):
    of: bytes
    until_ns: int
    done: "asyncio.Future[list[Receipt]]"


class PublishOnce:
    """The keys of one hub, in memory."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._known: OrderedDict[str, _Publish] = OrderedDict()

    async def publish(
        self, items: Items, key: str, take: Callable[[Items], Awaitable[list[Receipt]]]
    ) -> list[Receipt]:
        """What ``take(items)`` gives, or gave for this key.

        Raises:
            Refused: 422 `idempotency-key-reused`; what `take` raises: then the key is free again.
        """
        self._forget()
        of = fingerprint(items)
        known = self._known.get(key)
        if known is None:
            done = asyncio.ensure_future(take(items))
            until_ns = self._now_ns() + int(KEY_COUNTS_S * 1e9)
            known = self._known[key] = _Publish(of, until_ns, done)
            done.add_done_callback(lambda _: self._failed(key, done))
        if known.of != of:
            raise KEY_REUSED()
        return await asyncio.shield(known.done)

    def _failed(self, key: str, done: "asyncio.Future[list[Receipt]]") -> None:
        if (done.cancelled() or done.exception() is not None) and key in self._known:
            del self._known[key]

    def _forget(self) -> None:
        now_ns, known = self._now_ns(), self._known
        while known:
            first = next(iter(known.values()))
            if first.until_ns > now_ns and len(known) < _MOST:
                return
            known.popitem(last=False)
