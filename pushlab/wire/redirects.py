"""A client half that goes on where an answer sends it to (RFC 9110, section 15.4).

The token goes to the origin that it was meant for and to no other, so a redirect is followed within
that origin alone, and a few times in a row.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from pushlab.contract.cursor import Cursor
from pushlab.contract.subscriber import Endpoint, Phase, Subscriber
from pushlab.errors import UsageError
from pushlab.wire.http1 import BadResponse, ResponseParser

__all__ = ["Elsewhere", "HttpSubscriber", "Redirects"]

_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_MOST = 5
#: What a client half adds to a path itself; a server that repeats it in a Location is not asked it.
OWN_PARAMETERS = ("after", "hold_s", "lease_s", "command", "channel")
_SAFE = "%/:=&?~#+!$,;'@()*[]"


class Elsewhere(Exception):
    """The answer sends the client to another origin, which its text names."""


class Redirects:
    """Of one client: how often it was sent elsewhere in a row, and where it began."""

    __slots__ = ("_home", "_hops")

    def __init__(self) -> None:
        self._hops = 0
        self._home: Endpoint | None = None

    def follow(
        self,
        endpoint: Endpoint,
        status: int,
        location: str | None,
        *,
        own: Collection[str] = OWN_PARAMETERS,
    ) -> Endpoint | None:
        """Where to ask instead; None: an answer with these does not send the client elsewhere.

        Args:
            own: parameters of a query that the client adds by itself.

        Raises:
            Elsewhere: to another origin.
            BadResponse: to nowhere, or once too often.
        """
        if status not in _REDIRECTS or location is None:
            return None
        self._hops += 1
        if self._hops > _MOST:
            raise BadResponse(f"over {_MOST} redirects in a row")
        found = _resolve(endpoint, location, own)
        if status not in _PERMANENT and self._home is None:
            self._home = endpoint
        return found

    def arrived(self) -> None:
        """An answer came that is none of these."""
        self._hops = 0

    def back(self, endpoint: Endpoint) -> Endpoint:
        """Where to begin again after a loss: where it was before it was sent away for a while."""
        home, self._home, self._hops = self._home, None, 0
        return home or endpoint


def _resolve(endpoint: Endpoint, location: str, own: Collection[str]) -> Endpoint:
    base = f"{'https' if endpoint.tls else 'http'}://{endpoint.authority}{endpoint.path or '/'}"
    try:
        parts = urlsplit(urljoin(base, quote(location.strip().encode("latin-1"), safe=_SAFE)))
        found = Endpoint.from_url(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    except (UsageError, ValueError) as error:
        raise BadResponse("a redirect to nowhere") from error
    here = (endpoint.host.lower(), endpoint.port, endpoint.tls)
    if (found.host.lower(), found.port, found.tls) != here:
        raise Elsewhere(f"{'https' if found.tls else 'http'}://{found.authority}")
    query = [pair for pair in parse_qsl(parts.query, True) if pair[0] not in own]
    path = quote(parts.path or "/", safe=_SAFE)
    return replace(endpoint, path=f"{path}?{urlencode(query)}" if query else path)


class HttpSubscriber(Subscriber):
    """A `Subscriber` that asks by HTTP: what its kinds do with answers that bring nothing."""

    _own_parameters: ClassVar[Collection[str]] = OWN_PARAMETERS

    __slots__ = ("_redirects",)

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._redirects = Redirects()

    def _sent_elsewhere(self, answer: ResponseParser, now_ns: int) -> bool:
        """Go where the answer says, if it says so."""
        try:
            location = answer.header(b"location")
            there = self._redirects.follow(
                self.endpoint, answer.status, location, own=self._own_parameters
            )
        except Elsewhere as error:
            self._end(f"redirected to {error}", answer.status)
            return True
        except BadResponse as error:
            self._lose(str(error), now_ns)
            return True
        if there is None:
            return False
        self.endpoint = there
        self._reconnect_at(now_ns)
        return True

    def _reconnect_at(self, due_ns: int) -> None:
        """This connection has done its work: open another then, with nothing lost."""
        self._phase = Phase.WAITING
        self._retry_ns = due_ns
        self._timer_ns = None

    def _located(self, at: Cursor) -> None:
        self._redirects.arrived()
        super()._located(at)

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        self.endpoint = self._redirects.back(self.endpoint)
        super()._lose(reason, now_ns, least_s)
