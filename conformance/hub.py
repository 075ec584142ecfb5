"""A hub in a process of its own, as the suites use it."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from pushlab.contract.serving import BrokerAccess, HubSettings
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.wire.http1 import request_bytes
from pushlab.wire.http_client import connect_http

__all__ = ["LiveHub", "live_hub"]


class LiveHub:
    """A running hub with its application's verbs."""

    def __init__(self, process: HubProcess) -> None:
        self.process = process
        self.url = process.url
        self.key = process.api_key
        self.authority = urlsplit(process.url).netloc
        self.port = urlsplit(process.url).port or 80

    async def api(self, method: str, path: str, body: Any) -> Any:
        """One request with the key; its answer's JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}"}
        connection = await connect_http(self.url)
        try:
            answer = await connection.exchange(
                request_bytes(self.authority, method, path, headers=headers, body=raw)
            )
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body!r}")
        return json.loads(answer.body)

    async def grant(self, client_id: str, channel: str) -> dict[str, Any]:
        """A token for a client, and where each transport is."""
        body = {"client_id": client_id, "channel": channel}
        return dict(await self.api("POST", "/v1/channels", body))

    async def token(self, client_id: str, channel: str) -> str:
        """A token for a client."""
        return str((await self.grant(client_id, channel))["token"])

    async def publish(self, channel: str, text: str) -> dict[str, Any]:
        """One message; where it stands."""
        path = f"/v1/channels/{quote(channel, safe='')}/messages"
        return dict(await self.api("POST", path, text.encode()))


@contextlib.asynccontextmanager
async def live_hub(
    *,
    settings: Mapping[str, Any] | None = None,
    transports: Mapping[str, Mapping[str, Any]] | None = None,
    broker: BrokerAccess | None = None,
    **more: Any,
) -> AsyncIterator[LiveHub]:
    """Start a hub, and stop it."""
    config = HubConfig(
        settings=HubSettings(**settings or {}), transports=transports, broker=broker, **more
    )
    async with await start_hub(config) as process:
        yield LiveHub(process)
