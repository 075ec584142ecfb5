"""Reading the hub's OpenAPI document: what it says of each operation, and requests made of it."""

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from jsonschema import Draft202012Validator

from pushlab.contract.registry import make_transport, transport_names
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.serve import serve
from tests.live_hub import Answer, LiveHub, config

KEYS = TokenKeys.fresh()
#: All that serve HTTP or a WebSocket without a broker.
WITHOUT_BROKER: Mapping[str, Mapping[str, Any]] = {
    name: {} for name in transport_names() if not make_transport(name, {}).profile.needs_broker
}


class Document:
    """The document; what stands behind ``$ref`` is looked up."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = told

    def at(self, value: Any) -> Any:
        """What this is, or refers to."""
        while isinstance(value, Mapping) and "$ref" in value:
            found: Any = self.told
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def fits(self, value: Any, schema: Mapping[str, Any]) -> None:
        """Raise unless the value is what the schema says."""
        components = {"components": self.told["components"]}
        Draft202012Validator({**components, **schema}).validate(value)

    def operations(self) -> Iterator["Told"]:
        for path, methods in self.told["paths"].items():
            for method, operation in methods.items():
                yield Told(self, method.upper(), path, operation)

    def examples(self, content: Mapping[str, Any]) -> list[Any]:
        return [self.at(each)["value"] for each in content.get("examples", {}).values()]


@dataclass(frozen=True)
class Told:
    """One operation."""

    document: Document
    method: str
    path: str
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def answers(self) -> dict[str, Any]:
        return {status: self.document.at(a) for status, a in self.told["responses"].items()}

    @property
    def who(self) -> str:
        """``apiKey``, ``bearerToken``, another scheme, or nobody."""
        return next((name for each in self.told["security"] for name in each), "")

    def refusals(self) -> Iterator[dict[str, Any]]:
        """What it may refuse with, as the body of the answer."""
        for status, answer in self.answers.items():
            if status >= "400":
                for content in answer["content"].values():
                    yield from self.document.examples(content)

    def requests(self) -> list[tuple[str, bytes | None]]:
        """A target and a body for each example of a body; one without, where it takes none."""
        path, query = self.path.replace("{channel}", "ada"), {}
        for parameter in self.told.get("parameters", []):
            schema = self.document.at(parameter["schema"])
            if parameter["in"] == "query" and parameter["required"]:
                query[parameter["name"]] = "ada" if "enum" not in schema else schema["enum"][0]
        target = path + ("?" + urlencode(query, quote_via=quote) if query else "")
        if "requestBody" not in self.told:
            return [(target, None)]
        ((kind, content),) = self.told["requestBody"]["content"].items()
        return [
            (target, json.dumps(body).encode() if kind == "application/json" else body.encode())
            for body in self.document.examples(content)
        ]


@dataclass(frozen=True)
class Asked:
    """A request; a stream's answer has no end and is not asked for."""

    method: str
    target: str
    secret: str | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def having(self, **query: str) -> "Asked":
        more = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        mark = "&" if "?" in self.target else "?"
        return replace(self, target=f"{self.target}{mark}{more}")

    async def of(self, hub) -> Answer:
        more = {"secret": self.secret, "body": self.body, "headers": self.headers}
        return await hub.ask(self.method, self.target, **more)


def good(hub, operation, token):
    """A request that is as it should be, for each example of a body, with a token of this hub's."""
    for target, body in operation.requests():
        body = body and body.replace(b"<token>", token.encode())
        asked = Asked(operation.method, target, body=body)
        if operation.who in ("apiKey", "bearerToken"):
            asked = replace(asked, secret=hub.key if operation.who == "apiKey" else token)
        elif operation.who:
            asked = asked.having(channel=token)
        yield asked


def answers_as_told(document, operation, answer):
    """Whether status, headers and body are among those that are told of."""
    told = operation.answers[str(answer.status)]
    for name, header in told.get("headers", {}).items():
        if name in answer.headers:
            value = answer.headers[name]
            is_number = document.at(header["schema"]).get("type") == "integer"
            document.fits(int(value) if is_number else value, header["schema"])
        else:
            assert not header["required"], name
    if "content" not in told:
        assert answer.body == b""
        return
    kind = answer.headers["content-type"].removesuffix("; charset=utf-8")
    content = told["content"][kind]
    body = answer.json if kind == "application/json" else answer.body.decode()
    document.fits(body, content["schema"])
    if answer.status < 300 and isinstance(body, dict) and operation.path.startswith("/v1/"):
        schema = document.at(content["schema"])
        assert "properties" not in schema or set(body) <= set(schema["properties"]), body


@contextlib.asynccontextmanager
async def hub_here(**changes):
    """A hub on this event loop, so that its parts can be made to fail."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = config(keys=KEYS.export(), transports=WITHOUT_BROKER, **changes)
    serving = asyncio.create_task(serve(settings, stop=stop, ready=ready.set_result))
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield LiveHub(ready.result(), settings.api_key)
    finally:
        stop.set()
        await serving
