"""The wire of MQTT, described; `pushlab.transports.mqtt` has the conversation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pushlab.contract.description import Description, Said, Server, Stream
from pushlab.contract.frame_schemas import GAP_FRAME, MESSAGE_FRAME, POSITION_FRAME, bye_frames
from pushlab.contract.reasons import (
    INVALID_CURSOR,
    SERVER_RESTART,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_REVOKED,
    TOO_MANY_CHANNELS,
)
from pushlab.contract.schemas import CHANNEL, CURSOR, TOKEN, Schema, closed_object
from pushlab.transports import _mqtt_names as names

__all__ = ["described"]

_VERSION = "0.2.0"  # of AsyncAPI's binding of MQTT
_SESSION = "n0123456789abcdef0123456789abcdef"
_LOG_IN = {
    "mqttLogIn": {
        "type": "userPassword",
        "description": "GET /v1/endpoints, with the token, gives username and topic; the password"
        " is the token.",
    }
}
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "channel": {
        "description": f"{CHANNEL['description']} Percent-encoded, its slashes too; /v1/endpoints"
        " gives the whole topic.",
        "examples": ["alice", "room%2F7"],
    },
    "session": {
        "description": "The session, which is the MQTT client identifier too: n, or r for one that"
        " resumes, and 32 random digits of hexadecimal (128 bits). A new one for each connection,"
        " and a secret while that stands.",
        "examples": [_SESSION],
    },
}
_QUESTION = {
    **closed_object(
        {
            "ask": {
                "type": "string",
                "enum": ["first", *names.ASK_HITS],
                "description": "first: behind SUBACK. again: seq has a hole, or no answer came."
                " check: in place of a PINGREQ, where messages came since the last question, for"
                " the last of them may be lost.",
            },
            "token": TOKEN,
            "after": {
                **CURSOR,
                "type": ["string", "null"],
                "description": "Where the reader stands; null: begin now.",
            },
            "qos": {"type": "integer", "enum": [0, 1, 2], "description": "Of the live topic."},
        }
    ),
    "examples": [
        {"ask": "first", "token": "<token>", "after": None, "qos": 1},
        {"ask": "again", "token": "<token>", "after": "4f1c9a02-17", "qos": 1},
    ],
}
_LEAVE = {
    **closed_object(
        {
            "leave": {
                "type": "string",
                "enum": ["bye", "lost"],
                "description": "lost: said by the Will.",
            },
            "pings": {"type": "integer", "minimum": 1, "description": "PINGREQs sent, to count."},
        },
        "pings",
    ),
    "examples": [{"leave": "bye"}, {"leave": "lost"}],
}
_BYES = (TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_INVALID, INVALID_CURSOR, TOO_MANY_CHANNELS)
_MESSAGE = Said(
    when="A message of the channel. Drop it if its cursor is not ahead of the last one; hold it"
    " back and ask again if seq has a hole.",
    payload=MESSAGE_FRAME,
)
_INBOX = {
    "position": Said(
        when="First in the first answer, where nothing is missed: where the reader stands. Last in"
        " each answer: what comes after it comes live.",
        payload=POSITION_FRAME,
    ),
    "gap": Said(
        when="First in an answer, where messages behind the reader's cursor are gone.",
        payload=GAP_FRAME,
    ),
    "message": _MESSAGE,
    "bye": Said(
        when="The question is refused, or the token counts no more: the broker hangs up.",
        payload=bye_frames(_BYES),
    ),
}
_BRIDGE = {
    "bye": Said(
        when="The hub begins, ends or was lost: connect again as a new session, and resume.",
        payload=bye_frames([SERVER_RESTART]),
    )
}
_OUTBOX = {
    "question": Said(
        when="Asks for all that is retained behind a cursor; see ask.",
        payload=_QUESTION,
        media_type="application/json",
    ),
    "leave": Said(
        when="Before DISCONNECT, with QoS 0; and as the Will, for a connection that is lost.",
        payload=_LEAVE,
        media_type="application/json",
    ),
}


def _at(qos: int) -> dict[str, Any]:
    return {"mqtt": {"qos": qos, "retain": False, "bindingVersion": _VERSION}}


def _streams(servers: tuple[str, ...], qos: int) -> dict[str, Stream]:
    def stream(address: str, about: str, says: Mapping[str, Said], qos: int = 1) -> Stream:
        told = {name: of for name, of in _PARAMETERS.items() if f"{{{name}}}" in address}
        return Stream(
            servers=servers,
            address=address,
            about=about,
            says=says,
            parameters=told,
            operation=_at(qos),
        )

    live = {"message": _MESSAGE}
    outbox = stream(names.OUTBOX + "{session}", "What one session says to the hub.", _OUTBOX)
    return {
        "live": stream(
            names.LIVE + "{channel}", "A channel's messages as they come, to all.", live, qos
        ),
        "inbox": stream(names.INBOX + "{session}", "What the hub says to one session.", _INBOX),
        "bridge": stream(names.BRIDGE_TOPIC, "What the hub says to every session.", _BRIDGE),
        "outbox": replace(outbox, by_client=True, answered_at="inbox"),
    }


def described(
    place: Mapping[str, str], websocket_url: str, *, qos: int, keep_alive_s: int
) -> Description:
    """The wire of a broker at this place, which the hub carries over WebSocket as well."""
    binding: Schema = {
        "clientId": "{session}",
        "cleanSession": True,
        "keepAlive": keep_alive_s,
        "lastWill": {
            "topic": names.OUTBOX + "{session}",
            "qos": 1,
            "message": '{"leave": "lost"}',
            "retain": False,
        },
        "bindingVersion": _VERSION,
    }
    more = {"protocolVersion": "3.1.1", "bindings": {"mqtt": binding}}
    where = f"; {place['only_local']}" if "only_local" in place else ""
    servers = {
        "mqtt": Server(url=place["url"], about=f"The broker{where}.", security=_LOG_IN, more=more),
        "mqttOverWebsocket": Server(
            url=websocket_url,
            about="The same broker: MQTT's packets in binary frames, subprotocol mqtt. What is"
            " wrong with CONNECT is said by CONNACK, and by a close with 4000 plus the HTTP status"
            " and the reason.",
            security=_LOG_IN,
            more=more,
        ),
    }
    return Description(
        about="Who wants no more than what comes while it is connected logs in under any client"
        " identifier and subscribes to live. A reader that resumes, and is present: CONNECT as a"
        " new session, with the Will. SUBSCRIBE to live, inbox and bridge. Ask"
        " first on the outbox; the answer in the inbox is a position or a gap, what is retained,"
        " and a position. Live messages that come before that end are held back until it. Nothing"
        " is retained by the broker, and no session is kept. CONNACK 4 and 5 mean that the token is"
        " not good (or not known yet, where /v1/endpoints was not asked with it).",
        servers=servers,
        streams=_streams(tuple(servers), qos),
    )
