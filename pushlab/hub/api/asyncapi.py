"""The hub's streams as an AsyncAPI document, made of what its transports declare.

It describes a subscriber: what that receives is the hub's word, what it sends is its own. Schemas
of the contract stand under ``components``, where the OpenAPI document has them too.
"""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from pushlab.contract.backoff import FIRST_S, LIMIT_S
from pushlab.contract.description import Description, Said, Server, Stream
from pushlab.contract.schemas import REF, Schema, with_references
from pushlab.contract.serving import Hub
from pushlab.contract.transport import Transport
from pushlab.hub.api.operations import OPENAPI_PATH

__all__ = ["asyncapi_document"]

_SUFFIXES = {"payload": "", "headers": "Headers"}
_ASYNCAPI = "3.0.0"  # nothing here needs 3.1, and more tools read this
_ABOUT = f"""\
How a subscriber reads one channel of this hub. `POST /v1/channels`, and all else that is asked and
answered, is in the OpenAPI document: it gives the token, and says where each transport is.

A cursor is `<epoch>-<seq>`. Keep that of the last message, and give it back to resume: what is
retained behind it comes first, then what comes live, without a hole between. A message may come
twice: drop what is not ahead of the cursor. A gap says that messages are gone.

What a goodbye or a refusal says is an HTTP status; go by that where the reason is not known. 408,
429, 500 and above, and a connection that is lost: come back with the same token, and resume.
401 `token-expired` or `token-revoked`: resume with a new token. Any other of 400 to 499 will not
change.

Wait before coming back: {FIRST_S:g} s at first, twice as long each time, at most {LIMIT_S:g} s;
each wait is shortened at random by up to half. Begin anew once a connection stands.
"""


def asyncapi_document(hub: Hub, transports: Sequence[Transport]) -> dict[str, Any]:
    """The document, for whoever reaches the hub as `hub` says."""
    told = [(each, about) for each in transports if (about := each.described(hub)) is not None]
    servers: dict[str, Any] = {}
    schemes: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    tags: list[dict[str, str]] = []
    for transport, description in told:
        tags.append({"name": transport.name, "description": description.about})
        for name, server in description.servers.items():
            servers[name] = _server(server)
            schemes |= server.security
        for name, stream in description.streams.items():
            key = _key(transport, name)
            channels[key] = _channel(key, stream, transport.name, schemas)
            verb = "send" if stream.by_client else "receive"
            operations[f"{verb}{key[0].upper()}{key[1:]}"] = _operation(
                verb, key, stream, transport, description
            )
    return {
        "asyncapi": _ASYNCAPI,
        "info": {
            "title": "The streams of a pushlab hub",
            "version": version("pushlab"),
            "description": _ABOUT,
            "license": {"name": "MIT"},
            "tags": tags,
            "externalDocs": {"url": hub.url() + OPENAPI_PATH, "description": "OpenAPI"},
        },
        "defaultContentType": "text/plain",
        "servers": servers,
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _key(transport: Transport, stream: str) -> str:
    """Such as ``mqttLive``: a name in most languages."""
    first, *rest = re.split("[^0-9A-Za-z]+", f"{transport.name}-{stream}")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _server(server: Server) -> dict[str, Any]:
    parts = urlsplit(server.url)
    return {
        "host": parts.netloc,
        **({"pathname": parts.path} if parts.path else {}),
        "protocol": parts.scheme,
        "description": server.about,
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in server.security],
        **server.more,
    }


def _channel(key: str, stream: Stream, tag: str, schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": stream.address,
        "description": stream.about,
        "servers": [{"$ref": f"#/servers/{name}"} for name in stream.servers],
        "tags": [{"name": tag}],
        "parameters": dict(stream.parameters),
        "messages": {
            name: _message(f"{key}{name[0].upper()}{name[1:]}", said, schemas)
            for name, said in stream.says.items()
        },
        "bindings": dict(stream.channel),
    }


def _message(name: str, said: Said, schemas: dict[str, Any]) -> dict[str, Any]:
    parts = {"payload": said.payload, "headers": said.fields}
    there = {part: schema for part, schema in parts.items() if schema is not None}
    most = max(len(schema["examples"]) for schema in there.values())
    examples = [
        {
            part: schema["examples"][min(i, len(schema["examples"]) - 1)]
            for part, schema in there.items()
        }
        for i in range(most)
    ]
    return {
        "name": name,
        "description": said.when,
        "contentType": said.media_type,
        **{part: _reference(name + _SUFFIXES[part], of, schemas) for part, of in there.items()},
        "examples": examples,
        **({"x-on-the-wire": said.wire} if said.wire else {}),
        **said.more,
    }


def _reference(name: str, schema: Schema, schemas: dict[str, Any]) -> Any:
    """A reference to the schema, by a name that a generated type may have."""
    told = with_references(schema, schemas)
    if "$ref" in told:
        return told
    title = name[0].upper() + name[1:]
    for part, of in told.get("properties", {}).items():
        if "enum" in of:
            of["title"] = title + part[0].upper() + part[1:]
    schemas[title] = told
    return {"$ref": REF + title}


def _operation(
    verb: str, key: str, stream: Stream, transport: Transport, description: Description
) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/{key}/messages/{name}"} for name in stream.says]
    operation = {
        "action": verb,
        "channel": {"$ref": f"#/channels/{key}"},
        "summary": stream.about,
        "tags": [{"name": transport.name}],
        "messages": messages,
        "bindings": dict(stream.operation),
    }
    if stream.answered_at:
        answers = _key(transport, stream.answered_at)
        operation["reply"] = {
            "channel": {"$ref": f"#/channels/{answers}"},
            "messages": [
                {"$ref": f"#/channels/{answers}/messages/{name}"}
                for name in description.streams[stream.answered_at].says
            ],
        }
    return operation
