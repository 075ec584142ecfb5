"""Addresses of clients: read as they are compared, and what counts as one client's."""

import ipaddress

__all__ = ["address_key", "read_address"]


def read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that this spells; one of IPv4 that is written as IPv6 is of IPv4.

    A socket that takes both kinds of IP writes it so (RFC 4291, section 2.5.5.2).
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else ipaddress.IPv4Address(mapped)


def address_key(text: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, which one client has whole."""
    if ":" not in text:
        return text
    address = read_address(text)
    if address is None or address.version == 4:
        return text if address is None else str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
