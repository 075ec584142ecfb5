"""Both brokers start, stop and leave nothing behind; one that others run is tried first."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import traceback

import aiomqtt
import psutil
import pytest

from pushlab.brokers import mosquitto
from pushlab.brokers.start import start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BrokerUnavailable, UsageError
from pushlab.systems.certificates import fresh_certificate
from pushlab.transports import _mqtt_names as names
from tests.brokers.foreign import foreign_broker, rules
from tests.brokers.site import (
    MISSING,
    Site,
    both,
    bridged,
    granted,
    needs_mosquitto,
    needs_plug_in,
    take,
)
from tests.patience import PATIENCE_S

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


@pytest.mark.parametrize("choice", ["me:sesame@host", "mqtt://me:ses/ame@host"])
async def test_a_bad_choice_is_told_without_its_password(choice):
    with pytest.raises(UsageError) as caught:
        await start_broker(choice)
    assert "ses" not in "".join(traceback.format_exception(caught.value))


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
