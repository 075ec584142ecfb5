"""``host[:port]`` as URLs and headers have it: read, written, and what its host means."""

import ipaddress
import re

__all__ = [
    "authority_of",
    "is_loopback",
    "is_wildcard",
    "literal_address",
    "parse_authority",
    "reached_here",
    "without_login",
]

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_\-.]+)(?::(\d{0,5}))?", re.ASCII)


def parse_authority(text: str) -> tuple[str, int | None] | None:
    """``host[:port]`` (RFC 9110, section 4.2) as its name and its port; None where it is none.

    The name is in lower case, without a dot at its end; an IPv6 address is in its short form and
    without brackets.
    """
    found = _AUTHORITY.fullmatch(text.strip())
    if found is None:
        return None
    name, digits = found.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port < 65_536:
        return None
    name = name.lower()
    if name.startswith("["):
        try:
            return str(ipaddress.IPv6Address(name[1:-1])), port
        except ValueError:
            return None
    name = name.removesuffix(".")
    return (name, port) if name else None


def authority_of(name: str, port: int | None) -> str:
    """The inverse of `parse_authority`."""
    host = f"[{name}]" if ":" in name else name
    return host if port is None else f"{host}:{port}"


def is_wildcard(host: str) -> bool:
    """Whether a server that is bound to this listens on every address of its machine."""
    address = literal_address(host)
    return host == "" or (address is not None and address.is_unspecified)


def reached_here(host: str) -> str:
    """Where this machine reaches a server that is bound to this: one address, never all of them."""
    if is_wildcard(host):
        return "::1" if ":" in host else "127.0.0.1"
    return host


def is_loopback(name: str) -> bool:
    """Whether this name, as `parse_authority` gives it, leads to the machine that asks.

    Browsers and resolvers keep ``localhost`` and all below it at the loopback (RFC 6761, 6.3).
    """
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = literal_address(name)
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def literal_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that this name spells; None for a name that must be looked up."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def without_login(url: str) -> str:
    """A URL, or what shall be one, as a text may show it: not who logs in there, nor with what."""
    start, scheme, rest = url.rpartition("://")
    login, at, place = rest.rpartition("@")
    return f"{start}{scheme}***@{place}" if at and login else url
