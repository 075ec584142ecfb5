"""Which endpoints a client is told, and whether a broker is to know its token for that."""

from collections.abc import Sequence
from typing import Any

from pushlab.contract.transport import Transport
from pushlab.hub.reasons import NO_SUCH_TRANSPORT

__all__ = ["at_a_broker", "chosen", "no_such_transport"]


def chosen(transports: Sequence[Transport], named: Any) -> Sequence[Transport]:
    """Those of these names; all for None. Raises Refused (400)."""
    if named is None:
        return transports
    known = {transport.name: transport for transport in transports}
    if not isinstance(named, list) or not all(isinstance(n, str) and n in known for n in named):
        raise NO_SUCH_TRANSPORT(no_such_transport(transports))
    return [known[name] for name in dict.fromkeys(named)]


def no_such_transport(transports: Sequence[Transport]) -> str:
    """What is said of a name that none of these has."""
    names = ", ".join(sorted(transport.name for transport in transports))
    return NO_SUCH_TRANSPORT.detail.replace("...", names)


def at_a_broker(transports: Sequence[Transport]) -> bool:
    """Whether one of them is reached at a broker."""
    return any(transport.profile.needs_broker for transport in transports)
