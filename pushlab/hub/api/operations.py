"""What the API can be asked for: its routes, their methods and its description are made of this.

An operation is named after the method of `pushlab.hub.api.api.Api` that serves it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.operation import API_KEY, TOKEN, Answer, Body, Operation, Parameter
from pushlab.contract.reasons import TOO_MANY_CHANNELS
from pushlab.contract.schemas import CHANNEL, MESSAGE
from pushlab.contract.schemas import TOKEN as TOKEN_SCHEMA
from pushlab.hub.api import bodies
from pushlab.hub.api.channel_names import BY_QUERY, ONE_CHANNEL
from pushlab.hub.api.prometheus import MEDIA_TYPE
from pushlab.hub.api.revocation_request import NOT_A_REVOCATION
from pushlab.hub.backplane.once import BAD_KEY, KEY_COUNTS_S, KEY_REUSED, MAX_KEY
from pushlab.hub.keys.grants import NOT_REVOCABLE
from pushlab.hub.keys.revoked import NOT_KEPT, TOO_MANY_REVOKED
from pushlab.hub.reasons import (
    API_KEY_MISSING,
    BACKPLANE_AWAY,
    BAD_API_KEY,
    BAD_BATCH,
    BAD_JSON,
    BAD_REQUEST,
    CONTRACT,
    HUBS_AWAY,
    KEEP_FAILED,
    KEEP_FULL,
    NO_SUCH_TRANSPORT,
    NOT_TOLD,
    PUBLISH_UNKNOWN,
)
from pushlab.wire.asgi import UNADMITTED, body_coded, body_too_large

__all__ = [
    "ASYNCAPI_PATH",
    "AT",
    "MAX_REQUEST_BYTES",
    "NOT_A_CHANNEL_REQUEST",
    "OF_A_CHANNEL",
    "OPENAPI_PATH",
    "OPERATIONS",
    "REST",
]

OPENAPI_PATH = "/v1/openapi.json"
ASYNCAPI_PATH = "/v1/asyncapi.json"
MAX_REQUEST_BYTES = 64 * 1024
NOT_A_CHANNEL_REQUEST = BAD_REQUEST.such(
    'the body must be a JSON object with "client_id", and may have "channel",'
    ' "duration_minutes" and "transports"'
)
_KEYED = (API_KEY_MISSING, BAD_API_KEY)
_JSON = (BAD_JSON, body_coded("the request"))
_KEPT = (KEEP_FAILED, KEEP_FULL)
_SHARED = (BAD_KEY, KEY_REUSED, BACKPLANE_AWAY, PUBLISH_UNKNOWN)
_ONCE = Parameter(
    "Idempotency-Key",
    {"type": "string", "pattern": f"^[!-~]{{1,{MAX_KEY}}}$"},
    f"Of two publishes with one key one counts, for {KEY_COUNTS_S / 60:g} minutes.",
    "header",
)

_CHANNEL = Parameter("channel", CHANNEL, "Percent-encoded.", required=True)
_TOKEN = TOKEN_SCHEMA["examples"][0]
_ADA: dict[str, Any] = {"client_id": "ada", "channel": "ada"}
_TOLD = {**_ADA, "expires_at": 1_767_225_600.0, "endpoints": bodies.ENDPOINTS}
_PLACE = {"seq": 18, "epoch": "4f1c9a02", "accepted_ns": 86_400_000_000_000}
_FIGURES = {
    "now_ns": 86_400_000_000_000,
    "uptime_s": 60.5,
    "hits": {"api": {"publish": 18}},
    "published": 18,
    "channels": 1,
    "feeds": 0,
    "present": 0,
    "refusals": {"bad-api-key": 1},
    "presence_posts": {},
    "presence_posts_dropped": 0,
    "process": {
        "cpu_s": 0.5,
        "rss_bytes": 50_000_000,
        "open_descriptors": 12,
        "connections": 1,
        "most_connections": 4_096,
    },
}

CREATE_CHANNEL = Operation(
    "POST",
    "create_channel",
    "Make a token with which a client may read a channel.",
    answers=[Answer(201, "The token.", bodies.MadeChannel, {**_TOLD, "token": _TOKEN})],
    who=[API_KEY],
    body=Body(
        bodies.ChannelRequest,
        {
            "its own channel": {"client_id": "ada"},
            "a room": {"client_id": "ada", "channel": "room 1", "duration_minutes": 60},
            "some transports": {"client_id": "ada", "transports": [bodies.TRANSPORT]},
        },
    ),
    reasons=[
        *_KEYED,
        *_JSON,
        body_too_large(MAX_REQUEST_BYTES, "the request"),
        NOT_A_CHANNEL_REQUEST,
        CONTRACT["client_id"],
        CONTRACT["channel"],
        CONTRACT["duration_minutes"],
        NO_SUCH_TRANSPORT,
        TOO_MANY_CHANNELS,
    ],
)
REVOKE = Operation(
    "DELETE",
    "revoke",
    "Revoke one token, or all of a client, of a channel, of both, or every one.",
    answers=[Answer(200, "They count no more.", bodies.Ended, {"ended": 1})],
    who=[API_KEY],
    body=Body(
        bodies.OneToken | bodies.SomeTokens | bodies.AllTokens,
        {
            "one": {"token": _TOKEN},
            "of a client": {"client_id": "ada"},
            "of a client for a channel": _ADA,
            "every one": {"all": True},
        },
    ),
    reasons=[
        *_KEYED,
        *_JSON,
        NOT_A_REVOCATION,
        NOT_REVOCABLE,
        CONTRACT["client_id"],
        CONTRACT["channel"],
        TOO_MANY_REVOKED,
        NOT_KEPT,
        NOT_TOLD,
    ],
)
#: One that is too long is too large a body: 413, and no matter of its schema.
_TEXT = {name: said for name, said in MESSAGE.items() if name != "maxLength"}
PUBLISH = Operation(
    "POST",
    "publish",
    "Publish one message: the body, whatever its Content-Type.",
    answers=[Answer(202, "Its place in the channel.", bodies.Published, _PLACE)],
    who=[API_KEY],
    parameters=[_CHANNEL, _ONCE],
    body=Body(_TEXT, {"text": "hello, Ada"}, "text/plain"),
    reasons=[
        *_KEYED,
        ONE_CHANNEL,
        CONTRACT["channel"],
        CONTRACT["data"],
        body_too_large(MAX_MESSAGE_BYTES, "the message"),
        body_coded("the message"),
        TOO_MANY_CHANNELS,
        *_KEPT,
        *_SHARED,
    ],
)
PUBLISH_BATCH = Operation(
    "POST",
    "publish_batch",
    "Publish many messages: all, or none where one cannot be.",
    answers=[Answer(202, "Their places, in order.", list[bodies.Published], [_PLACE])],
    who=[API_KEY],
    parameters=[_ONCE],
    body=Body(
        bodies.Batch, {"two": [{"channel": "ada", "data": "a"}, {"channel": "eve", "data": "b"}]}
    ),
    reasons=[
        *_KEYED,
        BAD_JSON,
        BAD_BATCH,
        CONTRACT["channel"].such(f"item 0: {CONTRACT['channel'].detail}"),
        CONTRACT["data"].such(f"item 0: {CONTRACT['data'].detail}"),
        body_coded("the batch"),
        TOO_MANY_CHANNELS,
        *_KEPT,
        *_SHARED,
    ],
)
PRESENCE = Operation(
    "GET",
    "presence",
    "Who reads a channel now.",
    answers=[
        Answer(200, "The client IDs.", bodies.Present, {"channel": "ada", "present": ["ada"]})
    ],
    who=[API_KEY],
    parameters=[_CHANNEL],
    reasons=[*_KEYED, ONE_CHANNEL, CONTRACT["channel"], HUBS_AWAY],
)
_TRANSPORTS = Parameter(
    "transports",
    {"type": "array", "items": bodies.TRANSPORT, "minItems": 1},
    "Those that are told of; all, if left out.",
)
ENDPOINTS = Operation(
    "GET",
    "endpoints",
    "What a token says, and where it can be used.",
    answers=[Answer(200, "As when it was made.", bodies.TokenDetails, _TOLD)],
    who=TOKEN,
    parameters=[_TRANSPORTS],
    reasons=[*UNADMITTED, NO_SUCH_TRANSPORT],
)
#: For programs of this machine, which have the same clock: no part of the described API, since what
#: tries all values would wait for a day.
AT = Parameter(
    "pushlab-at-ns",
    {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    "Take the figures at this moment of the machine's monotonic clock, and answer then; at once, if"
    " it has passed or is more than a day away. `now_ns` says when they were taken.",
    place="header",
)
STATS = Operation(
    "GET",
    "stats",
    "The hub's figures.",
    answers=[Answer(200, "Since its start.", bodies.Figures, _FIGURES)],
    who=[API_KEY],
    reasons=_KEYED,
)
METRICS = Operation(
    "GET",
    "metrics",
    "The same for Prometheus.",
    answers=[
        Answer(
            200,
            "Exposition format 0.0.4.",
            {"type": "string"},
            "# TYPE pushlab_channels gauge\npushlab_channels 1\n",
            MEDIA_TYPE,
        )
    ],
    who=[API_KEY],
    reasons=_KEYED,
)
HEALTH = Operation(
    "GET",
    "health",
    "Whether the hub serves.",
    answers=[Answer(200, "It does.", {"type": "string"}, "ok\n", "text/plain")],
)
OPENAPI = Operation(
    "GET",
    "openapi",
    "This description.",
    answers=[Answer(200, "OpenAPI 3.1.", {"type": "object"}, {"openapi": "3.1.1"})],
)
ASYNCAPI = Operation(
    "GET",
    "asyncapi",
    "The streams, described.",
    answers=[Answer(200, "AsyncAPI 3.0.", {"type": "object"}, {"asyncapi": "3.0.0"})],
    parameters=[_TRANSPORTS],
    reasons=[NO_SUCH_TRANSPORT],
)


def _in_path(operation: Operation) -> Operation:
    """The same where the path names the channel: ``{channel}``."""
    named = [replace(p, place="path") if p is _CHANNEL else p for p in operation.parameters]
    return replace(
        operation,
        name=f"{operation.name}_in_path",
        parameters=named,
        reasons=[each for each in operation.reasons if each is not ONE_CHANNEL],
        detail="Prefer the query: many proxies decode a path, merge its slashes or resolve its"
        " dots, and then it names another channel.",
    )


#: By path.
REST: Mapping[str, Operation] = {
    "/v1/channels": CREATE_CHANNEL,
    "/v1/tokens": REVOKE,
    "/v1/messages": PUBLISH_BATCH,
    "/v1/endpoints": ENDPOINTS,
    "/v1/stats": STATS,
    OPENAPI_PATH: OPENAPI,
    ASYNCAPI_PATH: ASYNCAPI,
    "/metrics": METRICS,
    "/healthz": HEALTH,
}
#: By what is done with a channel that the request names; see `pushlab.hub.api.channel_names`.
OF_A_CHANNEL: Mapping[bytes, Operation] = {b"messages": PUBLISH, b"presence": PRESENCE}
#: All of them, by path.
OPERATIONS: Mapping[str, Operation] = {
    **REST,
    **{path: OF_A_CHANNEL[what] for path, what in BY_QUERY.items()},
    **{
        f"/v1/channels/{{channel}}/{what.decode()}": _in_path(operation)
        for what, operation in OF_A_CHANNEL.items()
    },
}
