"""What the API takes and tells, as JSON: types for those who write it, and for its description."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pushlab.contract.hits import Hit
from pushlab.contract.limits import (
    DEFAULT_TOKEN_MINUTES,
    MAX_BATCH_MESSAGES,
    MAX_TOKEN_MINUTES,
    MIN_TOKEN_MINUTES,
)
from pushlab.contract.schemas import CHANNEL, CLIENT_ID, EPOCH, MESSAGE, REF, SEQ, TOKEN, Schema
from pushlab.hub.edge.refusals import Refusal

__all__ = [
    "ENDPOINTS",
    "TRANSPORT",
    "AllTokens",
    "Batch",
    "ChannelRequest",
    "Ended",
    "Figures",
    "HubFigures",
    "MadeChannel",
    "OneToken",
    "Present",
    "ProcessFigures",
    "Publication",
    "Published",
    "SomeTokens",
    "TokenDetails",
]

#: Filled in by who knows which transports the hub has: their names, and what each of them tells.
TRANSPORT: Schema = {"$ref": REF + "Transport"}
ENDPOINTS: Schema = {"$ref": REF + "Endpoints"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NS: Schema = {"description": "Nanoseconds of the hub's monotonic clock."}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _counts(kinds: Any) -> Schema:
    """Counts by kind; a kind that has not come up is left out."""
    return {"type": "object", "properties": dict.fromkeys(kinds, _COUNT)}


_MINUTES = _or_null({"type": "integer", "minimum": MIN_TOKEN_MINUTES, "maximum": MAX_TOKEN_MINUTES})


class ChannelRequest(TypedDict):
    """Who may read what, and for how long; null is as good as leaving it out."""

    client_id: Annotated[str, CLIENT_ID]
    channel: NotRequired[Annotated[str | None, _or_null(CHANNEL)]]
    duration_minutes: NotRequired[
        Annotated[int | None, {**_MINUTES, "description": f"{DEFAULT_TOKEN_MINUTES}, if left out."}]
    ]
    transports: NotRequired[
        Annotated[
            list[str] | None,
            {
                **_or_null({"type": "array", "items": TRANSPORT}),
                "description": "Those whose endpoints are told; all, if left out. A broker knows"
                " the token at once if one that needs a broker is among them.",
            },
        ]
    ]


class TokenDetails(TypedDict):
    """What a token says, and where it can be used."""

    client_id: Annotated[str, CLIENT_ID]
    channel: Annotated[str, CHANNEL]
    expires_at: Annotated[float, {"description": "Seconds since 1970, UTC."}]
    endpoints: Annotated[dict[str, Any], ENDPOINTS]


class MadeChannel(TokenDetails):
    """A token, what it says, and where it can be used."""

    token: Annotated[str, TOKEN]


class OneToken(TypedDict):
    """A token of this hub's, expired or not."""

    token: Annotated[str, TOKEN]


class SomeTokens(TypedDict, total=False):
    """What a client was given up to now, what was given for a channel, or what fits both."""

    client_id: Annotated[str, CLIENT_ID]
    channel: Annotated[str, CHANNEL]


class AllTokens(TypedDict):
    """Every token up to now."""

    all: Literal[True]


class Ended(TypedDict):
    """What a revocation has ended."""

    ended: Annotated[int, {**_COUNT, "description": "Streams, held polls and log-ins."}]


class Publication(TypedDict):
    """A message, and the channel that it is for."""

    channel: Annotated[str, CHANNEL]
    data: Annotated[str, MESSAGE]


Batch = Annotated[list[Publication], {"minItems": 1, "maxItems": MAX_BATCH_MESSAGES}]


class Published(TypedDict):
    """A message's place in its channel."""

    seq: Annotated[int, SEQ]
    epoch: Annotated[str, EPOCH]
    accepted_ns: Annotated[int, _NS]


class Present(TypedDict):
    """Who is there now."""

    channel: Annotated[str, CHANNEL]
    present: list[Annotated[str, CLIENT_ID]]


class ProcessFigures(TypedDict):
    """The hub's process."""

    cpu_s: float
    rss_bytes: int
    open_descriptors: int
    connections: int
    most_connections: int


class HubFigures(TypedDict):
    """One hub's, since its start, unless it is something that stands now."""

    now_ns: Annotated[int, _NS]
    uptime_s: float
    hits: Annotated[
        dict[str, dict[str, int]],
        {
            "type": "object",
            "additionalProperties": _counts(Hit),
            "description": "By transport (api: of the API itself), then by kind.",
        },
    ]
    published: Annotated[int, _COUNT]
    channels: Annotated[int, _COUNT]
    feeds: Annotated[int, {**_COUNT, "description": "Streams and held polls."}]
    present: Annotated[int, {**_COUNT, "description": "Clients, once for each channel."}]
    refusals: Annotated[dict[str, int], _counts(sorted(Refusal))]
    presence_posts: dict[str, int]
    presence_posts_dropped: Annotated[int, _COUNT]
    process: ProcessFigures


class Figures(HubFigures):
    """Of the hub that answers; and of all, where several share a backplane that is not away."""

    hubs: NotRequired[
        Annotated[
            dict[str, HubFigures],
            {"description": "By the hub's name: those that answered, this one among them."},
        ]
    ]
    silent: NotRequired[
        Annotated[list[str], {"description": "Hubs that live, and did not answer in time."}]
    ]
    all: NotRequired[
        Annotated[
            HubFigures,
            {
                "description": "Their sums; of now_ns and uptime_s the largest. A client at"
                " several is present once."
            },
        ]
    ]
