"""The hub's process: it starts or says why not, keeps secrets, stops soon, outlives nobody."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time

import psutil
import pytest
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosed

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.serving import HubSettings
from pushlab.errors import HubFailed, PortInUse, UnknownTransport, UsageError
from pushlab.hub.child import end_child
from pushlab.hub.process import HubConfig, start_hub
from tests.live_hub import HTTP_TRANSPORTS, config, dial, live_hub, read_head
from tests.patience import PATIENCE_S


def test_a_configuration_survives_its_journey():
    broker = BrokerAccess("remote", "127.0.0.1", 1883, "bridge", "secret")
    there = HubConfig(
        port=5,
        settings=HubSettings(lease_s=1.5),
        transports={"sse": {}},
        broker=broker,
        allow_origins=("https://shop.example",),
    )
    line = there.to_json()
    assert "\n" not in line
    assert HubConfig.from_json(line) == there


def test_a_configuration_shows_no_secret():
    there = HubConfig(api_key="key-secret", keys={"k1": "ab" * 16})
    assert "key-secret" not in repr(there)
    assert "ab" * 16 not in repr(there)


async def test_a_port_in_use_is_said():
    async with live_hub() as hub:
        port = int(hub.url.rpartition(":")[2])
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"):
            await start_hub(config(port=port))


async def test_an_unknown_transport_is_said():
    with pytest.raises(UnknownTransport, match="unknown transport 'ssse'; did you mean sse"):
        await start_hub(config(transports={"ssse": {}}))


async def test_a_bad_option_is_said():
    with pytest.raises(UsageError, match="interval_s"):
        await start_hub(config(transports={"short-polling": {"interval_s": -1}}))


async def test_a_bad_presence_url_is_said():
    with pytest.raises(UsageError, match="presence URL"):
        await start_hub(config(presence_url="nowhere"))


async def test_a_child_that_breaks_is_a_failure_with_its_last_words():
    with pytest.raises(HubFailed, match="Expected `str`, got `int`"):
        await start_hub(config(keys={"k1": 5}))


async def test_a_child_that_has_gone_already_is_the_same_failure(monkeypatch):
    """Whether its end is noticed before or after its silence is a matter of luck."""
    start = asyncio.create_subprocess_exec

    async def start_and_wait(*command, **settings):
        process = await start(*command, **settings)
        process.stdin.write(config(keys={"k1": 5}).to_json().encode() + b"\n")
        await process.wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_and_wait)
    with pytest.raises(HubFailed, match="Expected `str`, got `int`"):
        await start_hub(config())


async def test_a_failing_child_exits_by_itself_and_clean(unused_port):
    """With its standard input still open, as a shell's is."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pushlab.hub"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        child.stdin.write(config(transports={"nope": {}}).to_json().encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            line = await child.stdout.readline()
            status = await child.wait()
            words = await child.stderr.read()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    assert json.loads(line)["error"] == "UnknownTransport"
    assert (status, words) == (1, b"")


@pytest.mark.parametrize("within_s", [0.0, PATIENCE_S])
async def test_a_child_is_ended_also_when_who_ends_it_is_cancelled(within_s):
    """It would be left without anybody who waits for it, and with its pipes open."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import time; time.sleep(3600)"), stdin=asyncio.subprocess.PIPE
    )
    ending = asyncio.create_task(end_child(child, within_s=within_s))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert child.returncode == -signal.SIGKILL


async def test_secrets_stand_in_no_argument_list():
    async with live_hub() as hub:
        shown = " ".join(psutil.Process(hub.process.pid).cmdline())
        assert hub.key not in shown
        assert all(secret not in shown for secret in hub.process.config.keys.values())


async def test_no_token_reaches_the_log():
    async with live_hub() as hub:
        token = await hub.token("ann")
        websocket_url = hub.url.replace("http", "ws", 1)
        for secret in (token, token + "x"):
            await hub.ask("GET", f"/v1/poll?token={secret}")
            await hub.ask("GET", f"/v1/wait?token={secret}&hold_s=0")
            await hub.ask("GET", f"/v1/wait?token={secret}&after=nonsense")
            await hub.ask("GET", f"/v1/nothing?token={secret}")
            async with dial(hub.url) as (reader, writer):
                writer.write(
                    f"GET /v1/events?token={secret} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                )
                await read_head(reader)
            for path in ("/v1/socket", "/v1/nowhere"):
                async with ws_connect(f"{websocket_url}{path}?token={secret}") as socket:
                    with contextlib.suppress(ConnectionClosed):
                        await socket.recv()
        async with dial(hub.url) as (reader, writer):
            writer.write(f"GET /v1/events?token={token} HTTP/9\r\n\r\n".encode())
            await reader.read()
    assert hub.process.returncode == 0
    lines = hub.log().splitlines()
    assert [line for line in lines if not line.startswith("refused: ")] == []
    assert token not in hub.log()


@contextlib.asynccontextmanager
async def open_streams(hub):
    """One open request of each kind that waits, and an idle poll; what each hears at the end."""
    token = await hub.token("ann")
    poll = await hub.ask("GET", "/v1/poll", secret=token)
    cursor = poll.headers["pushlab-cursor"]
    heard = {}

    async def http(name, target):
        async with dial(hub.url) as (reader, writer):
            head = (
                f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
            )
            writer.write(head.encode())
            heard[name] = (await reader.read()).decode()

    async def websocket():
        url = hub.url.replace("http", "ws", 1) + f"/v1/socket?token={token}"
        async with ws_connect(url) as socket:
            try:
                while True:
                    await socket.recv()
            except ConnectionClosed as closed:
                heard["websocket"] = (closed.rcvd.code, closed.rcvd.reason)

    tasks = [
        asyncio.create_task(http("sse", "/v1/events")),
        asyncio.create_task(http("long-polling", f"/v1/wait?after={cursor}&hold_s=100")),
        asyncio.create_task(http("short-polling", "/v1/poll")),
        asyncio.create_task(websocket()),
    ]
    async with asyncio.timeout(PATIENCE_S):
        while (await hub.api("GET", "/v1/stats")).json["feeds"] < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        yield heard
        await asyncio.gather(*tasks)


async def test_stopping_with_open_streams_is_quick_and_says_why():
    async with live_hub() as hub, open_streams(hub) as heard:
        await hub.process.stop()
        assert hub.process.returncode == 0, "it ended by itself, in time, else it was killed"
    assert 'event: close\ndata: {"reason": "server-restart", "status": 503}' in heard["sse"]
    assert heard["sse"].endswith("0\r\n\r\n"), "a response that ends, not one that is cut"
    assert heard["long-polling"].startswith("HTTP/1.1 503 ")
    assert '"error": "server-restart"' in heard["long-polling"]
    assert heard["websocket"] == (4503, "server-restart")
    assert heard["short-polling"].startswith("HTTP/1.1 204 ")
    assert set(heard) == set(HTTP_TRANSPORTS)


async def test_stopping_does_not_wait_for_a_reader_that_stalls():
    async with live_hub() as hub:
        token = await hub.token("ann")
        async with dial(hub.url) as (_, writer):
            writer.transport.pause_reading()
            writer.write(
                f"GET /v1/events?token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            await hub.until_present("ann", ["ann"])
            items = [{"channel": "ann", "data": "x" * 32_000}] * 90
            await hub.api("POST", "/v1/messages", items)  # more than the sockets hold
            await hub.process.stop()
            assert hub.process.returncode == 0, "it ended by itself, in time"


async def test_stopping_twice_and_stopping_the_dead_is_fine():
    async with live_hub() as hub:
        hub.process.kill()
        assert await hub.process.wait() == -signal.SIGKILL
        await hub.process.stop()
        await hub.process.stop()


async def test_an_interrupt_at_the_terminal_is_for_the_parent():
    async with live_hub() as hub:
        hub.process.send_signal(signal.SIGINT)
        assert (await hub.ask("GET", "/healthz")).status == 200
        assert os.getsid(hub.process.pid) == hub.process.pid


PARENT = """
import asyncio, sys
from pushlab.hub.process import HubConfig, start_hub
async def main():
    hub = await start_hub(HubConfig(transports={"sse": {}}))
    print(hub.pid, flush=True)
    await hub.wait()
asyncio.run(main())
"""


async def test_the_hub_ends_when_its_parent_is_killed():
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT), stdout=asyncio.subprocess.PIPE
    )
    hub = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            hub = psutil.Process(int(await parent.stdout.readline()))
            assert hub.is_running()
            parent.kill()
            await parent.wait()
            while hub.is_running() and hub.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    except psutil.NoSuchProcess:
        pass
    finally:
        if hub is not None and hub.is_running():
            with contextlib.suppress(psutil.NoSuchProcess):
                hub.kill()


async def test_a_hub_that_chatters_is_not_stopped_by_a_full_pipe(tmp_path, monkeypatch):
    """A plug-in that prints must not block the server, and its last lines can be read."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, threading, time\n"
        "def chatter():\n"
        f"    while not os.path.exists({str(tmp_path / 'go')!r}):\n"
        "        time.sleep(0.01)\n"
        "    for stream in (sys.stdout, sys.stderr):\n"
        "        stream.write('x' * 300_000 + '\\n')\n"
        "        stream.write('last words\\n')\n"
        "        stream.flush()\n"
        "threading.Thread(target=chatter, daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with live_hub() as hub, asyncio.timeout(PATIENCE_S):
        (tmp_path / "go").touch()
        while hub.log().count("last words") < 2:
            assert (await hub.ask("GET", "/healthz")).status == 200


class Told:
    """An application that notes its presence posts."""

    def __init__(self):
        self.posts = []

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        body = (await reader.readexactly(size)).decode()
        self.posts.append((head.split(" ")[1], body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()


async def test_presence_is_posted_and_a_stop_posts_the_last_leaves():
    application = Told()
    server = await asyncio.start_server(application.serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with live_hub(presence_url=url) as hub:
            token = await hub.token("ann", "room")
            async with dial(hub.url) as (reader, writer):
                writer.write(
                    f"GET /v1/events?token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                )
                await read_head(reader)
                await hub.process.stop()
    assert application.posts == [
        ("/_ah/channel/connected/", "from=ann&channel=room"),
        ("/_ah/channel/disconnected/", "from=ann&channel=room"),
    ]


async def test_an_application_that_never_answers_does_not_hold_up_the_stop():
    async def never(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with live_hub(presence_url=url) as hub:
            await hub.ask("GET", "/v1/poll", secret=await hub.token("ann"))
            await hub.process.stop()
            assert hub.process.returncode == 0, "it ended by itself, in time"


async def test_a_lease_that_runs_out_ends_presence():
    async with live_hub(settings={"lease_s": 0.2}) as hub:
        await hub.ask("GET", "/v1/poll", secret=await hub.token("ann"))
        await hub.until_present("ann", [])
        token = await hub.token("bob")
        await hub.ask("GET", "/v1/poll?lease_s=1000", secret=token)
        await hub.ask("GET", "/v1/poll", secret=await hub.token("cy"))
        await hub.until_present("cy", [])
        assert await hub.present("bob") == ["bob"], "who asks for a longer lease has one"


async def test_it_tells_how_late_its_event_loop_was_over_its_own_pipes() -> None:
    begin_ns = time.monotonic_ns()
    async with await start_hub(HubConfig(lag_every_s=0.01)) as hub:
        lags: list[list[int]] = []
        while len(lags) < 3:
            lags = await hub.loop_lags()
        assert (await hub.loop_lags())[:3] == lags[:3]
    assert all(at_ns > begin_ns and lag_ns >= 0 for at_ns, lag_ns in lags)
    async with await start_hub() as hub:
        assert await hub.loop_lags() == []  # nobody asked it to look
