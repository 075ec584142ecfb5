"""A hub in its own process, and the plainest HTTP client that can talk to it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from pushlab.contract.serving import HubSettings
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.hub.reach.reach import ReachSettings
from tests.patience import PATIENCE_S

#: Every transport that needs no broker.
HTTP_TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket")


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    phrase: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def read_head(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    _, status, phrase = head[0].split(" ", 2)
    return Answer(int(status), headers, phrase=phrase)


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    answer = await read_head(reader)
    answer.body = await reader.readexactly(int(answer.headers.get("content-length", "0")))
    return answer


@contextlib.asynccontextmanager
async def dial(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def ask(
    url: str,
    method: str,
    target: str,
    *,
    secret: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "Connection: close"]
    if secret is not None:
        lines.append(f"Authorization: Bearer {secret}")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    async with asyncio.timeout(PATIENCE_S), dial(url) as (reader, writer):
        writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        return await read_answer(reader)


class LiveHub:
    """A running hub with its application's verbs."""

    def __init__(self, url: str, key: str, process: HubProcess | None = None) -> None:
        self.url = url
        self.key = key
        self._process = process

    @property
    def process(self) -> HubProcess:
        assert self._process is not None
        return self._process

    def log(self) -> str:
        return self.process.log

    async def ask(self, method: str, target: str, **more: Any) -> Answer:
        """A request without a secret, unless `secret` gives one."""
        return await ask(self.url, method, target, **more)

    async def api(self, method: str, target: str, body: Any = None) -> Answer:
        """A request with the API key; `body` is bytes, or becomes JSON."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return await ask(self.url, method, target, secret=self.key, body=raw)

    async def token(self, client_id: str, channel: str | None = None) -> str:
        body = {"client_id": client_id, "channel": channel}
        answer = await self.api("POST", "/v1/channels", body)
        assert answer.status == 201, answer
        return str(answer.json["token"])

    async def publish(self, channel: str, data: str) -> dict[str, Any]:
        target = f"/v1/channels/{quote(channel, safe='')}/messages"
        answer = await self.api("POST", target, data.encode())
        assert answer.status == 202, answer
        return dict(answer.json)

    async def present(self, channel: str) -> list[str]:
        answer = await self.api("GET", f"/v1/channels/{quote(channel, safe='')}/presence")
        return list(answer.json["present"])

    async def until_present(self, channel: str, wanted: list[str]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.present(channel) != wanted:  # noqa: ASYNC110 - the hub is elsewhere
                await asyncio.sleep(0.01)


def config(**changes: Any) -> HubConfig:
    """A hub without a broker, known as `test`, `t` and `x` too; `settings` is a plain mapping."""
    changes.setdefault("reach", ReachSettings(allow_hosts=("test", "t", "x")))
    settings = HubSettings(**changes.pop("settings", {}))
    names: Mapping[str, Mapping[str, Any]] = {name: {} for name in HTTP_TRANSPORTS}
    return HubConfig(**{"transports": names, "settings": settings, **changes})


@contextlib.asynccontextmanager
async def live_hub(**changes: Any) -> AsyncIterator[LiveHub]:
    async with await start_hub(config(**changes)) as process:
        yield LiveHub(process.url, process.api_key, process)
