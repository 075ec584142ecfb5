"""What a broker sent the bridge and it has not read yet: little of each session.

A broker may read a client as fast as that writes, and the bridge has each message acknowledged
before it looks at it. So a session that asks without end has its questions dropped here but for a
few: its client would ask again, and the others' wait behind few of them.
"""

import asyncio
from collections import Counter

import aiomqtt

from pushlab.transports import _mqtt_names as names

__all__ = ["InboundQueue"]

_MOST_OF_SESSION = 16  # a client has one question under way


class InboundQueue(asyncio.Queue[aiomqtt.Message]):
    """Messages in the order in which they came."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)  # a hook of asyncio's for subclasses, as is `_get`
        self._waiting: Counter[str] = Counter()

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Keep a message, unless it is one more of a session that has enough."""
        topic = str(item.topic)
        if topic.startswith(names.OUTBOX):
            if self._waiting[topic] >= _MOST_OF_SESSION:
                return
            self._waiting[topic] += 1
        super().put_nowait(item)

    def _get(self) -> aiomqtt.Message:
        item: aiomqtt.Message = super()._get()
        topic = str(item.topic)
        if topic in self._waiting:
            self._waiting[topic] -= 1
            if not self._waiting[topic]:
                del self._waiting[topic]
        return item
