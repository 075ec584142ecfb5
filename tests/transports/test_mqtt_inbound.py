"""The bridge's unread messages: a few of each session, and all of a broker's own."""

import aiomqtt

from pushlab.transports import _mqtt_names as names
from pushlab.transports._mqtt_inbound import InboundQueue


def message(topic, payload=b""):
    return aiomqtt.Message(
        topic=topic, payload=payload, qos=1, retain=False, mid=1, properties=None
    )


async def test_who_asks_without_end_keeps_nobody_waiting():
    queue = InboundQueue()
    for _ in range(10_000):
        queue.put_nowait(message(names.OUTBOX + "flood"))
        if queue.qsize() == 8:
            queue.put_nowait(message(names.OUTBOX + "other", b"asks"))
    for _ in range(100):
        queue.put_nowait(message(names.LOGIN_TOPIC))
    assert queue.qsize() == 16 + 1 + 100
    heard = [str((await queue.get()).topic) for _ in range(117)]
    assert heard.index(names.OUTBOX + "other") == 8
    for _ in range(20):
        queue.put_nowait(message(names.OUTBOX + "flood"))
    assert queue.qsize() == 16
    while not queue.empty():
        queue.get_nowait()
    assert not queue._waiting
