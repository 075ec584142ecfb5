"""Sends one message after another as a system wants it published: the laboratory's own few.

The schedule's messages go out by the open loops of `pushlab.lab.load`, in a process of their own.
"""

import abc
import asyncio

from pushlab.errors import ConnectionFailed, Refused
from pushlab.systems.publishing import HttpPublishing, MqttPublishing, Publishing
from pushlab.wire.http_client import HttpConnection, connect_http
from pushlab.wire.mqtt_connection import MqttConnection, connect_mqtt
from pushlab.wire.tls import client_context

__all__ = ["Sender", "sender_of"]


class Sender(abc.ABC):
    """Sends messages, and knows for each of them that the server took it."""

    @abc.abstractmethod
    async def send(self, channel: str, message: bytes) -> None:
        """Send a message. Raises Refused, ConnectionFailed: the server did not take it."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connections."""


def sender_of(publishing: Publishing) -> Sender:
    """What sends as this says."""
    if isinstance(publishing, MqttPublishing):
        return _MqttSender(publishing)
    return _HttpSender(publishing)


class _HttpSender(Sender):
    """A request for each message, on connections that are kept."""

    def __init__(self, publishing: HttpPublishing) -> None:
        self._publishing = publishing
        self._idle: list[HttpConnection] = []
        encrypted = publishing.url.startswith("https:")
        self._tls = client_context(publishing.authority) if encrypted else None

    async def send(self, channel: str, message: bytes) -> None:
        publishing = self._publishing
        head, tail = publishing.request(channel, len(message))
        while self._idle and not self._idle[-1].open:
            self._idle.pop()
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = await connect_http(publishing.url, tls=self._tls)
        try:
            answer = await connection.exchange(head + message + tail)
        except BaseException:
            connection.close()
            raise
        if connection.open:
            self._idle.append(connection)
        if not 200 <= answer.status < 300:
            said = " ".join(answer.body[:200].decode(errors="replace").split())
            told = f"publishing by {publishing.method} {publishing.path} was answered"
            told = f"{told} {answer.status}" + (f": {said}" if said else "")
            raise Refused(answer.status, f"http-{answer.status}", told)

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()


class _MqttSender(Sender):
    """A PUBLISH for each message, on one connection."""

    def __init__(self, publishing: MqttPublishing) -> None:
        self._publishing = publishing
        self._connection: MqttConnection | None = None
        self._dialing = asyncio.Lock()

    async def send(self, channel: str, message: bytes) -> None:
        async with self._dialing:
            if self._connection is None or not self._connection.open:
                self._connection = await connect_mqtt(self._publishing.url, self._publishing.login)
        took: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        head, tail = self._publishing.around(channel)
        self._connection.publish(
            self._publishing.topic_of(channel),
            head + message + tail,
            lambda answer: None if took.done() else took.set_result(answer),
        )
        if not await took:
            raise ConnectionFailed("the broker hung up before it took a message")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
