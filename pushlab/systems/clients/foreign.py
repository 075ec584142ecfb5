"""What all client halves of foreign wires share: texts with names in them, and unnumbered messages.

A system's transport is a `ForeignTransport` made by `speak`: the swarm drives its client half as it
drives those of the hub's transports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Unnumbered
from pushlab.contract.profile import Profile
from pushlab.contract.serving import HubSettings
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import NoOptions, Transport
from pushlab.systems.publishing import fill
from pushlab.systems.spec import Speech
from pushlab.wire.redirects import HttpSubscriber

__all__ = ["ForeignSubscriber", "ForeignTransport", "Spoken", "speak"]

_START = Cursor("", 0)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a client half of a foreign wire follows: the system's speech, and the cell's options."""

    speech: Speech
    options: Any


class ForeignSubscriber(HttpSubscriber):
    """One reader of a foreign server.

    A subclass calls `_accepted` when the server has let it in, `_take` with each message as it
    came, and keeps its place in `_last_id`.

    Attributes:
        Options: what can be set of it.
        profile: of a transport that the hub does not have; else the hub's is that of foreign
            systems, too.
    """

    __slots__ = ("_last_id", "_speech")

    Options: ClassVar[type[Any]] = NoOptions
    profile: ClassVar[Profile | None] = None

    def __init__(self, endpoint: Endpoint, token: str, *, options: Spoken, **rest: Any) -> None:
        super().__init__(endpoint, token, options=options.options, **rest)
        self._speech = options.speech
        self._last_id = self._speech.first_id

    @classmethod
    def in_force(cls, profile: Profile, options: Any) -> Profile:
        """What these options make of a profile."""
        return profile

    def _filled(self, template: str) -> str:
        """A template of the speech for this reader, as it stands now."""
        details = self.endpoint.details
        return fill(
            template,
            channel=str(details["channel"]),
            client=str(details["client"]),
            last_id=self._last_id,
        )

    def _accepted(self) -> None:
        """The server has let this reader in."""
        self._located(_START)

    def _take(self, data: bytes) -> None:
        """The server sent what it calls a message."""
        self._events.append(Unnumbered(data))


class ForeignTransport(Transport):
    """How one system speaks one transport; make it with `speak`."""

    name = ""
    Foreign: ClassVar[type[ForeignSubscriber]]
    speech: Speech

    def in_force(self, settings: HubSettings) -> Profile:
        """The profile with what the options make of it; the hub's dials are none of its own."""
        return self.Foreign.in_force(self.profile, self.options)

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> Subscriber:
        """A client half that follows the speech."""
        spoken = Spoken(self.speech, self.options)
        return self.Foreign(endpoint, token, cursor=cursor, rng=rng, options=spoken)


def speak(
    speech: Speech,
    client: type[ForeignSubscriber],
    profile: Profile,
    settings: Mapping[str, Any],
) -> ForeignTransport:
    """The transport of this profile as this speech has it.

    Raises:
        UsageError: an option is wrong.
    """
    attributes = {
        "name": profile.name,
        "profile": profile,
        "Foreign": client,
        "Options": client.Options,
    }
    spoken: type[ForeignTransport] = type("Spoken", (ForeignTransport,), attributes)
    made = spoken.with_options(settings)
    assert isinstance(made, spoken)
    made.speech = speech
    return made
