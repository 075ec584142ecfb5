"""What all client halves of foreign wires share: texts with names in them, and unnumbered messages.

A system's transport is a `ForeignTransport` made by `speak`: the swarm drives its client half as it
drives those of the hub's transports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Connected, Unnumbered
from pushlab.contract.profile import Profile
from pushlab.contract.serving import HubSettings
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import NoOptions, Transport
from pushlab.errors import UsageError
from pushlab.systems.clients.place import Place, fit
from pushlab.systems.publishing import fill
from pushlab.systems.spec import Speech
from pushlab.wire.http1 import ResponseParser
from pushlab.wire.redirects import HttpSubscriber

__all__ = ["ANSWER_DUE_S", "ForeignSubscriber", "ForeignTransport", "Spoken", "speak"]

ANSWER_DUE_S = 30.0  #: within which a server must begin to answer what it does not hold
_START = Cursor("", 0)
_LAST_ID = "{last_id}"
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a client half of a foreign wire follows: the system's speech, and the cell's options."""

    speech: Speech
    options: Any


class ForeignSubscriber(HttpSubscriber):
    """One reader of a foreign server.

    A kind of it calls `_accepted` when the server has let it in, `_take` with each message as it
    came, and `_keep` with the place that the server told.

    Attributes:
        Options: what can be set of it.
        profile: of a transport that the hub does not have; else the hub's is that of foreign
            systems, too.
    """

    if not TYPE_CHECKING:
        __slots__ = ()  # so that it goes together with the halves of `pushlab.wire`
    #: What each kind of it puts into its own ``__slots__``.
    STATE: ClassVar[tuple[str, ...]] = ("_last_id", "_place", "_speech")

    Options: ClassVar[type[Any]] = NoOptions
    profile: ClassVar[Profile | None] = None
    #: The texts of a speech that may name the channel.
    addresses: ClassVar[tuple[str, ...]] = ("path", "hello")
    #: What `Speech.last_id` may be, beside empty.
    places: ClassVar[tuple[str, ...]] = ()
    _own_parameters = ()
    _last_id: str
    _place: Place
    _speech: Speech

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """What the transport is as this speech and these options have it."""
        return profile

    @classmethod
    def check(cls, speech: Speech) -> None:
        """Raises UsageError: the speech asks for what this wire has not."""
        if (kind := Place.of(speech.last_id).kind) and kind not in cls.places:
            known = ", ".join(cls.places) or "empty"
            raise UsageError(f"last_id is {speech.last_id!r}; on this wire it may be: {known}")

    def __init__(self, endpoint: Endpoint, token: str, *, options: Spoken, **rest: Any) -> None:
        self._speech = options.speech
        self._place = Place.of(self._speech.last_id)
        self._last_id = self._speech.first_id
        super().__init__(endpoint, token, options=options.options, **rest)

    # ---- what is said -----------------------------------------------------------------------

    def _filled(self, template: str) -> str:
        """A template of the speech for this reader, as it stands now."""
        details = self.endpoint.details
        return fill(
            template,
            channel=str(details.get("channel", "")),
            client=str(details.get("client", "")),
            last_id=self._last_id,
        )

    def _path(self) -> str:
        """What to ask for; a parameter of the query that waits for a place is left out."""
        path, mark, query = (self.endpoint.path or "/").partition("?")
        if mark and not self._last_id:
            query = "&".join(part for part in query.split("&") if _LAST_ID not in part)
        asked = f"{path}?{query}" if query else path
        return asked.replace(_LAST_ID, quote(self._last_id, safe=""))

    def _headers(self) -> dict[str, str]:
        """Those of the speech; one that waits for a place is left out."""
        return {
            name: self._filled(template)
            for name, template in self._speech.headers.items()
            if self._last_id or _LAST_ID not in template
        }

    @property
    def _asked(self) -> str:
        """What is asked for, as people are told: nothing secret is in it."""
        channel = str(self.endpoint.details.get("channel", ""))
        return f"GET {self._speech.path.replace('{channel}', channel)}"[:_MOST_SHOWN]

    def _refusal(self, parser: ResponseParser) -> str:
        return f"{self._asked} was answered {parser.status}"

    def _sent_elsewhere(self, answer: ResponseParser, now_ns: int) -> bool:
        """Go where the answer says; the place goes on in the query."""
        before = self.endpoint
        sent = super()._sent_elsewhere(answer, now_ns)
        query = before.path.partition("?")[2]
        if self.endpoint is not before and _LAST_ID in query:
            path = self.endpoint.path.partition("?")[0]
            self.endpoint = replace(self.endpoint, path=f"{path}?{query}")
        return sent

    # ---- what is heard ----------------------------------------------------------------------

    def _accepted(self) -> None:
        """The server has let this reader in."""
        self._located(_START)

    def _presumed(self) -> None:
        """The server may never say so, and a message proves it; backoff goes on as it was."""
        self._inbox.position(_START)
        self._events.append(Connected(_START))

    def _take(self, data: bytes) -> None:
        """The server sent what it calls a message."""
        self._events.append(Unnumbered(data))

    def _keep(self, found: str) -> bool:
        """The server told a place; whether it is a new one."""
        if found == self._last_id or not fit(found):
            return False
        self._last_id = found
        return True


class ForeignTransport(Transport):
    """How one system speaks one transport; make it with `speak`."""

    name = ""
    Foreign: ClassVar[type[ForeignSubscriber]]
    speech: Speech

    @property
    def names_channels(self) -> bool:
        """Whether a reader says which channel it reads; else all read the same."""
        texts = [getattr(self.speech, name) for name in self.Foreign.addresses]
        return any("{channel}" in text for text in [*texts, *self.speech.headers.values()])

    def in_force(self, settings: HubSettings) -> Profile:
        """The profile with what the speech and these options make of it."""
        return self.Foreign.in_force(self.profile, self.speech, self.options)

    def at(self, hub: Endpoint) -> Endpoint:
        """Where it listens: as admission has told."""
        return hub

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
        UsageError: an option or the speech is wrong.
    """
    try:
        client.check(speech)
    except UsageError as error:
        raise UsageError(f"{profile.name}: {error}") from None
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
