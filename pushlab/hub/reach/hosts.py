"""The names under which a hub is served: those that it is known by, and no others.

A page of ``evil.example`` whose name is made to lead to this machine (DNS rebinding) asks with that
name in ``Host``, and its browser takes the answers for its own. So names are served that nobody can
make lead here: those of the loopback, the address that the hub is bound to, that of its public URL,
and what is named at its start. A literal address cannot be rebound, since no name is looked up; a
hub that is bound to every address is served under any, for it need not know all that lead to it
(a container's published port, an address that is translated on the way).
"""

import re
import socket
from collections.abc import Iterable

from pushlab.contract.authority import (
    is_loopback,
    is_wildcard,
    literal_address,
    parse_authority,
)
from pushlab.errors import UsageError

__all__ = ["Hosts"]

ANY_HOST = "*"  #: every name; for laboratories
_ALLOWED = re.compile(r"(?:\*\.)?[A-Za-z0-9_\-.]+|\[?[0-9A-Fa-f:.]+\]?", re.ASCII)
_MOST_REMEMBERED = 1_000


class Hosts:
    """The hosts that one hub is served under.

    Args:
        bound: what it listens on.
        more: further names and addresses; ``*.example.org`` is all below it, `ANY_HOST` every one.

    Raises:
        UsageError: one of them is no host.
    """

    __slots__ = ("_any", "_any_literal", "_below", "_memo", "_names")

    def __init__(self, bound: str = "127.0.0.1", more: Iterable[str] = ()) -> None:
        names = list(more)
        self._any = ANY_HOST in names
        self._any_literal = is_wildcard(bound)
        checked = [_checked(name) for name in names if name != ANY_HOST]
        self._below = tuple(name[1:] for name in checked if name.startswith("*."))
        self._names = {name for name in checked if not name.startswith("*.")}
        if self._any_literal:
            own = socket.gethostname().lower()
            self._names |= {own, f"{own.partition('.')[0]}.local"}  # as multicast DNS has it
        else:
            self._names.add(str(literal_address(bound) or bound.lower().removesuffix(".")))
        self._memo: dict[bytes, bool] = {}

    def know(self, host: bytes) -> bool:
        """Whether a ``Host`` header has one of them; its port does not matter."""
        known = self._memo.get(host)
        if known is None:
            if len(self._memo) >= _MOST_REMEMBERED:  # of a client that tries them all
                self._memo.clear()
            known = self._memo[host] = self._look(host)
        return known

    def _look(self, host: bytes) -> bool:
        parsed = parse_authority(host.decode("latin-1"))
        if parsed is None:
            return False
        name = parsed[0]
        if self._any or name in self._names or is_loopback(name):
            return True
        if self._any_literal and (literal := literal_address(name)) is not None:
            return not literal.is_unspecified
        return any(name.endswith(below) for below in self._below)


def _checked(name: str) -> str:
    plain = name.removeprefix("[").removesuffix("]")
    address = literal_address(plain)
    whole = address is not None or (":" not in name and "[" not in name)
    if not _ALLOWED.fullmatch(name) or not whole:
        raise UsageError(
            f"--allow-host {name}: it takes a name or an address without scheme and port, such as"
            " push.example or *.push.example; * is every one"
        )
    return str(address) if address is not None else name.lower().removesuffix(".")
