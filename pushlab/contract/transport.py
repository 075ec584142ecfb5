"""A transport: one way to carry the contract, with both ends of its wire in one place."""

import abc
import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Event
from pushlab.contract.profile import InBrowser, InLog, Profile
from pushlab.contract.reasons import Reason
from pushlab.contract.serving import Hub, HubSettings, Route
from pushlab.contract.setting import keys_of
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.tokens import Grant
from pushlab.errors import UsageError

if TYPE_CHECKING:
    from pushlab.contract.description import Description

__all__ = ["Address", "NoOptions", "Transport"]


class Address(TypedDict):
    """Where a transport listens."""

    url: str


@dataclasses.dataclass(frozen=True, slots=True)
class NoOptions:
    """For a transport that has nothing to set."""


class Transport(abc.ABC):
    """One way to carry a channel.

    A plug-in subclasses this, names its `Client` (or, where a library insists on its own
    sockets, implements `messages`), and registers the class under the entry-point group
    ``pushlab.transports``. `pushlab.testing.TransportContract` then proves it.

    Attributes:
        name: how users name it, such as ``long-polling``.
        profile: what it is, as far as neither its options nor the hub's dials say it; `in_force`
            adds those.
        endpoint_reasons: why a client may not be told where it listens, for now.
        EndpointBody: what `endpoint` tells, as a typed dictionary.
        path: where it listens on the hub, unless it has an address of its own.
        in_browser: what channel.js can do of it; None: it does not speak it.
        in_log: how its polls stand in an access log; None: an access log does not tell.
        Options: a frozen dataclass with defaults; units stand in their names. One that derives from
            `Declared`, a `Setting` for each, is checked, and told in the schema of scenarios.
        Client: the sans-I/O client half; None: it has none.
    """

    name: ClassVar[str]
    profile: ClassVar[Profile] = Profile()
    in_browser: ClassVar[InBrowser | None] = None
    in_log: ClassVar[InLog | None] = None
    path: ClassVar[str] = ""
    endpoint_reasons: ClassVar[Sequence[Reason]] = ()
    EndpointBody: ClassVar[type[Any]] = Address
    Options: ClassVar[type[Any]] = NoOptions
    Client: ClassVar[type[Subscriber] | None] = None

    def __init_subclass__(cls) -> None:
        name = getattr(cls, "name", "")
        title = cls.profile.title or name
        cls.profile = dataclasses.replace(cls.profile, name=name, title=title)

    def __init__(self, options: Any = None) -> None:
        self.options: Any = self.Options() if options is None else options

    @classmethod
    def with_options(cls, settings: Mapping[str, Any]) -> "Transport":
        """Make the transport from plain settings, as a scenario file has them.

        Raises:
            UsageError: a setting is unknown, of the wrong type, or out of range.
        """
        keys = keys_of(cls.Options, all_fields=True)
        for name in settings.keys() - keys.keys():
            known = ", ".join(sorted(keys)) or "none"
            raise UsageError(f"{cls.name} has no option {name!r}; its options: {known}")
        try:
            return cls(cls.Options(**{name: keys[name].take(settings[name]) for name in settings}))
        except UsageError as error:
            raise UsageError(f"{cls.name}: {error}") from error

    def in_force(self, settings: HubSettings) -> Profile:
        """The profile with what these options and a hub with these settings make of it."""
        return self.profile

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """The paths that this transport serves on the hub."""
        return ()

    def background(self, hub: Hub) -> AbstractAsyncContextManager[None] | None:
        """What runs beside the hub while it serves (MQTT: the bridge), or None."""
        return None

    def server_settings(self) -> Mapping[str, Any]:
        """Settings that the ASGI server itself needs for this transport."""
        return {}

    def endpoint(self, hub: Hub, grant: Grant) -> Mapping[str, Any]:
        """Where this transport listens, for the holder of `grant`: at least ``url``.

        Args:
            hub: as this holder reaches it: what it says in `Hub.url` is what to tell.
        """
        return {"url": hub.url() + self.path}

    def described(self, hub: Hub) -> "Description | None":
        """Its wire, for those who write clients of it; None: nobody told, or OpenAPI says it all.

        Args:
            hub: as whoever asks reaches it; see `endpoint`.
        """
        return None

    def at(self, hub: Endpoint) -> Endpoint:
        """Where it listens on the hub at this address, if it has no address of its own."""
        return hub.below(self.path)

    # ---- the client half --------------------------------------------------------------------

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> Subscriber:
        """A `Client` with these options."""
        if self.Client is None:
            raise NotImplementedError(f"{self.name} has no sans-I/O client half")
        return self.Client(endpoint, token, cursor=cursor, rng=rng, options=self.options)

    def messages(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None
    ) -> AsyncIterator[Event]:
        """The friendly form, for plug-ins without a sans-I/O client half."""
        raise NotImplementedError(f"{self.name} has no client half")

    @classmethod
    def is_sans_io(cls) -> bool:
        """Whether this transport has the sans-I/O client half."""
        return cls.Client is not None or cls.subscriber is not Transport.subscriber
