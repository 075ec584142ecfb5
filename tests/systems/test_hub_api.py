"""The hub as the laboratory asks it."""

import pytest

from pushlab.errors import ConnectionFailed, Refused
from pushlab.systems.hub_api import HubApi
from tests.publish_server import serving


async def test_refusals_and_losses_are_told() -> None:
    async with serving() as server:
        api = HubApi(server.url, "key")
        server.status = 403
        with pytest.raises(Refused) as caught:
            await api.ask("POST", "/v1/channels", {})
        assert caught.value.status == 403
        server.hang_up = True
        with pytest.raises(ConnectionFailed):
            await api.ask("POST", "/v1/channels", {})
    with pytest.raises(ConnectionFailed):
        await HubApi("http://127.0.0.1:1", "key").ask("GET", "/healthz")


async def test_a_few_connections_serve_many_requests() -> None:
    async with serving() as server:
        api = HubApi(server.url, "key")
        for _ in range(10):
            await api.ask("POST", "/v1/channels", {})
        assert server.connections == 1
        api.close()
