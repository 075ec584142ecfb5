"""A log-in to an MQTT broker, to learn whether it answers and how its access rules stand."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from pushlab.contract.broker_access import BrokerAccess
from pushlab.errors import BrokerUnavailable
from pushlab.transports import _mqtt_names as names
from pushlab.wire import mqtt311
from pushlab.wire.tls import client_context

__all__ = ["NotYet", "check_rules", "log_in"]

_ANSWER_S = 5.0


class NotYet(Exception):
    """Nothing listens there yet, or it hung up."""


class _Connection:
    """One connection, read packet by packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._parser = mqtt311.Parser()
        self._packets: list[mqtt311.Packet] = []
        self.writer = writer

    async def packet(self) -> mqtt311.Packet:
        while not self._packets:
            data = await self._reader.read(65_536)
            if not data:
                raise NotYet("it hung up")
            self._packets = self._parser.receive(data)
        return self._packets.pop(0)


@contextlib.asynccontextmanager
async def _logged_in(access: BrokerAccess) -> AsyncIterator[_Connection]:
    """A connection that is logged in; all of it within `_ANSWER_S`. As `log_in` raises."""
    where = f"{access.host}:{access.port}"
    tls = client_context(access.authority) if access.tls else None
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection(access.host, access.port, ssl=tls)
            with contextlib.closing(writer):
                broker = _Connection(reader, writer)
                writer.write(
                    mqtt311.connect(
                        f"pushlab-probe-{secrets.token_hex(4)}",
                        keep_alive_s=30,
                        username=access.username,
                        password=access.password,
                    )
                )
                answer = await broker.packet()
                if not isinstance(answer, mqtt311.Connack):
                    raise BrokerUnavailable(f"what listens on {where} is no MQTT 3.1.1 broker")
                if answer.code:
                    why = mqtt311.CONNACK_REFUSALS.get(answer.code, f"code {answer.code}")
                    raise BrokerUnavailable(f"the MQTT broker on {where} refuses the log-in: {why}")
                yield broker
                writer.write(mqtt311.DISCONNECT)
                await writer.drain()
    except mqtt311.MalformedPacket as error:
        raise BrokerUnavailable(f"what listens on {where} is no MQTT 3.1.1 broker") from error
    except TimeoutError as error:
        raise NotYet(f"no answer in {_ANSWER_S:g} s") from error
    except OSError as error:
        raise NotYet(error.strerror or str(error)) from error


async def log_in(
    access: BrokerAccess, *, limit_s: float = 0.0, alive: Callable[[], bool] = lambda: True
) -> None:
    """Log in once; with `limit_s`, try until then, as long as `alive()`.

    Raises:
        NotYet: nothing answered.
        BrokerUnavailable: something answered and refused.
    """

    until = time.monotonic() + limit_s
    while True:
        try:
            async with _logged_in(access):
                return
        except NotYet:
            if time.monotonic() >= until or not alive():
                raise
        await asyncio.sleep(0.01)


async def _ask_rules(unheard: set[bytes], broker: _Connection) -> Any:
    """What the plug-in says of its default rules; into `unheard`, topics at which nothing came."""
    command = json.dumps({"commands": [{"command": "getDefaultACLAccess"}]}).encode()
    nobody = names.new_session(resumes=False)  # nobody else listens there
    topics = [names.INBOX + nobody, names.live_topic(nobody)]
    listens = [f"{names.CONTROL}/response", *topics]
    broker.writer.write(mqtt311.subscribe(1, [(topic, 1) for topic in listens]))
    answer = await broker.packet()
    if not isinstance(answer, mqtt311.Suback) or answer.codes[:1] != b"\x01":
        return None
    for packet_id, (topic, code) in enumerate(zip(topics, answer.codes[1:], strict=True), 2):
        if code == 1:  # else the account may not read there, as it need not, and we cannot tell
            unheard.add(topic.encode())
            broker.writer.write(mqtt311.publish(topic, b"", qos=1, packet_id=packet_id))
    broker.writer.write(mqtt311.publish(names.CONTROL, command, qos=1, packet_id=9))
    while True:  # a broker keeps the order of a connection: the command's answer comes last
        packet = await broker.packet()
        if isinstance(packet, mqtt311.Publish):
            if packet.topic not in unheard:
                return json.loads(packet.payload)
            unheard.discard(packet.topic)


async def check_rules(access: BrokerAccess) -> None:
    """Check that a broker that runs already has the dynamic-security plug-in, and closed doors.

    And that the account may publish to a client. A broker acknowledges a publish that it denies,
    and drops it; so the probe listens to topics such as a client has, and publishes to them.

    Raises:
        NotYet: the broker does not answer at all.
        BrokerUnavailable: no such plug-in, no right to use it, no right to publish to a client, or
            its default lets any client subscribe or publish where it likes.
    """
    where = f"the MQTT broker on {access.host}:{access.port}"
    refusal = (
        f"{where} does not let {access.username!r} use the dynamic-security plug-in, with which"
        " pushlab makes log-ins"
    )
    unheard: set[bytes] = set()
    try:
        async with _logged_in(access) as broker:
            found = await _ask_rules(unheard, broker)
        acls = found["responses"][0]["data"]["acls"] if found else None
    except NotYet as error:
        if "no answer" in str(error):
            raise BrokerUnavailable(refusal) from error
        raise
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BrokerUnavailable(refusal) from error
    if acls is None:
        raise BrokerUnavailable(refusal)
    open_doors = [
        acl["acltype"]
        for acl in acls
        if acl["allow"] and acl["acltype"] in ("subscribe", "publishClientSend")
    ]
    if open_doors:
        raise BrokerUnavailable(
            f"{where} allows {' and '.join(sorted(open_doors))} to every client by default; deny"
            " it (mosquitto_ctrl dynsec setDefaultACLAccess ... deny)"
        )
    if unheard:
        raise BrokerUnavailable(
            f"{where} does not let {access.username!r} publish to clients, so no message would"
            " arrive; allow it (mosquitto_ctrl dynsec addRoleACL ROLE publishClientSend '#' allow,"
            f" with a role of {access.username!r})"
        )
