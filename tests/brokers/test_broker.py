"""A broker is lost, dies or starts anew: who was in gets in again, and nothing is missed."""

import asyncio
import contextlib
import os
import resource
import secrets
import signal
import sys
from dataclasses import replace

import aiomqtt
import psutil
import pytest

from pushlab.brokers import mosquitto
from pushlab.brokers.start import Broker, Listen, start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.events import Closed
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import BrokerUnavailable, UsageError
from pushlab.hub.core import Hub
from pushlab.transports import _mqtt_names as names
from pushlab.transports.mqtt import Mqtt
from tests.brokers.site import (
    Reader,
    Site,
    both,
    bridged,
    granted,
    needs_mosquitto,
    site,
    take,
)
from tests.patience import PATIENCE_S, until

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
