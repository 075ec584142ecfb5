"""Which broker it is, among those of several hubs: each broker has a bridge of its own."""

import socket

from pushlab.contract.authority import is_loopback
from pushlab.contract.broker_access import BrokerAccess

__all__ = ["broker_place"]


def broker_place(broker: BrokerAccess) -> str:
    """Names a broker so that two hubs name it alike if it is one.

    One that was started for hubs, or is reached by the loopback, is of its machine.
    """
    if broker.kind == "remote" and not is_loopback(broker.host):
        return broker.url
    return f"{broker.url} of {socket.gethostname()}"
