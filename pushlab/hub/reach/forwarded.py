"""What trusted proxies say of a request: ``Forwarded`` (RFC 7239) and ``X-Forwarded-*``.

Anybody can write these headers, so they are read only of a peer that is named as trusted. Of a
chain of proxies they are read from the right, the nearest first, as long as who wrote is trusted:
what stands further to the left is the client's own word. Where the two families contradict each
other, one of them was let through from outside, and neither is believed.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pushlab.contract.authority import authority_of, parse_authority
from pushlab.contract.serving import Headers
from pushlab.errors import UsageError
from pushlab.hub.reach.addresses import read_address

__all__ = ["Forwarded", "Forwarders", "parse_forwarded"]

_PAIR = r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]+)"
#: Possessive: of a header of blanks alone, which a client may write, each is looked at once.
_PIECE = re.compile(rf"[ \t]*+(?:{_PAIR})?[ \t]*+([;,]|\Z)")
_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_PREFIX = re.compile(r"(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%]+)+")
_MOST_REMEMBERED = 10_000
_NAMES = {
    b"forwarded": "forwarded",
    b"x-forwarded-for": "for",
    b"x-forwarded-proto": "proto",
    b"x-forwarded-host": "host",
    b"x-forwarded-port": "port",
    b"x-forwarded-prefix": "prefix",
}


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What is known of the request that the client sent; None where nobody says.

    Attributes:
        client: the client's address; the peer's own, unless a trusted one says another.
        scheme: ``http`` or ``https``.
        host: ``host`` or ``host:port`` that the client used.
        port: that the client used, where it is told alone.
        prefix: of the path that a proxy took away, such as ``/hub``; empty for none.
    """

    client: str
    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    prefix: str = ""


class Forwarders:
    """The proxies that are trusted to say whose request they forward.

    Args:
        trusted: addresses and networks, such as ``127.0.0.1`` or ``10.0.0.0/8``.

    Raises:
        UsageError: one of them is neither.
    """

    __slots__ = ("_known", "_networks")

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._networks = [_network(text) for text in trusted]
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        """Whether this peer is one of them."""
        if not self._networks:
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = read_address(address)
            known = found is not None and any(found in network for network in self._networks)
            self._known[address] = known
        return known

    def read(self, headers: Headers, peer: str) -> Forwarded:
        """What is said of a request that came from this peer."""
        if not self.trusts(peer):
            return Forwarded(peer)
        said: dict[str, str] = {}
        for name, value in headers:
            if (short := _NAMES.get(name)) is not None:
                text = value.decode("latin-1")
                said[short] = f"{said[short]},{text}" if short in said else text
        if not said:
            return Forwarded(peer)
        one, other = self._standard(said, peer), self._usual(said, peer)
        if one is None or other is None:
            return one or other or Forwarded(peer)
        agreed = {
            name: _agreed(getattr(one, name), getattr(other, name)) for name in ("scheme", "host")
        }
        client = one.client if one.client == other.client else peer
        return Forwarded(client, **agreed, port=other.port, prefix=other.prefix)

    def _standard(self, said: dict[str, str], peer: str) -> Forwarded | None:
        """``Forwarded``: the element of the client, which the outermost trusted proxy wrote."""
        elements = parse_forwarded(said["forwarded"]) if "forwarded" in said else None
        if not elements:
            return None
        client, depth = self._walk([one.get("for", "") for one in elements], peer)
        told = elements[-depth]
        return Forwarded(client, _scheme(told.get("proto", "")), _host(told.get("host", "")))

    def _usual(self, said: dict[str, str], peer: str) -> Forwarded | None:
        """``X-Forwarded-*``, of which lists run beside ``X-Forwarded-For``."""
        if said.keys() <= {"forwarded"}:
            return None
        chain = _items(said.get("for", ""))
        client, depth = self._walk(chain, peer) if chain else (peer, 1)

        def told(name: str) -> str:
            items = _items(said.get(name, ""))
            return items[-min(depth, len(items))] if items else ""

        scheme, port, prefix = _scheme(told("proto")), told("port"), told("prefix").rstrip("/")
        return Forwarded(
            client,
            scheme,
            _host(told("host")),
            int(port) if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536 else None,
            prefix if _PREFIX.fullmatch(prefix) and "/." not in prefix else "",
        )

    def _walk(self, chain: Sequence[str], peer: str) -> tuple[str, int]:
        """The client, and how many of the chain's last entries lead to it (1 at least)."""
        client, depth = peer, 0
        for node in reversed(chain):
            depth += 1
            address = read_address(_node(node))
            if address is None:  # unknown, or hidden on purpose: all that is known is who says so
                break
            client = str(address)
            if not self.trusts(client):
                break
        return client, depth


def parse_forwarded(text: str) -> list[dict[str, str]] | None:
    """The elements of a ``Forwarded`` header, the nearest proxy's last; None where it is none.

    Names of parameters are in lower case; quoted values come without their quotes. As is usual,
    an address with a port is taken without the quotes that RFC 7239 (section 4) asks for.
    """
    elements: list[dict[str, str]] = [{}]
    at = 0
    while (piece := _PIECE.match(text, at)) is not None:
        name, value, separator = piece.groups()
        if name is not None:
            if name.lower() in elements[-1]:
                return None
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            elements[-1][name.lower()] = value
        if not separator:
            return [element for element in elements if element]
        if separator == ",":
            elements.append({})
        at = piece.end()
    return None


def _agreed(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return one or other
    return one if one == other else None


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _scheme(text: str) -> str | None:
    return _SCHEMES.get(text.lower())


def _host(text: str) -> str | None:
    parsed = parse_authority(text)
    return None if parsed is None else authority_of(*parsed)


def _node(text: str) -> str:
    """The address of ``192.0.2.1:80``, ``[2001:db8::1]:80`` or either alone (section 6)."""
    if text.startswith("["):
        address, bracket, _ = text[1:].partition("]")
        return address if bracket else ""
    return text.partition(":")[0] if text.count(":") == 1 else text


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"--trust-forwarded {text}: it takes a proxy's address or network, such as 127.0.0.1"
            " or 10.0.0.0/8"
        ) from error
