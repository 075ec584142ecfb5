"""Both brokers: who gets in, who may read and write what, and when that ends."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import replace

import aiomqtt
import pytest

from pushlab.brokers.start import start_broker
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.transports import _mqtt_names as names
from pushlab.wire import mqtt311
from tests.brokers.site import Site, both, bridged, granted, needs_mosquitto, site, take
from tests.patience import PATIENCE_S, until

# ---- who gets in ----------------------------------------------------------------------------


@both
async def test_log_ins(kind):
    async with site(kind) as here:
        token, grant = await here.hub.create_channel("ann/é +#", "news")
        other, other_grant = await here.hub.create_channel("bob", "news")
        async with here.client(token, grant):
            pass
        refused = {
            "anonymous": here.client("", grant, username=None, password=None),
            "no password": here.client("", grant),
            "a wrong password": here.client("wrong", grant),
            "somebody else's token": here.client(other, grant),
            "somebody else's name": here.client(token, other_grant),
            "a name of nobody": here.client(token, replace(grant, grant_id="0" * 16)),
            "a changed token": here.client(token[:-4] + "AAAA", grant),
            "another key's token": here.client(TokenKeys.fresh().sign(grant)[0], grant),
            "the bridge's name": here.client(token, grant, username="pushlab-hub"),
        }
        for what, client in refused.items():
            with pytest.raises(aiomqtt.MqttError, match=r"(?i)authori[sz]ed|bad user"):
                async with client:
                    pytest.fail(f"{what} got in")


# ---- who may read and write what ------------------------------------------------------------


async def test_the_embedded_broker_says_what_a_subscriber_may_not_read():
    async with site("embedded") as here:
        token, grant = await here.hub.create_channel("ann", "a/b +#é")
        await here.hub.create_channel("bob", "bob")
        session = names.new_session(resumes=False)
        async with here.client(token, grant, session) as client:
            for topic in (
                "pushlab/a%2Fb%20%2B%23%C3%A9",
                names.INBOX + session,
                names.BRIDGE_TOPIC,
            ):
                assert await granted(client, topic), topic
            for topic in (
                "#",
                "+",
                "+/+",
                "pushlab/#",
                "pushlab/+",
                "pushlab/bob",
                "+/bob",
                "pushlab/a%2Fb%20%2B%23%C3%A9/#",
                "pushlab-inbox/#",
                "pushlab-inbox/+",
                "+/" + session,
                "pushlab-inbox/" + session + "/#",
                "pushlab-outbox/" + session,
                "pushlab-outbox/+",
                "pushlab-outbox/#",
                names.COUNTS_TOPIC,
                "$SYS/#",
                "$SYS/broker/messages/received",
                "$CONTROL/#",
                "$CONTROL/dynamic-security/v1/response",
                "$share/group/pushlab/bob",
            ):
                assert not await granted(client, topic), topic


FOREIGN = (
    *("#", "+", "+/+", "pushlab/#", "pushlab/+", "pushlab/bob", "+/bob", "$share/g/pushlab/bob"),
    *("pushlab-inbox/#", "pushlab-inbox/+", "pushlab-outbox/#", names.COUNTS_TOPIC, "$SYS/#"),
    names.LOGIN_TOPIC,
    names.GRANTS_TOPIC,
)


@both
async def test_a_subscriber_hears_its_own_and_nothing_else_whatever_it_asks_for(kind):
    """Mosquitto grants any filter and lets nothing through that is not allowed."""
    async with site(kind) as here:
        token, grant = await here.hub.create_channel("ann", "ann")
        other, other_grant = await here.hub.create_channel("bob", "bob")
        session = names.new_session(resumes=False)
        async with (
            here.client(token, grant) as spy,
            here.client(other, other_grant, session) as client,
        ):
            await client.subscribe(
                [(t, 1) for t in (names.live_topic("bob"), names.INBOX + session)]
            )
            for topic in (*FOREIGN, names.INBOX + session, names.OUTBOX + session):
                await spy.subscribe(topic, 1)
            question = {"ask": "first", "token": other, "after": None, "qos": 1}
            await client.publish(names.OUTBOX + session, json.dumps(question), 1)
            assert len(await take(client, 2)) == 2  # where it begins, and that this is all
            here.hub.publish("bob", "for bob alone")
            assert len(await take(client, 1)) == 1
            late, late_grant = await here.hub.create_channel("eve", "ann")
            async with here.client(late, late_grant):
                here.hub.publish("ann", "for ann")
            await spy.subscribe(names.live_topic("ann"), 1)
            here.hub.publish("ann", "for ann")
            heard = await take(spy, 1)
            assert {topic for topic, _ in heard} == {names.live_topic("ann")}


@both
async def test_a_subscriber_may_write_to_its_outbox_and_nowhere_else(kind):
    async with site(kind) as here:
        token, grant = await here.hub.create_channel("ann", "news")
        spy, spy_grant = await here.hub.create_channel("bob", "news")
        session = names.new_session(resumes=False)
        async with here.client(spy, spy_grant, session) as reader:
            await reader.subscribe([(t, 1) for t in (names.live_topic("news"), names.BRIDGE_TOPIC)])
            await reader.subscribe(names.INBOX + session, 1)
            async with here.client(token, grant) as writer:
                for topic in ("pushlab/news", names.INBOX + session, names.BRIDGE_TOPIC):
                    with contextlib.suppress(aiomqtt.MqttError):
                        await writer.publish(topic, "forged", 1, timeout=1)
            async with here.client(token, grant) as writer:
                await writer.publish("$CONTROL/dynamic-security/v1", "{}", 0)
            here.hub.publish("news", "true")
            epoch = here.hub.channel("news").epoch
            assert await take(reader, 1) == [("pushlab/news", f"{epoch}-1 true")]


@both
async def test_a_plain_client_reads_its_channel(kind):
    async with site(kind) as here:
        token, grant = await here.hub.create_channel("ann", "news")
        async with here.client(token, grant) as client:
            await client.subscribe(names.live_topic("news"), 1)
            for number in range(300):
                here.hub.publish("news", f"{number} " + "é" * 10_000)
            epoch = here.hub.channel("news").epoch
            taken = await take(client, 300)
        assert taken == [
            ("pushlab/news", f"{epoch}-{n + 1} {n} " + "é" * 10_000) for n in range(300)
        ]


@needs_mosquitto
async def test_each_of_many_tokens_logs_in_at_once():
    """No token waits for the broker, and none is given out that it does not know."""
    async with site("mosquitto") as here:
        access = here.broker.access

        async def let_in(n: int) -> bytes:
            token, grant = await here.hub.create_channel(f"ann {n}", f"channel {n}", wanted=True)
            reader, writer = await asyncio.open_connection(access.host, access.port)
            username = names.username_of(grant.client_id, grant.grant_id)
            writer.write(mqtt311.connect("", keep_alive_s=60, username=username, password=token))
            try:
                return await reader.read(100)
            finally:
                writer.close()

        for n in range(100):  # one behind the other
            assert await let_in(n) == b"\x20\x02\0\0"
        many = await asyncio.gather(*(let_in(n) for n in range(100, 500)))
        assert many == [b"\x20\x02\0\0"] * 400


# ---- the end of a token ---------------------------------------------------------------------


@both
async def test_expiry_cuts_off_and_keeps_out(kind):
    async with site(kind) as here:
        token, grant = await here.admit("ann", "news", life_s=1.5)
        lasting, lasting_grant = await here.admit("bob", "news")
        async with here.client(lasting, lasting_grant) as other:
            await other.subscribe(names.live_topic("news"), 1)

            async def stay() -> None:
                """As a client that has never heard of goodbyes."""
                async with here.client(token, grant) as client:
                    await client.subscribe(names.live_topic("news"), 1)
                    await take(client, 1)

            with pytest.raises(aiomqtt.MqttError):
                await stay()
            assert time.time() >= grant.expires_at
            with pytest.raises(aiomqtt.MqttError, match=r"(?i)authori[sz]ed"):
                async with here.client(token, grant):
                    pytest.fail("an expired token got in")
            here.hub.publish("news", "for bob")
            assert len(await take(other, 1)) == 1


@both
async def test_what_is_revoked_is_cut_off_and_kept_out_and_a_new_key_lets_in(kind):
    async with site(kind) as here:

        async def admit() -> tuple[str, Grant]:
            return await here.hub.create_channel("ann", "news", wanted=True)

        async def stays(token: str, grant: Grant, on: asyncio.Event) -> None:
            """As a client that has never heard of goodbyes."""
            async with here.client(token, grant) as client:
                await client.subscribe(names.live_topic("news"), 1)
                on.set()
                await take(client, 1)

        async def ends(admitted: tuple[str, Grant], end: Callable[[], object]) -> None:
            on = asyncio.Event()
            staying = asyncio.ensure_future(stays(*admitted, on))
            async with asyncio.timeout(PATIENCE_S):
                await on.wait()
                end()
                with pytest.raises(aiomqtt.MqttError):
                    await staying
            with pytest.raises(aiomqtt.MqttError, match=r"(?i)authori[sz]ed|bad user"):
                async with here.client(*admitted):
                    pytest.fail("what is revoked got in")

        one, of_the_old_key = await admit(), await admit()
        await ends(one, lambda: here.hub.grants.revoke(one[0]))
        fresh = TokenKeys.fresh().export()
        here.keys.replace({**fresh, **here.keys.export()})
        here.hub.grants.keys_changed()
        of_the_new_key = await admit()
        async with here.client(*of_the_new_key) as client:
            await client.subscribe(names.live_topic("news"), 1)

            def drop() -> None:
                here.keys.replace(fresh)
                here.hub.grants.keys_changed()

            await ends(of_the_old_key, drop)
            here.hub.publish("news", "for who has a new one")
            assert len(await take(client, 1)) == 1


@both
async def test_one_grants_end_is_not_anothers(kind):
    async with site(kind) as here:
        first, first_grant = await here.admit("ann", "ann", life_s=1.0)
        second, second_grant = await here.admit("ann", "ann")
        async with here.client(second, second_grant) as client:
            await client.subscribe(names.live_topic("ann"), 1)
            with pytest.raises(aiomqtt.MqttError):
                async with here.client(first, first_grant) as brief:
                    await take(brief, 1)
            here.hub.publish("ann", "still here")
            assert len(await take(client, 1)) == 1


@needs_mosquitto
async def test_log_ins_that_an_earlier_hub_left_end_too():
    keys = TokenKeys.fresh()
    async with await start_broker("mosquitto") as broker:
        async with bridged(broker, keys) as hub:
            here = Site(keys, broker, hub)
            token, grant = await here.admit("ann", "news", life_s=1.0)
            lasting, lasting_grant = await here.admit("bob", "news")
        async with bridged(broker, keys) as hub:
            here = Site(keys, broker, hub)
            with pytest.raises(aiomqtt.MqttError):
                async with here.client(token, grant) as client:
                    await take(client, 1)
            # ann's role went with nobody's: bob has it still, and Mosquitto lives.
            async with here.client(lasting, lasting_grant) as client:
                assert await granted(client, names.live_topic("news"))
            more = [await here.admit("eve", "news", life_s=0.2) for _ in range(5)]
            async with here.client(lasting, lasting_grant) as client:
                await until(lambda: time.time() > more[-1][1].expires_at + 0.2, "it expires")
                assert await granted(client, names.live_topic("news"))
        assert broker.running
