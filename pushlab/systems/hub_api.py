"""The hub as the laboratory asks it, over HTTP as any application would: tokens, probes, counts."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from pushlab.contract.cursor import Cursor
from pushlab.contract.limits import MAX_BATCH_MESSAGES
from pushlab.errors import ConnectionFailed, Refused
from pushlab.systems.publishing import HttpPublishing, fill
from pushlab.systems.system import Admission, ServerApi, ServerCounts
from pushlab.wire.http1 import request_bytes
from pushlab.wire.http_client import HttpConnection, connect_http
from pushlab.wire.tls import client_context

__all__ = ["HubApi"]

_CONNECTIONS = 8
_ASK_AGAIN = 10  # of hubs that are too busy to tell their figures in time

_PUBLISH_PATH = "/v1/publish?channel={channel}"  # where messages of a channel go


class HubApi(ServerApi):
    """Requests with the API key over a few connections that are kept alive.

    Args:
        url: the hub's, as ``http://host:port`` (or https).
        api_key: the application's secret.
        authority: whom to trust if the hub is encrypted, as a PEM certificate.
    """

    def __init__(self, url: str, api_key: str, *, authority: str | None = None) -> None:
        self.url = url
        self.api_key = api_key
        self._authority = urlsplit(url).netloc
        self._tls = client_context(authority) if url.startswith("https:") else None
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._idle: list[HttpConnection] = []
        self.publishing = HttpPublishing(
            url=url,
            path=_PUBLISH_PATH,
            headers=self._headers,
            numbers=True,
            authority=authority,
        )

    def request(self, method: str, path: str, body: bytes = b"", **more: str) -> bytes:
        """A request's bytes."""
        headers = {**self._headers, **{name.replace("_", "-"): more[name] for name in more}}
        return request_bytes(self._authority, method, path, headers=headers, body=body)

    async def ask(self, method: str, path: str, value: Any = None, **headers: str) -> Any:
        """Send JSON, or bytes as they are; get JSON.

        Args:
            headers: more of them, with underscores for hyphens.

        Raises:
            ConnectionFailed: the hub is gone.
            Refused: the hub said no.
        """
        body = b"" if value is None else value
        if not isinstance(body, bytes):
            body = json.dumps(value).encode()
        connection = await self._connection()
        try:
            answer = await connection.exchange(self.request(method, path, body, **headers))
        except BaseException:
            connection.close()
            raise
        if connection.open:
            self._idle.append(connection)
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = {}
        if answer.status >= 300:
            reason = str(told.get("error", f"http-{answer.status}"))
            raise Refused(answer.status, reason, str(told.get("detail", reason)))
        return told

    async def _connection(self) -> HttpConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        return await self.connect()

    async def connect(self) -> HttpConnection:
        """Open one more connection. Raises ConnectionFailed."""
        return await connect_http(self.url, tls=self._tls)

    async def revoke(self, token: str) -> None:
        """Let a token count no more. Raises ConnectionFailed, Refused."""
        await self.ask("DELETE", "/v1/tokens", {"token": token})

    async def admit(
        self,
        transport: str,
        subscribers: Sequence[tuple[str, int, str]],
        *,
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """Get a token for each (client ID, number of the channel, its name), in order.

        Raises:
            ConnectionFailed: the hub is gone, or does not tell where `transport` listens.
            Refused: the hub said no.
        """
        admissions: list[Admission | None] = [None] * len(subscribers)
        todo = iter(enumerate(subscribers))

        async def work() -> None:
            for index, (client_id, number, channel) in todo:
                wanted: dict[str, Any] = {"client_id": client_id, "channel": channel}
                wanted["transports"] = [transport]
                if duration_minutes is not None:
                    wanted["duration_minutes"] = duration_minutes
                try:
                    told = await self.ask("POST", "/v1/channels", wanted)
                except Refused as refusal:
                    if refusal.reason != "no-such-transport":
                        raise
                    raise ConnectionFailed(f"the hub does not serve {transport}") from refusal
                admissions[index] = Admission(told["token"], number, told["endpoints"][transport])

        await asyncio.gather(*(work() for _ in range(min(_CONNECTIONS, len(subscribers)))))
        return [admission for admission in admissions if admission is not None]

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message. Raises Refused, ConnectionFailed."""
        told = await self.ask(
            "POST", fill(_PUBLISH_PATH, channel=quote(channel, safe="")), text.encode()
        )
        return Cursor(told["epoch"], told["seq"])

    async def publish_batch(self, batch: Sequence[tuple[str, str]]) -> list[int]:
        """Publish to each channel its text; the `seq` of each."""
        seqs: list[int] = []
        for start in range(0, len(batch), MAX_BATCH_MESSAGES):
            part = batch[start : start + MAX_BATCH_MESSAGES]
            wanted = [{"channel": channel, "data": text} for channel, text in part]
            seqs += [item["seq"] for item in await self.ask("POST", "/v1/messages", wanted)]
        return seqs

    async def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel."""
        told = await self.ask("GET", f"/v1/presence?channel={quote(channel, safe='')}")
        return list(told["present"])

    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """What the hub has counted, and its CPU, as at a moment of its own clock; 0: now."""
        told = await self._all(at_ns)
        hits = {str(kind): int(n) for kind, n in told["hits"].get(transport, {}).items()}
        published = told["hits"].get("api", {}).get("publish", 0)
        if published:
            hits["publish"] = int(published)
        return ServerCounts(int(told["now_ns"]), hits, float(told["process"]["cpu_s"]))

    async def _all(self, at_ns: int) -> dict[str, Any]:
        """The figures of all hubs together, or of the one that there is.

        Raises ConnectionFailed: one of them does not tell its own.
        """
        for _ in range(_ASK_AGAIN):
            told: dict[str, Any] = await self.ask("GET", "/v1/stats", pushlab_at_ns=str(at_ns))
            if not told.get("silent"):
                return {**told, **told.get("all", {})}
        raise ConnectionFailed(f"{len(told['silent'])} of the hubs did not tell what they counted")

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
