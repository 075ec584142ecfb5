"""The hub's HTTP, described: an OpenAPI 3.1 document made of what its routes declare.

Loaded where somebody asks for it. What stands behind ``$ref`` here, stands in ``components`` once.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import count
from typing import Any

from pushlab.contract.operation import Answer, Operation, Shape
from pushlab.contract.reasons import BAD_ORIGIN, Reason
from pushlab.contract.schemas import REFUSAL
from pushlab.contract.serving import Hub, Route
from pushlab.contract.tokens import Grant
from pushlab.contract.transport import Transport
from pushlab.contract.typed_schema import schema_of
from pushlab.hub.api import bodies
from pushlab.hub.api.endpoints import no_such_transport
from pushlab.hub.api.operations import ASYNCAPI_PATH, OPERATIONS
from pushlab.hub.edge.limits import edge_reasons
from pushlab.hub.presence.notices import NOTICES
from pushlab.hub.reach.reach import seen_from
from pushlab.hub.reasons import (
    BAD_METHOD,
    NO_SUCH_TRANSPORT,
    NOT_FOUND,
    UNKNOWN_HOST,
    upgrade_required,
)
from pushlab.wire.asgi import refusal_headers

__all__ = ["openapi_document"]

_URL = "https://push.example"
_ABOUT = (
    "One channel contract over several transports. A refusal is JSON with a word for programs"
    " (`error`) and a sentence for people (`detail`); another path is 404, another method 405 with"
    " `Allow`. Texts are limited in bytes of UTF-8, which a schema cannot count: `maxLength` is the"
    " most characters that can fit."
)


def openapi_document(
    hub: Hub, routes: Iterable[Route], transports: Sequence[Transport]
) -> dict[str, Any]:
    """The document, without ``servers``.

    Args:
        routes: those of the transports.
    """
    document = _Document(hub, transports)
    for path, operation in OPERATIONS.items():
        document.add(path, operation)
    for route in routes:
        operations = route.operations if route.kind == "http" else [_handshake(route.path)]
        for operation in operations:
            document.add(route.path, operation)
    return document.told()


def _handshake(path: str) -> Operation:
    name = f"open_{path.rpartition('/')[2]}"
    to = Answer(101, "The rest of the connection is a WebSocket.")
    reasons = [upgrade_required(path)]
    return Operation("GET", name, "Open a WebSocket.", answers=[to], reasons=reasons)


class _Document:
    """What has been told of so far."""

    def __init__(self, hub: Hub, transports: Sequence[Transport]) -> None:
        self._paths: dict[str, dict[str, Any]] = {}
        self._credentials: dict[str, Any] = {}
        self._schemas: dict[str, Any] = {}
        self._examples: dict[str, Any] = {}
        self._responses: dict[str, Any] = {}
        self._transports = transports
        self._names = sorted(transport.name for transport in transports)
        seen, grant = seen_from(hub, _URL, None), Grant("ada", "ada", 0.0, "g")
        self._endpoints = {each.name: dict(each.endpoint(seen, grant)) for each in transports}

        self._refusal([NOT_FOUND])  # these two are what is no operation's
        self._refusal([BAD_METHOD], {"allow": {"type": "string"}})

    def told(self) -> dict[str, Any]:
        """The whole."""
        self._schemas["Transport"] = {"type": "string", "enum": self._names}
        self._schemas["Endpoints"] = {
            "type": "object",
            "description": "Where each transport listens.",
            "properties": {each.name: self._schema(each.EndpointBody) for each in self._transports},
        }
        return {
            "openapi": "3.1.1",
            "info": {
                "title": "pushlab",
                "version": version("pushlab"),
                "description": _ABOUT,
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "externalDocs": {"url": ASYNCAPI_PATH, "description": "What the streams carry."},
            "paths": self._paths,
            "webhooks": {
                name: {"post": self._operation(notice)} for name, notice in NOTICES.items()
            },
            "components": {
                "schemas": dict(sorted(self._schemas.items())),
                "responses": self._responses,
                "examples": self._examples,
                "securitySchemes": self._credentials,
            },
        }

    def add(self, path: str, operation: Operation) -> None:
        """Tell of an operation that the hub serves."""
        more = [UNKNOWN_HOST, *edge_reasons(operation.method)]
        if operation.method != "GET":
            more.append(BAD_ORIGIN)
        told = self._operation(operation, more)
        self._paths.setdefault(path, {})[operation.method.lower()] = told

    def _operation(self, operation: Operation, more: Iterable[Reason] = ()) -> dict[str, Any]:
        for each in operation.who:
            self._credentials[each.name] = dict(each.scheme)
        found: dict[str, Any] = {"operationId": operation.name, "summary": operation.means}
        if operation.detail:
            found["description"] = operation.detail
        found["security"] = [{each.name: []} for each in operation.who]
        if operation.parameters:
            found["parameters"] = [
                {
                    "name": each.name,
                    "in": each.place,
                    "description": each.help,
                    "required": each.required,
                    "schema": self._schema(each.schema),
                    **({"explode": False} if each.schema.get("type") == "array" else {}),
                }
                for each in operation.parameters
            ]
        if (body := operation.body) is not None:
            content = {
                "schema": self._schema(body.schema, closed=True),
                "examples": {
                    name.replace(" ", "-"): {"value": self._filled(example)}
                    for name, example in body.examples.items()
                },
            }
            found["requestBody"] = {"required": True, "content": {body.media_type: content}}
        found["responses"] = self._answers(operation, more)
        return found

    def _answers(self, operation: Operation, more: Iterable[Reason]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for answer in operation.answers:  # those of one status differ in their media types
            told = self._answer(answer)
            known = found.setdefault(str(answer.status), told)
            known.get("content", {}).update(told.get("content", {}))
        by_status: dict[int, list[Reason]] = {}
        for reason in (*self._reasons(operation), *more):
            if reason.word == NO_SUCH_TRANSPORT.word:
                reason = reason.such(no_such_transport(self._transports))
            by_status.setdefault(reason.status, []).append(reason)
        for status, reasons in sorted(by_status.items()):
            found[str(status)] = self._refusal(reasons)
        return found

    def _reasons(self, operation: Operation) -> Iterable[Reason]:
        """Its own, and those of the transports whose endpoints it tells."""
        yield from operation.reasons
        if any(
            answer.schema in (bodies.MadeChannel, bodies.TokenDetails)
            for answer in operation.answers
        ):
            for transport in self._transports:
                yield from transport.endpoint_reasons

    def _answer(self, answer: Answer) -> dict[str, Any]:
        told: dict[str, Any] = {"description": answer.means}
        if answer.headers:
            told["headers"] = {
                name: {"required": True, "schema": self._schema(schema)}
                for name, schema in answer.headers.items()
            }
        if answer.schema is not None:
            content = {
                "schema": self._schema(answer.schema),
                "examples": {"example": {"value": self._filled(answer.example)}},
            }
            told["content"] = {answer.media_type: content}
        return told

    def _refusal(
        self, reasons: Sequence[Reason], headers: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """A reference to what is answered for these reasons, which have one status."""
        status = reasons[0].status
        words = list(dict.fromkeys(reason.word for reason in reasons))
        examples = [self._example(reason) for reason in dict.fromkeys(reasons)]
        schema = {"$ref": self._schema(REFUSAL)["$ref"]}
        told = {
            "description": ", ".join(words),
            "headers": {
                **{
                    name: {"required": True, "schema": each}
                    for name, each in (headers or {}).items()
                },
                **_headers(reasons),
            },
            "content": {
                "application/json": {
                    "schema": schema,
                    "examples": {
                        name: {"$ref": f"#/components/examples/{name}"} for name in examples
                    },
                }
            },
        }
        if not told["headers"]:
            del told["headers"]
        name = _new_name(self._responses, str(status), told)
        return {"$ref": f"#/components/responses/{name}"}

    def _example(self, reason: Reason) -> str:
        value = {"value": reason().to_json()}
        return _new_name(self._examples, f"{reason.status}-{reason.word}", value)

    def _schema(self, shape: Shape, *, closed: bool = False) -> dict[str, Any]:
        return schema_of(shape, self._schemas, closed=closed)

    def _filled(self, example: Any) -> Any:
        """The example with what this hub has in the place of what all have."""
        if example is bodies.TRANSPORT:
            return self._names[0]
        if example is bodies.ENDPOINTS:
            return self._endpoints
        if isinstance(example, dict):
            return {key: self._filled(value) for key, value in example.items()}
        return [self._filled(each) for each in example] if isinstance(example, list) else example


def _headers(reasons: Sequence[Reason]) -> dict[str, Any]:
    """Those that tell the client what to do, with what they say."""
    told = [dict(refusal_headers(reason())) for reason in reasons]
    names = dict.fromkeys(name for each in told for name in each if name != b"connection")
    return {
        name.decode(): {
            "required": all(name in each for each in told),
            "schema": {"type": "integer", "minimum": 0}
            if name == b"retry-after"
            else {"const": next(each[name] for each in told if name in each).decode()},
        }
        for name in names
    }


def _new_name(known: dict[str, Any], wanted: str, value: Any) -> str:
    """The name under which `value` is known from now on: `wanted`, or with a number behind it."""
    names = (wanted if n == 1 else f"{wanted}-{n}" for n in count(1))
    name = next(name for name in names if known.get(name, value) == value)
    known[name] = value
    return name
