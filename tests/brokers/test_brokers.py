"""Both brokers: who gets in, who may read what, who is cut off when, and what is left behind."""

import asyncio
import contextlib
import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import aiomqtt
import psutil
import pytest

from pushlab.brokers import mosquitto
from pushlab.brokers.start import Broker, Listen, start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.events import Closed, Connected, Message
from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import BrokerUnavailable, UsageError
from pushlab.hub.core import Hub
from pushlab.lab.host.certificates import fresh_certificate
from pushlab.transports import _mqtt311 as mqtt311
from pushlab.transports import _mqtt_names as names
from pushlab.transports.mqtt import Mqtt
from tests.brokers.foreign import foreign_broker, plug_in, rules
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
both = pytest.mark.parametrize(
    "kind", ["embedded", pytest.param("mosquitto", marks=needs_mosquitto)]
)


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
        for hook in self.hub._grant_hooks:
            await hook(token, grant, True)
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


async def until(holds, what):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


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


# ---- counting -------------------------------------------------------------------------------


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


@both
async def test_counts_agree_with_what_was_sent(kind):
    async with site(kind) as here:
        stop = asyncio.Event()
        readers = [Reader(here, *await here.admit(f"r{n}", "room")) for n in range(5)]
        running = [asyncio.ensure_future(reader.run(stop)) for reader in readers]

        def have(kind_of_event, n):
            return all(sum(isinstance(e, kind_of_event) for e in r.events) >= n for r in readers)

        await until(lambda: have(Connected, 1), "connected")
        assert here.hub.presence.present("room") == [f"r{n}" for n in range(5)]
        for number in range(40):
            here.hub.publish("room", str(number))
        await until(lambda: have(Message, 40), "messages")
        stop.set()
        await asyncio.gather(*running)
        await until(lambda: not here.hub.presence.present("room"), "gone")
        sent: dict[Hit, int] = {}
        for reader in readers:
            for hit, n in reader.half.hits.items():
                sent[hit] = sent.get(hit, 0) + n
        assert sent == {Hit.CONNECT: 15, Hit.ACK: 5 * 42, Hit.LEAVE: 10}
        await until(lambda: here.hub.hits["mqtt"] == sent, f"counts: {here.hub.hits}")


# ---- starting and stopping ------------------------------------------------------------------


@both
async def test_it_stops_and_leaves_nothing_behind(kind):
    broker = await start_broker(kind)
    assert broker.kind == broker.access.kind == kind
    assert broker.version[0].isdecimal()
    pid, folder = broker.pid, broker._folder
    assert pid is not None
    assert psutil.pid_exists(pid)
    assert broker.access.password not in repr(broker) + repr(broker.access)
    await broker.stop()
    await broker.stop()
    assert not broker.running
    assert not psutil.pid_exists(pid)
    assert folder is None or not folder.exists()


@both
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) is Linux's")
def test_it_does_not_outlive_its_parent(kind):
    program = (
        "import asyncio, sys, time\n"
        "from pushlab.contract.tokens import TokenKeys\n"
        "from pushlab.brokers.start import start_broker\n"
        f"broker = asyncio.run(start_broker({kind!r}))\n"
        "print(broker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    child.wait(PATIENCE_S)


@needs_mosquitto
async def test_files_of_a_parent_that_was_killed_are_removed():
    gone = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await gone.wait()
    async with await start_broker("mosquitto") as broker:
        assert broker._folder is not None
        folder = broker._folder.with_name(f"pushlab-mosquitto-{gone.pid}-left")
        folder.mkdir()
        (folder / "rules.json").write_text("{}")
        async with await start_broker("mosquitto"):
            assert not folder.exists()
            assert broker._folder.exists()


@both
async def test_ctrl_c_is_for_the_parent(kind):
    async with await start_broker(kind) as broker:
        assert broker.pid is not None
        assert os.getpgid(broker.pid) != os.getpgid(0)


@both
async def test_several_at_once(kind):
    brokers = await asyncio.gather(*[start_broker(kind) for _ in range(4)])
    assert len({broker.access.port for broker in brokers}) == 4
    for broker in brokers:
        await broker.stop()


async def test_auto_takes_what_there_is(monkeypatch):
    async with await start_broker("auto") as broker:
        assert broker.kind == ("embedded" if MISSING else "mosquitto")

    def missing():
        raise BrokerUnavailable("no Mosquitto here")

    monkeypatch.setattr(mosquitto, "find_mosquitto", missing)
    async with await start_broker("auto") as broker:
        assert broker.kind == "embedded"


async def test_a_missing_mosquitto_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mosquitto, "_PROGRAM_FOLDERS", ())
    with pytest.raises(BrokerUnavailable, match=r"apt install mosquitto.*--broker embedded"):
        await start_broker("mosquitto")


async def test_an_old_mosquitto_is_refused(monkeypatch, tmp_path):
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho mosquitto version 1.6.9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BrokerUnavailable, match=r"2\.0 or later, not mosquitto version 1\.6\.9"):
        await start_broker("mosquitto")


async def test_a_mosquitto_that_does_not_start_says_why(monkeypatch, tmp_path):
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho the disk is on fire >&2\nexit 3\n")
    program.chmod(0o755)
    found = mosquitto.Mosquitto(str(program), "2.0.0")
    monkeypatch.setattr(mosquitto, "find_mosquitto", lambda: found)
    with pytest.raises(BrokerUnavailable, match="the disk is on fire"):
        await start_broker("mosquitto")


@pytest.mark.parametrize("choice", ["rabbit", "", "mqtt://", "mqtt://host", "mqtt://u:p@h:99999"])
async def test_bad_choices(choice):
    with pytest.raises(UsageError, match=r"broker|mqtt://user@host:port"):
        await start_broker(choice)


async def test_a_broker_that_is_down(unused_port):
    url = f"mqtt://me:sesame@127.0.0.1:{unused_port}"
    with pytest.raises(BrokerUnavailable, match=f"127.0.0.1:{unused_port}") as caught:
        await start_broker(url)
    assert "sesame" not in str(caught.value)


async def test_what_listens_there_is_no_broker():
    async def answer(reader, writer):
        await reader.read(1_000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BrokerUnavailable, match=r"no MQTT 3\.1\.1 broker"):
            await start_broker(f"mqtt://me:sesame@127.0.0.1:{port}")


# ---- a broker that somebody else runs -------------------------------------------------------


def url_of(access: BrokerAccess, password: str | None = None) -> str:
    return f"mqtt://{access.username}:{password or access.password}@{access.host}:{access.port}"


@needs_plug_in
async def test_a_remote_broker():
    keys = TokenKeys.fresh()
    async with foreign_broker() as theirs:
        broker = await start_broker(url_of(theirs))
        assert (broker.kind, broker.pid) == ("remote", None)
        async with bridged(broker, keys) as hub:
            here = Site(keys, broker, hub)
            token, grant = await hub.create_channel("ann", "news")
            async with here.client(token, grant) as client:
                await client.subscribe(names.live_topic("news"), 1)
                hub.publish("news", "hello")
                assert len(await take(client, 1)) == 1
                assert not await granted(client, "#")
        await broker.stop()
        with pytest.raises(BrokerUnavailable, match="refuses the log-in"):
            await start_broker(url_of(theirs, "wrong"))


@needs_plug_in
async def test_a_remote_broker_must_keep_its_doors_closed():
    async with foreign_broker() as access:
        async with aiomqtt.Client(
            access.host, access.port, username=access.username, password=access.password
        ) as admin:
            await admin.subscribe("$CONTROL/dynamic-security/v1/response", 1)
            opening = {
                "commands": [
                    {
                        "command": "setDefaultACLAccess",
                        "acls": [{"acltype": "subscribe", "allow": True}],
                    }
                ]
            }
            await admin.publish("$CONTROL/dynamic-security/v1", json.dumps(opening), 1)
            await take(admin, 1)
        with pytest.raises(BrokerUnavailable, match="allows subscribe to every client"):
            await start_broker(url_of(access))


@needs_plug_in
async def test_a_remote_broker_must_let_the_bridge_publish():
    """It would acknowledge every message, and drop it: `mosquitto_ctrl dynsec init` makes such."""

    def silent(username, password):
        made = rules(username, password)
        acls = made["roles"][0]["acls"]
        acls.remove({"acltype": "publishClientSend", "topic": "#", "allow": True})
        return made

    async with foreign_broker(state=silent) as theirs:
        right = "allow it .*addRoleACL ROLE publishClientSend '#' allow"
        with pytest.raises(BrokerUnavailable, match=f"publish to clients.*{right}") as caught:
            await start_broker(url_of(theirs))
        assert "\n" not in str(caught.value)
        assert theirs.password not in str(caught.value)


async def test_a_remote_broker_must_have_the_plug_in():
    async with await start_broker("embedded") as theirs:
        with pytest.raises(BrokerUnavailable, match="dynamic-security plug-in"):
            await start_broker(url_of(theirs.access))


# ---- servers/mosquitto/start.sh -------------------------------------------------------------

START = Path(__file__).parents[2] / "servers" / "mosquitto" / "start.sh"


@contextlib.asynccontextmanager
async def by_hand(port: int | str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """start.sh as a terminal runs it: in a process group of its own, which Ctrl-C reaches."""
    shell = await asyncio.create_subprocess_exec(
        *("sh", str(START), str(port)),
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield shell
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        await shell.communicate()


def group_of(pid: int) -> list[psutil.Process]:
    """The processes of a group that still run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def command_lines(pid: int) -> str:
    """Those of a group's processes."""
    return " ".join(word for process in group_of(pid) for word in process.cmdline())


@needs_mosquitto
@pytest.mark.parametrize("end", ["Ctrl-C", "TERM to the shell alone"])
async def test_the_broker_started_by_hand_carries_messages_and_leaves_nothing(
    end, unused_port, tmp_path, monkeypatch
):
    async with by_hand(unused_port, tmp_path) as shell, asyncio.timeout(PATIENCE_S):
        assert shell.stdout is not None
        command = (await shell.stdout.readline()).decode().split()
        variable, secret = command.pop(0).split("=")
        assert command[:3] == ["pushlab", "serve", "--broker"]
        assert secret not in command_lines(shell.pid)
        monkeypatch.setenv(variable, secret)
        keys = TokenKeys.fresh()
        broker = await start_broker(command[3])
        async with bridged(broker, keys) as hub:
            here = Site(keys, broker, hub)
            stop = asyncio.Event()
            reader = Reader(here, *await here.hub.create_channel("ann", "news"))
            reading = asyncio.ensure_future(reader.run(stop))

            def arrived(kind):
                return [event for event in reader.events if isinstance(event, kind)]

            await until(lambda: arrived(Connected), "connected")
            for number in range(20):
                hub.publish("news", str(number))
            await until(lambda: len(arrived(Message)) == 20, "messages")
            assert [message.data for message in arrived(Message)] == [str(n) for n in range(20)]
            stop.set()
            await reading
        assert len(group_of(shell.pid)) == 2  # the shell and Mosquitto
        assert list(tmp_path.iterdir())
        if end == "Ctrl-C":
            os.killpg(shell.pid, signal.SIGINT)
        else:
            shell.send_signal(signal.SIGTERM)
        assert await shell.wait() == {"Ctrl-C": 130}.get(end, 143)
        assert group_of(shell.pid) == []
        assert list(tmp_path.iterdir()) == []


@needs_mosquitto
async def test_a_port_in_use_is_said_before_any_password(tmp_path):
    async with (
        await start_broker("mosquitto") as other,
        by_hand(other.access.port, tmp_path) as shell,
        asyncio.timeout(PATIENCE_S),
    ):
        output, errors = await shell.communicate()
    assert (shell.returncode, output) == (1, b"")
    assert f"did not start on 127.0.0.1:{other.access.port}" in errors.decode()
    assert group_of(shell.pid) == []
    assert list(tmp_path.iterdir()) == []


async def test_a_port_that_is_none_is_refused(tmp_path):
    async with by_hand("18x", tmp_path) as shell, asyncio.timeout(PATIENCE_S):
        output, errors = await shell.communicate()
    assert (shell.returncode, output) == (2, b"")
    assert errors == b"usage: start.sh [PORT], not '18x'\n"
    assert list(tmp_path.iterdir()) == []


# ---- losses ---------------------------------------------------------------------------------


class Relay:
    """A TCP relay in front of a broker, that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            self._writers.add(sink)
            with contextlib.suppress(OSError):
                while data := await source.read(65_536):
                    sink.write(data)
                    await sink.drain()
            self._writers.discard(sink)
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


@both
async def test_the_bridge_comes_back_and_forwards_what_it_missed(kind):
    keys = TokenKeys.fresh()
    async with await start_broker(kind) as broker:
        relay = Relay(broker.access.host, broker.access.port)
        await relay.open()
        behind = Broker(replace(broker.access, port=relay.port))
        async with bridged(behind, keys) as hub:
            here = Site(keys, broker, hub)
            token, grant = await here.admit("ann", "news")
            async with here.client(token, grant) as client:
                await client.subscribe([(names.live_topic("news"), 1), (names.BRIDGE_TOPIC, 1)])
                hub.publish("news", "1")
                assert len(await take(client, 1)) == 1
                await relay.cut()
                # ... whose Will says so:
                assert await take(client, 1) == [(names.BRIDGE_TOPIC, "bye server-restart 503")]
                hub.publish("news", "2")
                late, late_grant = await hub.create_channel("bob", "news")
                await relay.open()
                epoch = hub.channel("news").epoch
                back = await take(client, 2)
                if back[1][1] == f"{epoch}-1 1":  # cut before its PUBACK: at least once
                    back[1:] = await take(client, 1)
                assert back == [
                    (names.BRIDGE_TOPIC, "bye server-restart 503"),
                    ("pushlab/news", f"{epoch}-2 2"),
                ]
            async with here.client(late, late_grant) as client:  # granted while nobody could tell
                assert await granted(client, names.live_topic("news"))
        await relay.cut()


@both
async def test_a_broker_that_dies_is_started_again_where_it_was(kind, caplog):
    async with site(kind) as here:
        token, grant = await here.admit("ann", "news")
        keeping = asyncio.ensure_future(here.broker.keep_running())
        for number in (1, 2):
            before = here.broker.pid
            os.kill(before, signal.SIGKILL)
            await until(
                lambda before=before: here.broker.running and here.broker.pid != before,
                "it runs again",
            )
            late, late_grant = await here.admit(f"bob-{number}", "news")
            for one, whose in ((token, grant), (late, late_grant)):
                await reads_news(here, one, whose, f"message {number}")
        keeping.cancel()
    assert "the MQTT broker ended (exit status -9)" in caplog.text
    assert token not in caplog.text


async def reads_news(here: Site, token: str, grant: Grant, text: str) -> None:
    """Wait until a client is let in and hears what is published."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            # Broker and bridge are on their way.
            with contextlib.suppress(aiomqtt.MqttError):
                async with here.client(token, grant) as client:
                    if await granted(client, names.live_topic("news")):
                        here.hub.publish("news", text)
                        while not (await take(client, 1))[0][1].endswith(text):
                            pass
                        return
            await asyncio.sleep(0.05)


@both
async def test_no_bridge_without_a_broker(kind, unused_port):
    access = BrokerAccess(kind, "127.0.0.1", unused_port, "pushlab-hub", "sesame")
    hub = Hub(keys=TokenKeys.fresh(), broker=access)
    bridge = Mqtt().background(hub)
    assert bridge is not None
    with pytest.raises(BrokerUnavailable, match=f"127.0.0.1:{unused_port}"):
        async with bridge:
            pytest.fail("it bridges to nothing")
    assert Mqtt().background(Hub(keys=TokenKeys.fresh())) is None


@both
async def test_a_clean_goodbye_is_final_for_the_hub(kind):
    async with site(kind) as here:
        stop = asyncio.Event()
        reader = Reader(here, *await here.admit("ann", "ann"))
        running = asyncio.ensure_future(reader.run(stop))
        await until(lambda: here.hub.presence.present("ann") == ["ann"], "present")
        stop.set()
        await running
        assert reader.events[-1] == Closed("closed", 0)
        await until(lambda: here.hub.presence.present("ann") == [], "absent")


# ---- encryption ------------------------------------------------------------------------------


@needs_plug_in
async def test_a_remote_broker_over_tls(tmp_path, monkeypatch):
    with fresh_certificate() as certificate:
        async with foreign_broker(certificate=certificate) as access:
            where = f"{access.username}:{access.password}@{access.host}:{access.port}"
            with pytest.raises(BrokerUnavailable, match="certificate") as caught:
                await start_broker(f"mqtts://{where}")
            assert access.password not in str(caught.value)
            with pytest.raises(BrokerUnavailable):
                await start_broker(f"mqtt://{where}")
            trusted = tmp_path / "authority.pem"
            trusted.write_text(certificate.authority)
            monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
            async with await start_broker(f"mqtts://{where}") as remote:
                assert (remote.kind, remote.access.tls) == ("remote", True)


# ---- a broker that dies ------------------------------------------------------------------------


@both
async def test_who_was_revoked_while_the_broker_was_down_is_kept_out_of_the_next(kind):
    async with site(kind) as here:
        token, grant = await here.admit("ann", "news")
        lasting, lasting_grant = await here.admit("bob", "news")
        before = here.broker.pid
        os.kill(before, signal.SIGKILL)
        await until(lambda: not here.broker.running, "it died")
        here.hub.grants.revoke(token)
        keeping = asyncio.ensure_future(here.broker.keep_running())
        await reads_news(here, lasting, lasting_grant, "for bob")
        with pytest.raises(aiomqtt.MqttError):
            async with asyncio.timeout(PATIENCE_S), here.client(token, grant) as gone:
                await anext(aiter(gone.messages))  # at the latest, it is cut off now
        keeping.cancel()


async def test_a_password_need_not_stand_in_a_command_line(monkeypatch, unused_port):
    url = f"mqtt://me@127.0.0.1:{unused_port}"
    with pytest.raises(UsageError, match="PUSHLAB_BROKER_PASSWORD"):
        await start_broker(url)
    monkeypatch.setenv("PUSHLAB_BROKER_PASSWORD", "se:sa@me")
    with pytest.raises(BrokerUnavailable, match=f"127.0.0.1:{unused_port}") as caught:
        await start_broker(url)
    assert "se:sa@me" not in str(caught.value)


@both
async def test_it_listens_where_it_is_told(kind, unused_port):
    listen = Listen("0.0.0.0", unused_port)
    async with await start_broker(kind, listen=listen) as broker:
        access = broker.access
        assert (access.host, access.port, access.everywhere) == ("127.0.0.1", unused_port, True)
        with pytest.raises(BrokerUnavailable, match=r"(?i)in use"):
            await start_broker(kind, listen=listen)


@needs_mosquitto
async def test_log_ins_outlive_a_hub_and_its_broker_where_the_keys_do(unused_port, tmp_path):
    kept_key, old_key = {"k2": secrets.token_bytes(32)}, {"k1": secrets.token_bytes(32)}
    listen = Listen(port=unused_port, kept=tmp_path / "hub.mosquitto")
    async with await start_broker("mosquitto", listen=listen) as broker:
        async with bridged(broker, TokenKeys({**kept_key, **old_key})) as hub:
            token, grant = await hub.create_channel("ann", "news", wanted=True)
        async with bridged(broker, TokenKeys({**old_key, **kept_key})) as hub:
            old, old_grant = await hub.create_channel("bob", "news", wanted=True)
        other = await start_broker("mosquitto", listen=replace(listen, port=0))
        assert other._folder != broker._folder  # what one has, another one does not take
        await other.stop()
    keys = TokenKeys(kept_key)
    async with (
        await start_broker("mosquitto", listen=listen) as broker,
        bridged(broker, keys) as hub,
    ):
        here = Site(keys, broker, hub)
        await reads_news(here, token, grant, "without asking the hub for anything")
        with pytest.raises(aiomqtt.MqttError):  # its key is held no more
            async with asyncio.timeout(PATIENCE_S), here.client(old, old_grant) as client:
                await anext(aiter(client.messages))
    assert (tmp_path / "hub.mosquitto").stat().st_mode & 0o777 == 0o700


@both
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prlimit(2) is Linux's")
async def test_it_may_have_as_many_readers_as_the_machine_has_descriptors(kind):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        async with await start_broker(kind) as broker:
            assert psutil.Process(broker.pid).rlimit(psutil.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("passwords", "rules"),
    [
        (b"\xff\xfe", b""),
        (b"bridge:x\nann/1:x\n", b"# until soon k1\nuser ann/1\ntopic read a\n"),
        (b"bridge:x\n", b"# until 9999999999 k1\nuser ann/1\ntopic read a\n"),
        (b"bridge:x\nann/1:x\n", b"# until junk\nuser ann/1\ntopic readwrite #\nmore\n"),
    ],
    ids=range(4),
)
def test_kept_log_ins_that_are_spoilt_are_none(tmp_path, passwords, rules):
    tmp_path.joinpath("passwords").write_bytes(passwords)
    tmp_path.joinpath("rules").write_bytes(rules)
    mosquitto.write_files(
        host="127.0.0.1", port=1, username="bridge", password="secret", kept=tmp_path
    )
    assert tmp_path.joinpath("passwords").read_text().count("\n") == 1
    assert "ann" not in tmp_path.joinpath("rules").read_text()


def test_where_nothing_can_be_kept_nobody_holds_it(tmp_path):
    tmp_path.joinpath("file").touch()
    assert mosquitto.hold(tmp_path / "file") is None


@needs_mosquitto
async def test_a_fault_as_the_bridge_begins_ends_the_start(monkeypatch):
    async def spoilt(self):
        raise ValueError("spoilt")

    monkeypatch.setattr("pushlab.transports._mqtt_file_logins.FileLogins.prepare", spoilt)
    async with await start_broker("mosquitto") as broker, asyncio.timeout(10):
        with pytest.raises(ValueError, match="spoilt"):
            async with bridged(broker, TokenKeys.fresh()):
                pass
