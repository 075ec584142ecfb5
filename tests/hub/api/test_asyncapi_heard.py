"""Whatever a live hub says over its transports is in its AsyncAPI document, and nothing else is."""

import asyncio
import contextlib
import json
import time
from random import Random
from types import SimpleNamespace

import pytest

from pushlab.brokers.start import start_broker
from pushlab.contract.hits import Hit
from pushlab.contract.registry import make_transport
from pushlab.contract.serving import HubSettings
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.hub import core
from pushlab.hub.api.operations import ASYNCAPI_PATH
from pushlab.hub.backplane import memory
from pushlab.hub.process import HubConfig
from pushlab.lab.trial.in_process import serving_here
from pushlab.testing.reader import WireReader
from pushlab.transports import _mqtt_server as packets
from pushlab.transports import websocket
from tests.hub.api.asyncapi_hearing import EventsEar, FramesEar, MqttEar
from tests.hub.api.asyncapi_reading import is_valid, reason_in, reasons_of, value_of
from tests.live_hub import LiveHub
from tests.patience import PATIENCE_S

SETTINGS = HubSettings(
    keep_alive_s=0.15, retain_messages=40, lag_bytes=200_000, linger_s=PATIENCE_S
)
PING_S = 2.0  # a client that does not answer within as much is left
TEXTS = ["Hello, world", "Grüße 🌍", "two\nlines ", "cr\r\nlf\rcr", "4f1c9a02-17", "gap a-1 a-2"]
BIG = "x" * 32_000
LIFE_S = 60.0


class Stage:
    """A hub, its document, and all that was heard of it."""

    def __init__(self, config):
        self.config = config
        self.keys = TokenKeys.restore(config.keys)
        self.notes = []
        self.ahead_s = 0.0

    def wall(self):
        """The hub's clock."""
        return time.time() + self.ahead_s

    async def begins(self, url, hub):
        self.hub = hub
        self.live = LiveHub(url, self.config.api_key)
        self.told = (await self.live.ask("GET", ASYNCAPI_PATH)).json

    def signed(self, channel, life_s):
        now = self.wall()
        grant = Grant("ann", channel, now + life_s, self.keys.new_grant_id(now))
        return self.keys.sign(grant)[0]

    async def publish_all(self, channel, texts):
        batch = [{"channel": channel, "data": text} for text in texts]
        assert (await self.live.api("POST", "/v1/messages", batch)).status == 202

    async def revoke(self, token):
        assert (await self.live.api("DELETE", "/v1/tokens", {"token": token})).status == 200


# ---- SSE and WebSocket ---------------------------------------------------------------------------


async def refuse_all(stage, ear, refusal):
    """Every refusal of a stream but that of a hub which is full or stops."""
    token = await stage.live.token("ann", "refusing")
    gone = await stage.live.token("ann", "refusing")
    await stage.revoke(gone)
    await ear().refused(refusal, None)
    await ear().refused(refusal, "no token")
    await ear().refused(refusal, gone)
    await ear().refused(refusal, stage.signed("refusing", -1.0))
    await ear().refused(refusal, token, after="not a cursor")


async def be_slow(stage, ear, close):
    """Read nothing until the hub has enough of it, then all."""
    token = await stage.live.token("slow", f"slow at {ear().key}")
    async with ear().listening(token, stalled=True) as slow:
        await stage.publish_all(f"slow at {ear().key}", [BIG] * 80)
        slow.goes_on.set()
        await slow.until(close)


async def be_revoked(stage, ear, hello, close):
    """While the stream stands."""
    token = await stage.live.token("ann", "revoking")
    async with ear().listening(token) as stream:
        await stream.until(hello)
        await stage.revoke(token)
        await stream.until(close)


async def hear_events(stage):
    channel = "events"
    token = await stage.live.token("ann", channel)

    def ear():
        return EventsEar(stage.told, stage.notes)

    async with ear().listening(token) as plain, ear().listening(token, at="1") as page:
        hello = await plain.until("sseEventsHello")
        await page.until("sseEventsPlace")
        await stage.publish_all(channel, TEXTS)
        await plain.until("sseEventsMessage", len(TEXTS))
        await page.until("sseEventsExactMessage")
        await plain.until("sseEventsKeepAlive")
    assert [heard.headers.get("json") for heard in plain.mine if heard.payload] == [
        json.dumps(text) if "\r" in text else None for text in TEXTS
    ]
    await stage.publish_all(channel, ["more"] * 50)
    for cursor in (hello.headers["id"], "another-3"):
        for at in ({}, {"at": "1"}):
            async with ear().listening(token, after=cursor, **at) as late:
                await late.until("sseEventsGap")
                await late.until("sseEventsMessage", 40)
    await refuse_all(stage, ear, "sseEventsRefusal")
    await be_revoked(stage, ear, "sseEventsHello", "sseEventsClose")
    await be_slow(stage, ear, "sseEventsClose")


async def hear_a_ping(stage):
    token = await stage.live.token("ann", "quiet")
    async with FramesEar(stage.told, stage.notes).listening(token) as quiet:
        await quiet.until("websocketFramesPing")


async def hear_frames(stage):
    channel = "frames"
    token = await stage.live.token("ann", channel)

    def ear():
        return FramesEar(stage.told, stage.notes)

    async with ear().listening(token) as plain:
        position = await plain.until("websocketFramesPosition")
        await stage.publish_all(channel, TEXTS)
        await plain.until("websocketFramesMessage", len(TEXTS))
    frames = [heard.payload for heard in plain.of("websocketFramesMessage")]
    assert [frame.partition(" ")[2] for frame in frames] == TEXTS
    await stage.publish_all(channel, ["more"] * 50)
    for cursor in (position.payload, "another-3"):
        async with ear().listening(token, after=cursor) as late:
            await late.until("websocketFramesGap")
            await late.until("websocketFramesMessage", 40)
    await ear().refused("websocketFramesClose", token, origin="http://elsewhere.example")
    await refuse_all(stage, ear, "websocketFramesClose")
    await be_revoked(stage, ear, "websocketFramesPosition", "websocketFramesClose")
    await be_slow(stage, ear, "websocketFramesClose")


# ---- MQTT ----------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def session_of(stage, token, number):
    """A session, made from the document and what /v1/endpoints says: (ear, how it asks)."""
    asked = await stage.live.ask("GET", "/v1/endpoints?transports=mqtt", secret=token)
    there, channel = asked.json["endpoints"]["mqtt"], asked.json["channel"]
    ear, session = MqttEar(stage.told, stage.notes), f"n{number:032x}"
    topics = [
        ear.topic("mqttLive", channel=channel),
        ear.topic("mqttInbox", session=session),
        ear.topic("mqttBridge"),
    ]
    assert topics[0] == there["topic"]
    async with ear.at_the_broker(there["username"], token, session, *topics) as client:

        async def ask(ask="first", after=None, token=token):
            words = {"ask": ask, "token": token, "after": after, "qos": 1}
            outbox = ear.topic("mqttOutbox", session=session)
            await client.publish(outbox, json.dumps(words), qos=1)

        yield ear, ask


async def hear_mqtt(stage):
    channel = "a/b ü"
    token = await stage.live.token("ann", channel)
    async with session_of(stage, token, 1) as (ear, ask):
        await ask()
        position = (await ear.until("mqttInboxPosition", 2)).payload
        await stage.publish_all(channel, TEXTS)
        await ear.until("mqttLiveMessage", len(TEXTS))
        frames = [heard.payload for heard in ear.of("mqttLiveMessage")]
        assert [frame.partition(" ")[2] for frame in frames] == TEXTS
        await ask("again", after=position)
        await ear.until("mqttInboxMessage", len(TEXTS))
        await stage.publish_all(channel, ["more"] * 50)
        await ask("again", after=position)
        await ear.until("mqttInboxGap")
        await ask("again", after="another-3")
        await ear.until("mqttInboxGap", 2)
        await ask("again", after=f"{position.partition('-')[0]}-999999")
        await ask("again", token="no token")
        await ask("again", token=stage.signed(channel, -1.0))
        await ear.until("mqttInboxBye", 3)
    revoked = await stage.live.token("ann", channel)
    async with session_of(stage, revoked, 2) as (ear, ask):
        await ask()
        await ear.until("mqttInboxPosition", 2)
        await stage.revoke(revoked)
        await ear.until("mqttInboxBye")


async def hear_a_client_of_mqtt(stage, broker):
    """What pushlab's own client says: the hub's bridge may listen to that."""
    channel, spy = "asked", MqttEar(stage.told, stage.notes)
    token = await stage.live.token("bob", channel)
    mqtt = make_transport("mqtt", {"keep_alive_s": 1})
    details = (await stage.live.ask("GET", "/v1/endpoints", secret=token)).json["endpoints"]["mqtt"]
    there = Endpoint.from_url(details["url"], details=details)
    access, outboxes = broker.access, spy.topic("mqttOutbox", session="+").replace("%2B", "+")
    log_in = access.username, access.password
    async with spy.at_the_broker(*log_in, "a spy", outboxes) as bridge:
        reader = WireReader(mqtt.subscriber(there, token, rng=Random(1)))
        await reader.connected()
        at = await stage.live.publish(channel, "news")
        await reader.has(["news"])
        await spy.until("mqttOutboxQuestion", saying='"check"')
        await reader.until(lambda: reader.hits[Hit.KEEP_ALIVE] > 1, "it must ping as well")
        ahead = f"{at['epoch']}-{at['seq'] + 5} from the future"
        await bridge.publish(details["topic"], ahead)
        await spy.until("mqttOutboxQuestion", saying=f'"again", "token": "{token}"')
        await reader.leave()
        await spy.until("mqttOutboxLeave", saying="pings")
    return [json.loads(heard.payload) for heard in spy.mine]


@contextlib.asynccontextmanager
async def streams(stage, token):
    """One of SSE and one of WebSocket, which are open; waits for their ends."""
    events, frames = EventsEar(stage.told, stage.notes), FramesEar(stage.told, stage.notes)
    async with events.listening(token), frames.listening(token):
        await events.until("sseEventsHello")
        await frames.until("websocketFramesPosition")
        yield
        await events.until("sseEventsClose")
        await frames.until("websocketFramesClose")


async def be_refused(stage, token):
    await EventsEar(stage.told, stage.notes).refused("sseEventsRefusal", token)
    await FramesEar(stage.told, stage.notes).refused("websocketFramesClose", token)


async def see_tokens_expire(stage):
    token = stage.signed("dying", LIFE_S)
    async with streams(stage, token), session_of(stage, token, 3) as (ear, ask):
        await ask()
        await ear.until("mqttInboxPosition")
        stage.ahead_s += 2 * LIFE_S
        await ear.until("mqttInboxBye")


async def see_it_full_and_stop(stage, stack):
    """No room for another channel, then the hub's end."""
    token, strange = (stage.signed(channel, LIFE_S) for channel in ("last", "one too many"))
    async with session_of(stage, token, 4) as (ear, ask):
        async with streams(stage, token):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(memory, "MAX_CHANNELS", 0)
                await ask(token=strange)
                await ear.until("mqttInboxBye")
                await be_refused(stage, strange)
            stage.hub.close()
        await be_refused(stage, token)
        await stack.aclose()
        await ear.until("mqttBridgeBye")


# ---- all of it -----------------------------------------------------------------------------------


async def converse():
    hubs, names = [], {name: {} for name in ("sse", "websocket", "mqtt")}
    async with await start_broker("embedded") as broker:
        config = HubConfig(transports=names, settings=SETTINGS, broker=broker.access)
        stage, listens = Stage(config), core.Hub.listening_at
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(websocket, "PING_INTERVAL_S", PING_S)
            patch.setitem(core.Hub.__init__.__kwdefaults__, "wall", stage.wall)
            patch.setattr(
                core.Hub, "listening_at", lambda hub, url: (hubs.append(hub), listens(hub, url))
            )
            async with contextlib.AsyncExitStack() as stack:
                await stage.begins(await stack.enter_async_context(serving_here(config)), *hubs)
                *_, asked = await asyncio.gather(
                    hear_events(stage),
                    hear_frames(stage),
                    hear_a_ping(stage),
                    hear_mqtt(stage),
                    hear_a_client_of_mqtt(stage, broker),
                )
                await see_tokens_expire(stage)
                await see_it_full_and_stop(stage, stack)
    return SimpleNamespace(told=stage.told, notes=stage.notes, asked=asked)


@pytest.fixture(scope="module")
def heard():
    return asyncio.run(converse())


def test_whatever_was_heard_is_exactly_one_message_of_the_document(heard):
    assert len(heard.notes) > 300
    for said in heard.notes:
        assert len(said.names) == 1, said


def test_every_message_of_the_document_was_heard_for_each_of_its_reasons(heard):
    for channel in heard.told["channels"].values():
        for message in channel["messages"].values():
            mine = [each for each in heard.notes if each.names == [message["name"]]]
            assert mine, f"nobody said {message['name']}"
            if told := reasons_of(heard.told, message):
                said = {reason_in(value_of(message, each.payload)) for each in mine}
                assert said == told, message["name"]


def test_the_fields_that_may_be_left_out_were_heard_with_and_without(heard):
    for name, may in (("sseEventsHello", "id"), ("sseEventsMessage", "json")):
        assert {may in each.headers for each in heard.notes if each.names == [name]} == {
            True,
            False,
        }


def test_a_client_asks_in_each_of_the_ways(heard):
    question = heard.told["components"]["schemas"]["MqttOutboxQuestion"]
    said = {words["ask"] for words in heard.asked if "ask" in words}
    assert said == set(question["properties"]["ask"]["enum"])


def test_the_will_of_a_client_is_as_told(heard):
    binding = heard.told["servers"]["mqtt"]["bindings"]["mqtt"]
    mqtt = make_transport("mqtt", {})
    endpoint = Endpoint("127.0.0.1", 1, details={"username": "u", "topic": "pushlab/t"})
    half = mqtt.subscriber(endpoint, "token", rng=Random(1))
    half.start(0)
    half.connection_made(0)
    (first, *_) = packets.PacketReader(10_000).receive(half.data_to_send())
    connect = packets.read_connect(first.body)
    topic, payload, qos = connect.will
    told = binding["lastWill"]
    assert topic.decode() == told["topic"].replace("{session}", connect.client_id)
    assert (payload.decode(), qos) == (told["message"], told["qos"])
    assert (connect.clean, connect.keep_alive_s) == (binding["cleanSession"], binding["keepAlive"])
    leave = heard.told["channels"]["mqttOutbox"]["messages"]["leave"]["payload"]
    assert is_valid(heard.told, leave, json.loads(payload))
    session = heard.told["channels"]["mqttOutbox"]["parameters"]["session"]
    assert len(connect.client_id) == len(session["examples"][0])
