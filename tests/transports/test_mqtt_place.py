"""Where MQTT clients are told that the broker is, from wherever they ask."""

import pytest

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.core import Hub
from pushlab.hub.reach.reach import seen_from
from pushlab.transports.mqtt import Mqtt

HERE = "mqtt://127.0.0.1:1883"


@pytest.mark.parametrize(
    ("asked_at", "everywhere", "public", "told", "only_local"),
    [
        ("http://127.0.0.1:8000", False, None, HERE, False),
        ("http://localhost:8000", False, None, HERE, False),
        ("http://[::1]:8000", True, None, HERE, False),
        ("https://push.example/hub", False, None, HERE, True),  # and says so
        ("https://push.example/hub", True, None, "mqtt://push.example:1883", False),
        ("http://[2001:db8::1]:80", True, None, "mqtt://[2001:db8::1]:1883", False),
        ("https://push.example/hub", False, "mqtts://mq.example", "mqtts://mq.example", False),
        ("http://127.0.0.1:8000", True, "mqtts://mq.example", "mqtts://mq.example", False),
    ],
)
async def test_a_client_is_told_what_it_can_reach(asked_at, everywhere, public, told, only_local):
    broker = BrokerAccess("embedded", "127.0.0.1", 1883, "hub", "secret", everywhere=everywhere)
    hub = Hub(keys=TokenKeys.fresh(), broker=broker)
    _, grant = await hub.create_channel("ann")
    place = Mqtt().endpoint(seen_from(hub, asked_at, public), grant)
    assert place["url"] == told
    assert ("only_local" in place) == only_local
    assert place["websocket_url"] == f"ws{asked_at.removeprefix('http')}/v1/mqtt"
    assert "secret" not in str(place)
