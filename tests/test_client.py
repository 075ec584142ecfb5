"""`pushlab.connect` over real sockets: it resumes, tells of gaps, and ends when it should."""

import asyncio
import contextlib
import ssl
import time
from itertools import count
from random import Random

import pytest
import pytest_asyncio

import pushlab
from pushlab.contract.profile import Profile
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.contract.transport import Transport
from pushlab.errors import (
    ConnectionFailed,
    InvalidCursor,
    Refused,
    UnknownTransport,
    UsageError,
)
from pushlab.hub.process import start_hub
from pushlab.transports.short_polling import ShortPolling
from pushlab.wire.discovery import discover
from tests.live_hub import HTTP_TRANSPORTS, config, live_hub
from tests.patience import PATIENCE_S, with_more_time

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVERY = pytest.mark.parametrize("name", HTTP_TRANSPORTS)
KEYS = TokenKeys.fresh()
NUMBERS = count()
QUICK = {"short-polling": {"interval_s": 0.02}, "long-polling": {"hold_s": 10.0}}


def subscribe(hub, token, name, **more):
    more = {"rng": Random(1), **QUICK.get(name, {}), **more}
    return pushlab.connect(hub.url, token, transport=name, **more)


async def until_connected(messages):
    async for event in messages.events():
        if isinstance(event, pushlab.Connected):
            return event
    raise AssertionError("it ended before it was connected")


async def take(messages, count):
    taken = []
    async for message in messages:
        taken.append(message.data)
        if len(taken) == count:
            break
    return taken


async def read_all(subscription, events=None):
    """Read to the end; what happened is in `events`, even when the end is an exception."""
    async with subscription as messages:
        async for event in messages.events():
            if events is not None:
                events.append(event)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub():
    """The hub of the tests that do not stop it."""
    async with live_hub(keys=KEYS.export()) as running:
        yield running


@pytest.fixture
def ann():
    """A client whose channel no other test uses."""
    return f"ann{next(NUMBERS)}"


def sign(client_id, *, lives_s, keys=KEYS):
    return keys.sign(Grant(client_id, client_id, time.time() + lives_s, "g"))[0]


async def until_feeds(hub, wanted):
    async with asyncio.timeout(PATIENCE_S):
        while (await hub.api("GET", "/v1/stats")).json["feeds"] != wanted:
            pass


# ---- reading ----------------------------------------------------------------------------------


@EVERY
async def test_messages_come_in_order_and_reading_may_stop_and_go_on(hub, ann, name):
    async with subscribe(hub, await hub.token(ann), name) as messages:
        await until_connected(messages)
        for number in range(10):
            await hub.publish(ann, f"m{number}")
        assert await take(messages, 3) == ["m0", "m1", "m2"]
        assert messages.cursor.seq == 3
        assert await take(messages, 7) == [f"m{number}" for number in range(3, 10)]
        assert messages.gaps == []


@EVERY
async def test_a_cursor_resumes_in_a_new_subscription(hub, ann, name):
    token = await hub.token(ann)
    epoch = (await hub.publish(ann, "seen"))["epoch"]
    await hub.publish(ann, "missed")
    for cursor in (f"{epoch}-1", pushlab.Cursor(epoch, 1)):
        async with subscribe(hub, token, name, cursor=cursor) as messages:
            assert (await until_connected(messages)).cursor.seq == 1
            assert await take(messages, 1) == ["missed"]


@EVERY
async def test_leaving_is_prompt_and_the_hub_knows(hub, ann, name, monkeypatch):
    monkeypatch.setattr("pushlab.client._LEAVE_S", 1_000)  # it must not need its time-out
    await until_feeds(hub, 0)
    # A poll under way is taken back, and its lease must do: so leave long before the next one.
    more = {"interval_s": 60.0} if name == "short-polling" else {}
    async with subscribe(hub, await hub.token(ann), name, **more) as messages:
        await until_connected(messages)
        await hub.until_present(ann, [ann])
        if name == "long-polling":
            await until_feeds(hub, 1)
    await hub.until_present(ann, [])
    async for _ in messages:
        raise AssertionError("nothing comes after leaving")


async def test_an_iteration_elsewhere_ends_when_the_subscription_is_left(hub, ann):
    async with subscribe(hub, await hub.token(ann), "sse") as messages:
        await until_connected(messages)
        reading = asyncio.create_task(take(messages, 1))
        await asyncio.sleep(0)
    assert await reading == []


@EVERY
async def test_cancelling_a_reader_closes_its_socket(hub, ann, name):
    token = await hub.token(ann)
    connected = asyncio.Event()

    async def read():
        async with subscribe(hub, token, name) as messages:
            async for event in messages.events():
                if isinstance(event, pushlab.Connected):
                    connected.set()

    task = asyncio.create_task(read())
    await connected.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    if name != "short-polling":  # whose answer may be under way: then its lease must do
        await hub.until_present(ann, [])
    await until_feeds(hub, 0)


async def test_a_time_out_while_waiting_loses_nothing(hub, ann):
    async with subscribe(hub, await hub.token(ann), "sse") as messages:
        await until_connected(messages)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await take(messages, 1)
        await hub.publish(ann, "later")
        assert await take(messages, 1) == ["later"]


async def test_a_slow_application_does_not_pile_up_the_channel(hub, ann):
    """What the application does not take stays in the sockets, and then at the hub."""
    async with subscribe(hub, await hub.token(ann), "sse") as messages:
        await until_connected(messages)
        sent = 0
        for _ in range(6):
            batch = [{"channel": ann, "data": f"{sent + n} {'x' * 2_000}"} for n in range(500)]
            assert (await hub.api("POST", "/v1/messages", batch)).status == 202
            sent += 500
        held = 0
        while held != (held := len(messages._driver._events)) or held == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert held < 2_000, "it stopped reading from the socket"
        numbers = [int(text.split(" ")[0]) for text in await take(messages, held)]
        assert numbers == list(range(held))


# ---- losing the hub ---------------------------------------------------------------------------


@EVERY
async def test_a_restart_on_the_same_port_is_a_gap_and_reading_goes_on(name):
    keys = TokenKeys.fresh().export()
    told = []
    async with live_hub(keys=keys) as hub:
        token = await hub.token("ann")
        async with subscribe(hub, token, name, on_gap=told.append) as messages:
            await until_connected(messages)
            await hub.publish("ann", "before")
            assert await take(messages, 1) == ["before"]
            before = messages.cursor
            await hub.process.stop()
            port = int(hub.url.rpartition(":")[2])
            again = config(port=port, keys=keys, api_key=hub.key)
            async with await start_hub(again):
                await until_connected(messages)
                await hub.publish("ann", "after")
                assert await take(messages, 1) == ["after"]
    assert messages.gaps == told
    assert [(gap.after, gap.missed) for gap in told] == [(before, None)]


@EVERY
async def test_a_connection_that_stood_resets_the_patience(name):
    """Patience is for one loss at a time, not for the subscription's whole life."""
    keys = TokenKeys.fresh().export()
    async with live_hub(keys=keys) as hub:
        token = await hub.token("ann")
        port = int(hub.url.rpartition(":")[2])
        epoch = (await hub.publish("ann", "x"))["epoch"]
        async with subscribe(hub, token, name, cursor=f"{epoch}-0") as messages:
            assert await take(messages, 1) == ["x"]
            assert messages._lost_at is None
            await hub.process.stop()
            async with await start_hub(config(port=port, keys=keys, api_key=hub.key)):
                await until_connected(messages)
                assert messages._lost_at is None


@EVERY
async def test_nobody_there_is_given_up_after_a_while(name, unused_port):
    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match=r"no connection to 127.0.0.1:\d+ for 0.3 s"):
        await read_all(
            pushlab.connect(
                f"http://127.0.0.1:{unused_port}", "token", transport=name, retry_for_s=0.3
            )
        )
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "no-such-host.invalid"])
async def test_a_host_that_cannot_be_is_given_up(host):
    with pytest.raises(ConnectionFailed):
        await read_all(pushlab.connect(f"http://{host}:1", "t", retry_for_s=0.01))


@contextlib.asynccontextmanager
async def speaking(answer):
    async def serve(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.read(1)  # the other side has begun
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@EVERY
async def test_a_server_that_is_none_of_ours_is_given_up(name):
    async with speaking(b"SSH-2.0-OpenSSH\r\n\r\n") as url:
        with pytest.raises(ConnectionFailed):
            await read_all(
                pushlab.connect(url, "t", transport=name, retry_for_s=0.2, **QUICK.get(name, {}))
            )


@EVERY
async def test_what_is_published_once_it_is_entered_arrives(hub, ann, name):
    async with subscribe(hub, sign(ann, lives_s=600), name) as messages:
        await hub.publish(ann, "at once")
        assert await take(messages, 1) == ["at once"]


# ---- refusals and renewals --------------------------------------------------------------------


@EVERY
async def test_a_bad_token_is_refused(hub, ann, name):
    with pytest.raises(Refused, match="token-invalid"):
        async with subscribe(hub, "nonsense", name):
            pytest.fail("it was entered")
    events = []  # who goes on from a cursor does not wait before the first of them
    with pytest.raises(Refused) as caught:
        await read_all(subscribe(hub, "nonsense", name, cursor="4f1c9a02-1"), events)
    assert (caught.value.status, caught.value.reason) == (401, "token-invalid")
    assert events == [pushlab.Closed("token-invalid", 401)]
    assert "nonsense" not in str(caught.value)


@EVERY
async def test_a_token_that_expires_is_renewed_by_its_source(hub, ann, name):
    fetched = []

    async def fetch():
        lives_s = 0.4 if not fetched else 600
        fetched.append(name)
        return sign(ann, lives_s=lives_s)

    async with subscribe(hub, fetch, name) as messages:
        await until_connected(messages)
        await hub.publish(ann, "first")
        assert await take(messages, 1) == ["first"]
        if len(fetched) == 1:  # on a very slow machine it may have expired before
            await until_connected(messages)
        await hub.publish(ann, "second")
        assert await take(messages, 1) == ["second"]
        assert messages.gaps == []
    assert len(fetched) == 2


@EVERY
async def test_a_token_that_is_revoked_is_renewed_by_its_source_or_is_the_end(hub, ann, name):
    tokens = [await hub.token("ann", ann) for _ in range(3)]
    renewing, lasting = [], iter(tokens[1:])

    def fetch():
        renewing.append(name)
        return next(lasting)

    ending = asyncio.ensure_future(read_all(subscribe(hub, tokens[0], name)))
    async with subscribe(hub, fetch, name) as messages:
        await until_connected(messages)
        await hub.publish(ann, "first")
        assert await take(messages, 1) == ["first"]
        for token in tokens[:2]:
            assert (await hub.api("DELETE", "/v1/tokens", {"token": token})).status == 200
        with pytest.raises(Refused) as caught:
            await asyncio.wait_for(ending, PATIENCE_S)
        assert (caught.value.status, caught.value.reason) == (401, "token-revoked")
        await hub.publish(ann, "second")
        assert await take(messages, 1) == ["second"]
        assert messages.gaps == []
    assert len(renewing) == 2


@EVERY
async def test_a_token_that_expires_without_a_source_is_the_end(hub, ann, name):
    token = sign(ann, lives_s=0.4)
    with pytest.raises(Refused) as caught:
        await read_all(subscribe(hub, token, name))
    assert (caught.value.status, caught.value.reason) == (401, "token-expired")


async def test_a_key_that_was_dropped_is_a_reason_to_fetch_a_token(hub, ann):
    tokens = [sign(ann, lives_s=600, keys=keys) for keys in (TokenKeys.fresh(), KEYS)]
    async with subscribe(hub, lambda: tokens.pop(0), "sse") as messages:
        await until_connected(messages)
    assert tokens == []


async def test_a_source_of_expired_tokens_is_not_asked_in_a_frenzy(hub, ann):
    stale = sign(ann, lives_s=-1)

    async def asks(retry_for_s):
        asked = []

        def fetch():
            asked.append(True)
            return stale

        with pytest.raises(Refused, match="token-expired"):
            await read_all(subscribe(hub, fetch, "sse", retry_for_s=retry_for_s))
        assert 2 <= len(asked) <= 5 + 2 * retry_for_s, "with growing pauses"

    await with_more_time(asks, 0.5, 5.0)


async def test_what_a_source_raises_reaches_the_application():
    def fetch():
        raise LookupError("no session")

    with pytest.raises(LookupError, match="no session"):
        async with pushlab.connect("http://127.0.0.1:1", fetch):
            pass


# ---- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"transport": "pigeon"}, UnknownTransport, "unknown transport 'pigeon'"),
        ({"transport": "sse", "interval_s": 1}, UsageError, "sse has no option 'interval_s'"),
        (
            {"transport": "short-polling", "interval_s": "1"},
            UsageError,
            "must be a number",
        ),
        (
            {"transport": "short-polling", "interval_s": -1},
            UsageError,
            "-1 is out of range",
        ),
        ({"transport": ShortPolling(), "interval_s": 1}, UsageError, "made already"),
        ({"cursor": "17"}, InvalidCursor, "'17' is not a cursor"),
        ({"url": "127.0.0.1:8000"}, UsageError, "is not a URL"),
        ({"url": "ftp://host"}, UsageError, "is not a URL"),
    ],
)
async def test_a_mistake_is_said_at_the_call(changes, error, text):
    settings = {"url": "http://127.0.0.1:1", "token": "t", **changes}
    with pytest.raises(error, match=text):
        pushlab.connect(settings.pop("url"), settings.pop("token"), **settings)


async def test_iterating_without_entering_is_said():
    messages = pushlab.connect("http://127.0.0.1:1", "t")
    with pytest.raises(RuntimeError, match="async with"):
        async for _ in messages:
            pass


async def test_gaps_without_a_listener_are_logged(hub, ann, caplog):
    token = await hub.token(ann)
    async with subscribe(hub, token, "sse", cursor="old-5") as messages:
        await hub.publish(ann, "x")
        await take(messages, 1)
    assert [gap.after for gap in messages.gaps] == [pushlab.Cursor("old", 5)]
    assert "the channel's log began anew" in caplog.text


# ---- asking where transports listen -----------------------------------------------------------


async def test_discovery_tells_each_transports_endpoint(hub, ann):
    told = await discover(Endpoint.from_url(hub.url), await hub.token(ann))
    assert set(told) == set(HTTP_TRANSPORTS)
    with pytest.raises(Refused) as caught:
        await discover(Endpoint.from_url(hub.url), "nonsense")
    assert (caught.value.status, caught.value.reason) == (401, "token-invalid")


def http(body, status=200):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0\r\n\r\n",
        http(b"<html>"),
        http(b"[]"),
        http(b"[]", 404),
        http(b"{}"),
        http(b'{"endpoints": 5}'),
        http(b"[" * 100_000),
        http(b"\xff"),
    ],
)
async def test_discovery_of_what_is_no_hub_fails(answer):
    async with speaking(answer) as url:
        with pytest.raises(ConnectionFailed, match="cannot ask"):
            await discover(Endpoint.from_url(url), "t")


class FriendlyOnly(Transport):
    """A plug-in whose library insists on its own sockets."""

    name = "friendly"
    profile = Profile(title="Friendly")
    closed = False

    async def messages(self, endpoint, token, *, cursor=None):
        seq = cursor.seq if cursor else 0
        try:
            yield pushlab.Connected(pushlab.Cursor("e", seq))
            for number in range(seq + 1, seq + 4):
                yield pushlab.Message("e", number, f"{token} {number}")
        finally:
            self.closed = True


async def test_a_transport_without_a_sans_io_half_is_read_by_its_friendly_form():
    transport = FriendlyOnly()
    async with pushlab.connect("http://127.0.0.1:1", "t", transport=transport) as messages:
        assert await take(messages, 2) == ["t 1", "t 2"]
        assert messages.cursor == pushlab.Cursor("e", 2)
    assert transport.closed
    async with pushlab.connect("http://127.0.0.1:1", "t", transport=transport) as messages:
        assert await take(messages, 100) == ["t 1", "t 2", "t 3"], "its end is the end"


async def test_tls_uses_the_given_context():
    """A context that trusts nobody: the handshake fails, and that is a lost connection."""
    context = ssl.create_default_context()
    async with speaking(b"") as url:
        with pytest.raises(ConnectionFailed):
            await read_all(
                pushlab.connect(url.replace("http", "https"), "t", tls=context, retry_for_s=0.01)
            )


# ---- through a proxy --------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def proxy_without_upgrade(hub, answer=b""):
    """A proxy that passes requests on without ``Upgrade``, or gives such ones `answer`; its URL."""
    target = Endpoint.from_url(hub.url)

    async def pipe(reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if answer and b"\nUpgrade:" in head:
            writer.write(answer)
            writer.close()
            return
        lines = [line for line in head.split(b"\r\n") if not line.startswith((b"Upgrade", b"Conn"))]
        onward, back = await asyncio.open_connection(target.host, target.port)
        back.write(b"\r\n".join(lines))
        await asyncio.gather(pipe(reader, back), pipe(onward, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


WITHOUT = [
    b"",
    *(
        b"HTTP/1.1 %d X\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\npage" % status
        for status in (200, 400, 404, 405, 426, 501, 502)
    ),
]


@pytest.mark.parametrize("answer", WITHOUT, ids=lambda answer: answer[9:12].decode() or "the hub's")
async def test_where_no_websocket_gets_through_the_next_transport_is_tried(hub, ann, answer):
    async with proxy_without_upgrade(hub, answer) as url:
        several = ("websocket", "sse", "long-polling")
        async with (
            asyncio.timeout(PATIENCE_S),
            pushlab.connect(url, await hub.token(ann), transport=several) as messages,
        ):
            assert messages.transport.name == "sse"
            await hub.publish(ann, "hello")
            assert await take(messages, 1) == ["hello"]


@pytest.mark.parametrize("answer", [WITHOUT[0], WITHOUT[1]])
async def test_a_websocket_that_is_told_to_be_one_keeps_trying_and_says_why(hub, ann, answer):
    async with proxy_without_upgrade(hub, answer) as url:
        token = await hub.token(ann)
        wanted = "(upgrade-required|http-200): no WebSocket gets through; a proxy"
        with pytest.raises(ConnectionFailed, match=wanted):
            async with pushlab.connect(url, token, transport="websocket", retry_for_s=0.2):
                pass


@pytest.mark.parametrize("answer", WITHOUT[2:5])
async def test_a_websocket_that_is_refused_for_good_names_the_proxy(hub, ann, answer):
    async with proxy_without_upgrade(hub, answer) as url:
        with pytest.raises(Refused, match="does a proxy drop the Upgrade header"):
            async with pushlab.connect(url, await hub.token(ann), transport="websocket"):
                pass


async def test_a_token_that_is_refused_is_so_by_whatever_transport(hub):
    with pytest.raises(Refused, match="token-invalid"):
        async with pushlab.connect(hub.url, "nonsense", transport=["websocket", "sse"]):
            pass


async def test_a_transport_that_the_hub_does_not_have_is_passed_over(hub, ann):
    several = [ShortPolling(), "sse"]
    several[0].path = "/v1/nowhere"
    async with asyncio.timeout(PATIENCE_S):
        token = await hub.token(ann)
        async with pushlab.connect(hub.url, token, transport=several) as messages:
            assert messages.transport.name == "sse"
