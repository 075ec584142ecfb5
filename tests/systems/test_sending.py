import asyncio

import pytest

from pushlab.errors import ConnectionFailed, Refused
from pushlab.systems.publishing import HttpPublishing, MqttPublishing
from pushlab.systems.sending import sender_of
from tests.mqtt_broker import serving
from tests.patience import until
from tests.publish_server import serving as serving_http


async def test_a_message_is_sent_when_the_broker_has_taken_it_and_again_after_a_loss():
    async with serving() as (broker, _, url):
        sender = sender_of(MqttPublishing(url=url, topic="rooms/{channel}", body="<{message}>"))
        await asyncio.gather(sender.send("a", b"one"), sender.send("b", b"two"))
        broker.hang_up()
        await until(lambda: not sender._connection.open)
        await sender.send("a", b"three")
        sender.close()
    assert len(broker.logins) == 2
    told = [(b"rooms/a", b"<one>"), (b"rooms/b", b"<two>"), (b"rooms/a", b"<three>")]
    assert broker.taken == told


async def test_a_broker_that_hangs_up_before_it_answers_has_not_taken_it():
    async with serving() as (broker, _, url):
        broker.answers = False
        sender = sender_of(MqttPublishing(url=url))
        sending = asyncio.ensure_future(sender.send("a", b"one"))
        await until(lambda: broker.taken)
        broker.hang_up()
        with pytest.raises(ConnectionFailed, match="hung up before it took a message"):
            await sending


async def test_a_broker_that_lets_nobody_in_says_why():
    async with serving() as (broker, _, url):
        broker.code = 4
        with pytest.raises(Refused, match="bad user name or password") as told:
            await sender_of(MqttPublishing(url=url)).send("a", b"one")
    assert (told.value.status, told.value.reason) == (401, "mqtt-4")


async def test_by_http_an_answer_of_2xx_has_taken_it():
    async with serving_http() as server:
        headers = {"Authorization": "Bearer key"}
        publishing = HttpPublishing(url=server.url, path="/rooms/{channel}", headers=headers)
        sender = sender_of(publishing)
        await sender.send("a", b"one")
        sender.close()
        assert (server.paths, server.bodies) == (["/rooms/a"], [b"one"])
