"""How clients reach the hub: the address that they are told, and which requests are meant for it.

What the hub cannot see itself is said at its start (`ReachSettings`): its public URL, the proxies
whose word it takes (`hub.reach.forwarded`), further names of its own (`hub.reach.hosts`). A
client is told the public URL; without one, the address that it used, as a trusted proxy tells it or
as its own ``Host`` does; never that of a socket that listens everywhere.
"""

import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from pushlab.contract.authority import (
    authority_of,
    is_loopback,
    is_wildcard,
    parse_authority,
    reached_here,
)
from pushlab.contract.serving import Hub, Scope
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import Refused, UsageError
from pushlab.hub.reach.forwarded import Forwarded, Forwarders
from pushlab.hub.reach.hosts import Hosts
from pushlab.hub.reasons import UNKNOWN_HOST

__all__ = ["Reach", "ReachSettings", "local_url", "seen_from"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HUB_EXAMPLE = "https://push.example/hub"
_BROKER_EXAMPLE = "mqtts://push.example:8883"
_PATH = re.compile(r"(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%]+)*")
_TOLD = "pushlab.forwarded"


@dataclass(frozen=True, slots=True)
class ReachSettings:
    """What is said of it at the hub's start.

    Attributes:
        public_url: of the hub, such as ``https://push.example/hub``.
        public_broker_url: of its MQTT broker, such as ``mqtts://push.example:8883``.
        trust_forwarded: addresses and networks of proxies whose word is taken.
        allow_hosts: further names under which it is served; see `Hosts`.
    """

    public_url: str | None = None
    public_broker_url: str | None = None
    trust_forwarded: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()


class Reach:
    """What one hub knows of how it is reached.

    Args:
        bound: the host that it listens on.

    Attributes:
        public_url, public_broker_url: without a slash at their end; None where they are not said.
        prefix: the public URL's path, such as ``/hub``; empty where it has none.
        hosts: those that the hub is served under.
        forwarders: the proxies whose word is taken.
        proxy_vouches: whether it is taken for the host as well, since no name is said here. A proxy
            that forwards every name lets a rebound one in.

    Raises:
        UsageError: a setting is not what it should be.
    """

    def __init__(self, settings: ReachSettings | None = None, *, bound: str = "127.0.0.1") -> None:
        told = settings or ReachSettings()
        self.public_url = self.public_broker_url = None
        self.prefix = ""
        self._public: tuple[str, str, int | None] | None = None
        names = list(told.allow_hosts)
        if told.public_url is not None:
            url = _checked(told.public_url, "--public-url", _HUB_EXAMPLE)
            self.public_url, self._public, self.prefix = url
            names.append(self._public[1])
        if told.public_broker_url is not None:
            url = _checked(told.public_broker_url, "--public-broker-url", _BROKER_EXAMPLE)
            self.public_broker_url = url[0]
        self.hosts = Hosts(bound, names)
        self.forwarders = Forwarders(told.trust_forwarded)
        self.proxy_vouches = bool(self.forwarders) and not names

    # ---- one request ------------------------------------------------------------------------

    def forwarded(self, scope: Scope) -> Forwarded:
        """What trusted proxies say of a request; read once for each scope."""
        told: Forwarded | None = scope.get(_TOLD)
        if told is None:
            peer = scope.get("client")
            told = self.forwarders.read(scope["headers"], peer[0] if peer else "")
            scope[_TOLD] = told
        return told

    def client(self, scope: Scope) -> str:
        """The address of the client that asks: the peer's, or what a trusted proxy says."""
        return self.forwarded(scope).client

    def refusal(self, scope: Scope) -> Refused | None:
        """421 `unknown-host` for a request that is meant for another server; 400 for nobody's.

        A request of HTTP/1.0 may come without ``Host``: no browser sends such a one.
        """
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1 or (not hosts and scope.get("http_version") != "1.0"):
            return Refused(400, "bad-host", "a request must have one Host header")
        told = self.forwarded(scope).host if self.forwarders else None
        if told is not None:
            hosts = [] if self.proxy_vouches else [told.encode()]
        if not hosts or self.hosts.know(hosts[0]):
            return None
        parsed = parse_authority(hosts[0].decode("latin-1"))
        name = "this host" if parsed is None else authority_of(parsed[0], None)
        return UNKNOWN_HOST(UNKNOWN_HOST.detail.replace("other.example", name))

    def place(self, scope: Scope) -> tuple[str | None, str | None, int | None]:
        """Scheme, name and port of the address that the client used, as far as they are known."""
        told = self.forwarded(scope)
        raw = told.host
        if raw is None:
            raw = next((v.decode("latin-1") for n, v in scope["headers"] if n == b"host"), "")
        name, port = parse_authority(raw) or (None, None)
        if port is None:
            port = told.port
        scheme = told.scheme
        if scheme is None and "scheme" in scope:
            scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
        return scheme, name, port

    def url(self, scope: Scope, local: str) -> str:
        """The hub's address for the client that asks; `local` where nothing better is known."""
        if self.public_url is not None:
            return self.public_url
        scheme, name, port = self.place(scope)
        if name is None or is_wildcard(name):
            return local
        told = self.forwarded(scope)
        if scheme is None or (port == 443 and told.scheme is None):
            scheme = "https" if port == 443 else "http"
        # The other scheme's port is that of a proxy behind the one that ends TLS.
        if port == _DEFAULT_PORTS[scheme] or (port == told.port and port in (80, 443)):
            port = None
        return f"{scheme}://{authority_of(name, port)}{told.prefix}"

    def owns(self, origin: bytes, scope: Scope) -> bool:
        """Whether a page of this origin is the hub's own.

        It is if it has the public URL's origin, or host and port of the address that the client
        used (default ports may be left out). A proxy may have changed or shortened ``Host``: then
        ``Sec-Fetch-Site: same-origin`` tells, which no page can write (Fetch Metadata, section 5).
        Browsers send it to ``https`` and to the loopback alone. A name that was rebound has neither
        a certificate nor the loopback's name, so the word is taken of such origins only.
        """
        scheme, _, authority = origin.decode("latin-1").lower().partition("://")
        parsed = parse_authority(authority)
        if scheme not in ("http", "https") or parsed is None:
            return False
        name, port = parsed[0], parsed[1] or _DEFAULT_PORTS[scheme]
        if self._public == (scheme, name, port):
            return True
        _, own_name, own_port = self.place(scope)
        if (name, port) == (own_name, own_port or _DEFAULT_PORTS[scheme]):
            return True
        if scheme != "https" and not is_loopback(name):
            return False
        sites = [value for header, value in scope["headers"] if header == b"sec-fetch-site"]
        return sites == [b"same-origin"]


def local_url(host: str, port: int, *, tls: bool) -> str:
    """Where this machine reaches a hub that listens there."""
    return f"{'https' if tls else 'http'}://{authority_of(reached_here(host), port)}"


def seen_from(hub: Hub, url: str, broker_url: str | None) -> Hub:
    """The hub as one client reaches it: the same in all but the addresses that it tells."""
    return cast(Hub, _Seen(hub, url, broker_url))


class _Seen:
    __slots__ = ("_broker_url", "_hub", "_url")

    def __init__(self, hub: Hub, url: str, broker_url: str | None) -> None:
        self._hub = hub
        self._url = url
        self._broker_url = broker_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hub, name)

    def url(self) -> str:
        return self._url

    def broker_url(self) -> str:
        return self._broker_url or self._hub.broker_url()


def _checked(text: str, flag: str, example: str) -> tuple[str, tuple[str, str, int | None], str]:
    """The URL in its plain form, its origin and its path. Raises UsageError."""
    shown = repr(text[:80]) if "@" not in text else "(with a log-in)"
    secure = urlsplit(example)
    try:
        parts = urlsplit(text)
        Endpoint.from_url(text)
    except (ValueError, UsageError):
        raise UsageError(f"{flag} {shown} is not a URL such as {example}") from None
    parsed, path = parse_authority(parts.netloc), parts.path.rstrip("/")
    whole = "?" not in text and "#" not in text and "/." not in path and bool(_PATH.fullmatch(path))
    whole = whole and parts.scheme in (secure.scheme, secure.scheme.removesuffix("s"))
    if parsed is None or not whole or (path and not secure.path):
        raise UsageError(f"{flag} {shown} is not a URL such as {example}")
    name, port = parsed
    if is_wildcard(name):
        raise UsageError(f"{flag} {shown}: nobody can reach that address; one is such as {example}")
    default = Endpoint.from_url(f"{parts.scheme}://{authority_of(name, None)}").port
    authority = authority_of(name, None if port == default else port)
    return f"{parts.scheme}://{authority}{path}", (parts.scheme, name, port or default), path
