"""What a probe found, as plain data; `pushlab.commands.probe_words` puts it into words.

Spans are in seconds, sizes in bytes. None means that it was not tried, or could not be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Answer",
    "Delivered",
    "Form",
    "Found",
    "PollsSeen",
    "ProbeResult",
    "PublishSeen",
    "Resumed",
    "Silence",
    "StreamSeen",
    "Trouble",
]

#: How a conversation goes: events in an answer without end, a WebSocket's frames, one answer after
#: the other, MQTT's packets.
Form = Literal["event-stream", "frames", "polls", "packets", "other"]
#: What stands between a reader and its first message.
Trouble = Literal[
    "",
    "no-connection",
    "no-answer",
    "refused",
    "html",
    "wrong-type",
    "no-upgrade",
    "unreadable",
    "closed",
    "cannot",
    "gone",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The head of an answer.

    Attributes:
        after_s: from the request to the head.
        body: the first line of its body, where it is a refusal.
        http: of an encrypted server, what it chooses: ``h2``, ``http/1.1``.
        compressed: how it is encoded where gzip, br and deflate are offered; of a WebSocket, its
            extensions where permessage-deflate is offered.
    """

    status: int = 0
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    body: str = ""
    http: str = ""
    compressed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSeen:
    """What became of publishing.

    Attributes:
        how: the request, as it is declared.
        status: of the answer; 0: none, or it is not published by HTTP.
        after_s: from the request to the answer.
        said: why a message was not taken; empty: it was.
        body: the first line of the answer's body.
        variables: of the environment, by name, whether each is set and not empty.
    """

    how: str = ""
    status: int = 0
    after_s: float = 0.0
    said: str = ""
    body: str = ""
    variables: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of the messages.

    Attributes:
        came: whether a message came to a reader.
        after_s: from its publishing to its arrival.
        answered_s: from its arrival to the answer that the publisher had; negative: before it.
        waited_s: how long it was waited for.
        second: whether it came to a second reader, too.
        sent, arrived: of those that were published one soon after the other.
        in_order: whether these came in order.
        sent_over_s, arrived_over_s: from the first to the last of them.
        held_back: whether those came together that were published apart.
        pressed_bytes: of further messages that were published as none had come.
        in_bytes: whether a message's text came over the connection, and yet not as a message.
        again: how many came more than once to a reader that was never cut off.
        closed: how often the server ended the reader's connection meanwhile.
        leaked: whether a reader of another channel got one; None: no other could be read.
    """

    came: bool = False
    after_s: float = 0.0
    answered_s: float = 0.0
    waited_s: float = 0.0
    second: bool | None = None
    sent: int = 0
    arrived: int = 0
    in_order: bool | None = None
    sent_over_s: float = 0.0
    arrived_over_s: float = 0.0
    held_back: bool | None = None
    pressed_bytes: int = 0
    in_bytes: bool = False
    again: int = 0
    closed: int = 0
    leaked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What became of a reader that was cut off.

    Attributes:
        away: how many messages were published meanwhile.
        came: how many of them it got when it was back.
        again: how many it got once more that it had.
        back: whether it came back at all.
        place: what it sent as its place; empty: nothing.
        newcomer: how many old messages a reader is given that comes for the first time.
    """

    away: int = 0
    came: int = 0
    again: int = 0
    back: bool = False
    place: str = ""
    newcomer: int | None = None

    @property
    def lost(self) -> int:
        """How many of them it never got."""
        return self.away - self.came


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSeen:
    """What a stream consists of.

    Attributes:
        ids: of an event stream, how many events have an ID; `last_id`, the newest.
        kinds: the events' types, or the WebSocket's kinds of messages.
        retry_ms: how long its readers are to wait; 0: it does not say.
        sample: a message as it came, cut.
    """

    messages: int = 0
    ids: int = 0
    last_id: str = ""
    kinds: Sequence[str] = ()
    retry_ms: int = 0
    sample: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollsSeen:
    """What polls are like.

    Attributes:
        polls, empty: how many there were, and how many of them brought nothing.
        connections: over which they went.
        empty_status: of an answer that brings nothing.
        empty_bytes: of it, and its request, with heads.
        empty_body_bytes: of it, without its head.
        hold_s: how long one that brought nothing took; None: there was none.
        still_held_s: how long the newest has been held by now.
        shape: of an answer that brings something, such as ``JSON object: last, messages``.
    """

    polls: int = 0
    empty: int = 0
    connections: int = 0
    empty_status: int = 0
    empty_bytes: int = 0
    empty_body_bytes: int = 0
    hold_s: float | None = None
    still_held_s: float = 0.0
    shape: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What came while nothing was published.

    Attributes:
        listened_s: for how long.
        beats: how many keep-alives came; `kind` says of what kind.
        period_s: between two of them, or until the only one.
        ended_s: when the server ended the connection; None: it did not.
        others: how many messages came that were not the probe's.
    """

    listened_s: float = 0.0
    beats: int = 0
    kind: str = ""
    period_s: float | None = None
    ended_s: float | None = None
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one transport.

    Attributes:
        path: as it is declared.
        trouble: what went wrong at once; `said` has details.
        accepted_s: until the server let the reader in; None: it did not.
        told_apart: whether what a reader sends names its channel.
        variables: of the environment, which its request names, whether each is not empty.
        log: the last that the server wrote, where messages did not come as they should.
    """

    transport: str
    path: str = ""
    form: Form = "other"
    trouble: Trouble = ""
    said: str = ""
    accepted_s: float | None = None
    told_apart: bool = True
    variables: Mapping[str, bool] = field(default_factory=dict)
    log: str = ""
    answer: Answer | None = None
    delivered: Delivered | None = None
    resumed: Resumed | None = None
    stream: StreamSeen | None = None
    polls: PollsSeen | None = None
    silence: Silence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What was found of a system.

    Attributes:
        system: its name; `url`, where it listens; `version`, if it is known.
        published: what became of the first message; None: nothing was published.
        gone: why the server is not there any more; empty: it is.
    """

    system: str
    url: str
    version: str = ""
    published: PublishSeen | None = None
    found: Sequence[Found] = ()
    gone: str = ""
