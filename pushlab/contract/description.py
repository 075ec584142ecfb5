"""What a transport's wire looks like to those who write a client of it; the transport declares it.

The hub makes an AsyncAPI document of it (`pushlab.hub.api.asyncapi`), from which clients in other
languages are generated or written. A `Stream` is one address at which messages go one way, `Said` a
kind of message on it. Schemas have ``examples``, and those are the document's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pushlab.contract.operation import TOKEN, Parameter
from pushlab.contract.schemas import Schema

__all__ = ["TOKEN_SECURITY", "Description", "Said", "Server", "Stream", "parameters_schema"]

#: How a request says whose it is, as AsyncAPI's security schemes.
TOKEN_SECURITY: Mapping[str, Schema] = {
    each.name: {**each.scheme, "type": each.scheme["type"].replace("apiKey", "httpApiKey")}
    for each in TOKEN
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One kind of message.

    Attributes:
        when: when it is said, and what the other end does then.
        payload: its schema; None: it has none. `media_type` is what it is.
        fields: the schema of what stands beside the payload, such as an event's ID; None: nothing.
        wire: an example as it stands on the wire, where the payload is not all of that.
        more: what else AsyncAPI's message object holds: bindings, and names that begin with ``x-``.
    """

    when: str
    payload: Schema | None = None
    media_type: str = "text/plain"
    fields: Schema | None = None
    wire: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a client connects, and how it says who it is.

    Attributes:
        url: such as ``wss://push.example/hub``.
        about: in a sentence, what is there.
        security: AsyncAPI's security schemes by name; one of them is enough.
        more: what else AsyncAPI's server object holds.
    """

    url: str
    about: str
    security: Mapping[str, Schema]
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One address at which messages go one way.

    Attributes:
        servers: names of those that have it.
        address: a path or a topic, with ``{parameters}``, which `parameters` tells of.
        about: in a sentence, what goes here.
        says: what is said, by name.
        by_client: whether the client says it; else it listens.
        answered_at: the name of the stream on which answers come, if any do.
        channel, operation: bindings of AsyncAPI's channel and operation objects.
    """

    servers: tuple[str, ...]
    address: str
    about: str
    says: Mapping[str, Said]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_client: bool = False
    answered_at: str = ""
    channel: Mapping[str, Any] = field(default_factory=dict)
    operation: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All of one transport's wire.

    Attributes:
        about: the conversation in words: the order of things, and when to give a connection up.
    """

    about: str
    servers: Mapping[str, Server]
    streams: Mapping[str, Stream]


def parameters_schema(parameters: Iterable[Parameter], place: str) -> Schema:
    """Those of a query, or of a head, as AsyncAPI's bindings have them: one object."""
    return {
        "type": "object",
        "properties": {
            each.name: {**each.schema, "description": each.help}
            for each in parameters
            if each.place == place
        },
    }
