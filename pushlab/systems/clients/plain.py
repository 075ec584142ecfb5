"""The plain client halves, by the name of the transport that they speak."""

from collections.abc import Mapping

from pushlab.systems.clients.foreign import ForeignSubscriber

__all__ = ["PLAIN"]

PLAIN: Mapping[str, type[ForeignSubscriber]] = {}
