"""What the hub refuses or cuts: counted by kind, and told in one line a kind and minute.

A flood must be seen and must not fill a disk: the first refusal of a kind is logged at once, what
comes within a minute behind it as one line with its count. A line has the kind, an address and what
`note` is given in words; nobody gives it a token, a key or a body.
"""

import errno
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pushlab.contract.setting import shown

__all__ = ["Refusal", "Refusals", "has_vanished"]

_log = logging.getLogger("pushlab.hub")
_SUMMARY_S = 60.0
_MOST_WORDS = 160
_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")  # what a terminal may not take as text
_GIVEN_UP = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN}


class Refusal(StrEnum):
    """The kinds; those that are answered in JSON have the ``error`` that is told there."""

    HEAD_TOO_LARGE = "head-too-large"  #: 431, or 414 where it is the target
    BODY_TOO_LARGE = "too-large"  #: 413
    HEAD_TIMED_OUT = "head-timed-out"  #: a request's head, or a TLS handshake, came too slowly
    BODY_TIMED_OUT = "body-timed-out"
    MALFORMED = "malformed"  #: what is no request of HTTP/1.1
    TOO_MANY_CONNECTIONS = "too-many-connections"  #: 503, of all addresses together
    TOO_MANY_OF_ADDRESS = "too-many-of-address"  #: 429
    OUT_OF_DESCRIPTORS = "out-of-descriptors"  #: 503
    SLOW_READER = "slow-reader"
    DEAD_PEER = "dead-peer"  #: it vanished without a word
    BAD_HOST = "bad-host"  #: 400, no Host or several
    UNKNOWN_HOST = "unknown-host"
    BAD_ORIGIN = "bad-origin"  #: 403, a page of another host
    BAD_UPGRADE = "bad-upgrade"  #: an Upgrade that cannot be, such as one by POST
    WEBSOCKET_ERROR = "websocket-error"  #: what RFC 6455 forbids
    UPGRADE_REQUIRED = "upgrade-required"  #: 426; perhaps a proxy drops Upgrade
    NOT_MQTT = "not-mqtt"  #: at ``/v1/mqtt``, as the next two
    MQTT_VERSION = "mqtt-version"
    CONNECT_TIMED_OUT = "connect-timed-out"
    BROKER_UNAVAILABLE = "broker-unavailable"  #: 503
    TOO_MANY_CHANNELS = "too-many-channels"  #: 429
    TOKEN_MISSING = "token-missing"
    TOKEN_INVALID = "token-invalid"
    TOKEN_REVOKED = "token-revoked"
    TOKEN_EXPIRED = "token-expired"
    API_KEY_MISSING = "api-key-missing"
    BAD_API_KEY = "bad-api-key"

    __hash__ = str.__hash__


_KINDS = {kind.value: kind for kind in Refusal}


@dataclass(slots=True)
class _Untold:
    """What has happened since the last line about a kind."""

    told_at: float
    count: int = 0
    last: str = ""


def has_vanished(error: Exception | None) -> bool:
    """Whether a connection broke since its peer vanished: the kernel gave it up."""
    return isinstance(error, OSError) and error.errno in _GIVEN_UP


class Refusals:
    """Counts refusals by kind and tells the log of them.

    Args:
        clock: in seconds.
        tell: takes a line for the log.

    Attributes:
        counts: kind to count since the start.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[str], object] = _log.warning,
    ) -> None:
        self.counts: dict[Refusal, int] = {}
        self._clock = clock
        self._tell = tell
        self._untold: dict[Refusal, _Untold] = {}

    def note(self, kind: str, *, who: str = "", detail: str = "", n: int = 1) -> None:
        """Count a refusal; what is none of the kinds (a 404, say) is the hits' to count.

        Args:
            kind: a `Refusal`, or a `Refused`'s reason.
            who: the client's address.
            detail: a few words for the log; no secret.
            n: how many at once.
        """
        known = _KINDS.get(kind)
        if known is None:
            return
        self.counts[known] = self.counts.get(known, 0) + n
        now, untold = self._clock(), self._untold.get(known)
        if untold is None:
            self._untold[known] = _Untold(now, n - 1)
            said = _said(who, detail)
            self._tell(f"refused: {known}{said} (more of these are told once a minute)")
            return
        untold.count += n
        untold.last = who and _said(who, detail)
        if now - untold.told_at >= _SUMMARY_S:
            self._sum_up(known, untold, now)

    def sweep(self) -> None:
        """Tell what has waited for a minute; to be called now and then."""
        if not self._untold:
            return
        now = self._clock()
        for kind, untold in list(self._untold.items()):
            if now - untold.told_at >= _SUMMARY_S:
                if untold.count:
                    self._sum_up(kind, untold, now)
                else:
                    del self._untold[kind]  # quiet for a minute: the next one is a first one

    def close(self) -> None:
        """Tell what has not been told."""
        for kind, untold in self._untold.items():
            if untold.count:
                self._sum_up(kind, untold, self._clock())

    def _sum_up(self, kind: Refusal, untold: _Untold, now: float) -> None:
        span_s = now - untold.told_at
        last = f", the last{untold.last}" if untold.last else ""
        self._tell(f"refused: {kind}, {untold.count:,} more in {span_s:.0f} s{last}")
        untold.told_at, untold.count, untold.last = now, 0, ""


def _said(who: str, detail: str) -> str:
    """Address and words, of which none begins another line."""
    words = f": {_LINE.sub(' ', detail)[:_MOST_WORDS]}" if detail else ""
    return (f" from {shown(who)[1:-1]}" if who else "") + words
