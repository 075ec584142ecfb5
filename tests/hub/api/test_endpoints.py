"""Which endpoints a client is told, and what a broker need know for that."""

from pushlab.contract.tokens import TokenKeys
from pushlab.hub.api.api import API
from pushlab.hub.core import Hub
from tests.live_hub import live_hub


async def test_those_that_are_named_are_told_and_others_refused():
    async with live_hub() as hub:
        body = {"client_id": "ann", "transports": ["sse", "websocket"]}
        made = (await hub.api("POST", "/v1/channels", body)).json
        assert list(made["endpoints"]) == ["sse", "websocket"]
        path = "/v1/endpoints?transports=sse"
        told = (await hub.ask("GET", path, secret=made["token"])).json
        assert list(told["endpoints"]) == ["sse"]
        for named in ("sse", ["pigeon"], [7], {"sse": True}):
            answer = await hub.api("POST", "/v1/channels", body | {"transports": named})
            assert (answer.status, answer.json["error"]) == (400, "no-such-transport")
            assert "sse, websocket" in answer.json["detail"]
        path = "/v1/endpoints?transports=sse,pigeon"
        assert (await hub.ask("GET", path, secret=made["token"])).status == 400
        assert (await hub.api("GET", "/v1/stats")).json["hits"][API]["refused"] == 5


async def test_a_broker_is_told_of_a_token_when_somebody_may_want_it():
    hub, told = Hub(keys=TokenKeys.fresh()), []

    async def hook(token, grant, wanted):
        told.append((grant.client_id, wanted))

    hub.on_grant(hook)
    unwanted, _ = await hub.create_channel("ann", wanted=None)
    assert told == []
    await hub.create_channel("bob")
    await hub.create_channel("eve", wanted=True)
    for _ in range(2):  # it need not be told twice
        await hub.welcome(unwanted)
    assert told == [("bob", False), ("eve", True), ("ann", True)]
