"""The contract suite: every clause, for one transport."""

from pushlab.testing.clauses.delivery import Delivery
from pushlab.testing.clauses.presence import Presence
from pushlab.testing.clauses.resuming import Resuming
from pushlab.testing.clauses.trouble import Trouble
from pushlab.testing.clauses.trust import Trust

__all__ = ["TransportContract"]


class TransportContract(Delivery, Resuming, Trust, Trouble, Presence):
    """What every transport promises. Subclass it, name the transport, and run pytest::

        class TestSse(TransportContract):
            transport = "sse"

    The hub runs in a process of its own on the loopback, on a free port; so does a broker, for a
    transport that needs one. A clause that fails says in words what it promises.

    Attributes:
        transport: a name, a `Transport` class (at the top of a module), or an instance.
        options: the transport's settings, when `transport` is a name or a class.
        broker: ``auto``, ``embedded`` or ``mosquitto``, for a transport that needs a broker.
        place: ``process``; ``in-process`` for a transport without a network; ``hubs`` for several
            of one service, where nobody reads at the hub at which is published and whoever comes
            back comes to another: then `fresh_backplane` says where they meet.
        settings: the hub's dials.
        cuts_slow_readers: False for a transport behind a broker that itself decides what to do
            about a reader that stalls.
    """
