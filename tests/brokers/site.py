"""A hub in this process, a broker of either kind, and the bridge between them."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random

import aiomqtt
import pytest

from pushlab.brokers import mosquitto
from pushlab.brokers.start import Broker, start_broker
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import BrokerUnavailable
from pushlab.hub.core import Hub
from pushlab.transports import _mqtt_names as names
from pushlab.transports.mqtt import Mqtt
from tests.brokers.foreign import plug_in
from tests.patience import PATIENCE_S


def _is_missing() -> str | None:
    try:
        mosquitto.find_mosquitto()
    except BrokerUnavailable as error:
        return str(error)
    return None


MISSING = _is_missing()
needs_mosquitto = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
needs_plug_in = pytest.mark.skipif(
    MISSING is not None or plug_in() is None, reason=MISSING or "its plug-in is not installed"
)
BROKERS = ["embedded", pytest.param("mosquitto", marks=needs_mosquitto)]
both = pytest.mark.parametrize("kind", BROKERS)


@dataclass
class Site:
    """A hub in this process, its broker, and the bridge between them."""

    keys: TokenKeys
    broker: Broker
    hub: Hub

    def client(
        self, token: str, grant: Grant, session: str | None = None, **more: object
    ) -> aiomqtt.Client:
        """A plain MQTT client that logs in as the holder of the token."""
        arguments = {
            "username": names.username_of(grant.client_id, grant.grant_id),
            "password": token,
            "identifier": session or names.new_session(resumes=False),
            **more,
        }
        return aiomqtt.Client(self.broker.access.host, self.broker.access.port, **arguments)

    async def admit(
        self, client_id: str, channel: str, *, life_s: float = 3_600
    ) -> tuple[str, Grant]:
        """A token of any length of life, registered as the hub does it."""
        grant = Grant(client_id, channel, time.time() + life_s, secrets.token_hex(8))
        token, _ = self.keys.sign(grant)
        await self.hub.introducing.introduce(token, grant, wanted=True)
        return token, grant


@contextlib.asynccontextmanager
async def site(kind: str) -> AsyncIterator[Site]:
    keys = TokenKeys.fresh()
    async with await start_broker(kind) as broker, bridged(broker, keys) as hub:
        yield Site(keys, broker, hub)


@contextlib.asynccontextmanager
async def bridged(broker: Broker, keys: TokenKeys) -> AsyncIterator[Hub]:
    hub = Hub(keys=keys, broker=broker.access)
    bridge = Mqtt().background(hub)
    assert bridge is not None
    async with hub.running(), bridge:
        yield hub


async def take(client: aiomqtt.Client, n: int) -> list[tuple[str, str]]:
    taken = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in client.messages:
            taken.append((str(message.topic), message.payload.decode()))
            if len(taken) == n:
                break
    return taken


async def granted(client: aiomqtt.Client, topic: str) -> bool:
    codes = await client.subscribe(topic, 1)
    return all(not code.is_failure for code in codes)


class Reader:
    """Drives one client half over a socket until it is told to stop."""

    def __init__(self, here: Site, token: str, grant: Grant) -> None:
        endpoint = Mqtt().endpoint(here.hub, grant)
        where = Endpoint.from_url(endpoint["url"], endpoint)
        self.half = Mqtt().subscriber(where, token, rng=Random(1))
        self.events: list[object] = []

    async def run(self, stop: asyncio.Event) -> None:
        self.half.start(time.monotonic_ns())
        self.half.handle_timer(time.monotonic_ns())
        assert self.half.wants_connection
        where = self.half.endpoint
        reader, writer = await asyncio.open_connection(where.host, where.port)
        self.half.connection_made(time.monotonic_ns())
        stopping = asyncio.ensure_future(stop.wait())
        while self.half.holds_connection:
            writer.write(self.half.data_to_send())
            reading = asyncio.ensure_future(reader.read(65_536))
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                self.half.receive_data(reading.result(), time.monotonic_ns())
            else:
                self.half.close(time.monotonic_ns())
                reading.cancel()
            self.events += self.half.events_received()
        writer.write(self.half.data_to_send())
        await writer.drain()
        writer.close()
        stopping.cancel()
