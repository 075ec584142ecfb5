"""The door to a backplane: what holds the channels' logs, and brings what is published to all hubs.

A hub reads from logs in its own memory (`pushlab.hub.channel`), whichever backplane it has. With
`memory` those are the logs. With a *shared* backplane they are copies, which follow the logs that
all hubs share for as long as somebody reads them here; so a delivery costs the same, and what is
asked before the copy is there waits for it (`NotYet`).
"""

import abc
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, NamedTuple, Protocol

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.serving import Entry, HubSettings
from pushlab.contract.tokens import Grant
from pushlab.hub.channel import Channel
from pushlab.hub.keys.grants import Grants
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.presence.presence import Presence

__all__ = ["Backplane", "HubsFigures", "Items", "LocalHub", "Receipt"]

_LAST_POSTS_S = 1.0

#: What one request publishes: channel and text of each message, checked.
Items = Sequence[tuple[str, str]]


class Receipt(NamedTuple):
    """Where a message that was published stands.

    Attributes:
        accepted_ns: in nanoseconds of this hub's monotonic clock.
    """

    epoch: str
    seq: int
    accepted_ns: int


class HubsFigures(NamedTuple):
    """The figures of every hub, by its name; who did not answer in time; and who is present.

    Attributes:
        present: (channel, client ID) pairs, each of which may be at several hubs.
    """

    hubs: Mapping[str, Mapping[str, Any]]
    silent: Sequence[str]
    present: int


class LocalHub(Protocol):
    """One hub, as its backplane sees it.

    Attributes:
        closing: whether its feeds are ended, as it stops.
        figures: gives what `/v1/stats` tells of it.
    """

    settings: HubSettings
    presence: Presence
    grants: Grants
    poster: PresencePoster | None
    broker: BrokerAccess | None
    closing: bool
    figures: Callable[[], Mapping[str, Any]]
