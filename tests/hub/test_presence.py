"""Presence: one coming and one going each, in order, and the application hears of it."""

import asyncio
import contextlib
from urllib.parse import parse_qs

import pytest

from pushlab.errors import UsageError
from pushlab.hub.presence import Presence, PresenceEvent, PresencePoster
from tests.live_hub import dial, live_hub, read_head
from tests.patience import PATIENCE_S


@pytest.fixture
def presence():
    return Presence()


@pytest.fixture
def told(presence):
    events = []
    presence.listen(lambda event: events.append((event.client_id, event.channel, event.connected)))
    return events


# ---- who is there -----------------------------------------------------------------------------


def test_two_connections_of_a_client_are_one_presence(presence, told):
    presence.join("room", "ann")
    presence.join("room", "ann")
    presence.leave("room", "ann")
    assert presence.present("room") == ["ann"]
    presence.leave("room", "ann")
    assert presence.present("room") == []
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_leave_without_a_join_is_nothing(presence, told):
    presence.leave("room", "ann")
    presence.join("room", "ann")
    assert presence.present("room") == ["ann"]
    assert told == [("ann", "room", True)]


def test_channels_and_clients_are_kept_apart(presence, told):
    presence.join("a", "ann")
    presence.join("b", "ann")
    presence.join("b", "bob")
    presence.leave("a", "ann")
    assert presence.present("a") == []
    assert presence.present("b") == ["ann", "bob"]
    assert presence.total() == 2
    assert (presence.elsewhere("a"), presence.elsewhere("b")) == (2, 0)
    assert presence.channels() == {"b"}
    assert [connected for *_, connected in told] == [True, True, True, False]


def test_a_lease_ends_when_it_runs_out_and_not_before(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.sweep(99)
    assert presence.present("room") == ["ann"]
    presence.sweep(100)
    assert presence.present("room") == []
    presence.sweep(101)
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_later_lease_counts_even_a_shorter_one(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.lease("room", "ann", until_ns=200)
    presence.sweep(150)
    assert presence.present("room") == ["ann"]
    presence.lease("room", "ann", until_ns=160)
    presence.sweep(170)
    assert presence.present("room") == []
    assert len(told) == 2


def test_a_goodbye_ends_a_lease_at_once(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.release("room", "ann")
    presence.release("room", "ann")
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_connection_outlasts_a_lease_and_the_other_way_round(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.join("room", "ann")
    presence.sweep(100)
    presence.leave("room", "ann")
    presence.join("room", "bob")
    presence.lease("room", "bob", until_ns=200)
    presence.leave("room", "bob")
    assert presence.present("room") == ["bob"]
    presence.sweep(200)
    assert told == [
        ("ann", "room", True),
        ("ann", "room", False),
        ("bob", "room", True),
        ("bob", "room", False),
    ]


def test_a_listener_that_fails_stops_nobody(presence, caplog):
    def fail(event):
        raise RuntimeError("no")

    presence.listen(fail)
    heard = []
    presence.listen(heard.append)
    presence.join("room", "ann")
    assert heard == [PresenceEvent("ann", "room", True)]
    assert "a listener for presence failed" in caplog.text


# ---- telling the application ------------------------------------------------------------------


class Application:
    """A small HTTP server that answers each POST with the next of its `answers`, then with 200."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.requests = []
        self.taken = []

    @contextlib.asynccontextmanager
    async def listening(self, port=0):
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        path = head[0].split(" ")[1]
        self.requests.append((head[0], headers, body))
        answer = self.answers.pop(0) if self.answers else b"HTTP/1.1 200 OK\r\n\r\n"
        if b" 2" in answer[:12]:
            self.taken.append((path, parse_qs(body)))
        writer.write(answer)
        with contextlib.suppress(OSError):
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def until_taken(self, count):
        async with asyncio.timeout(PATIENCE_S):
            while len(self.taken) < count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def posting(poster):
    task = asyncio.create_task(poster.run())
    try:
        yield poster
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def event(client_id, connected=True, channel=None):
    return PresenceEvent(client_id, client_id if channel is None else channel, connected)


async def test_a_post_is_app_engines_form():
    application = Application()
    async with application.listening() as url, posting(PresencePoster(url + "/app/")) as poster:
        poster(event("ann & bob=é/漢"))
        poster(event("ann", False, "room 1"))
        await application.until_taken(2)
    assert application.taken == [
        ("/app/_ah/channel/connected/", {"from": ["ann & bob=é/漢"]}),
        ("/app/_ah/channel/disconnected/", {"from": ["ann"], "channel": ["room 1"]}),
    ]
    line, headers, body = application.requests[0]
    assert line.startswith("POST ")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == "from=ann+%26+bob%3D%C3%A9%2F%E6%BC%A2"


@pytest.mark.parametrize(
    "failure",
    [
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"x" * 100_000,
        b"",
    ],
    ids=["500", "redirection", "garbage", "no-status", "endless-line", "hang-up"],
)
async def test_failures_are_tried_again_and_the_order_is_kept(failure):
    application = Application([failure, failure, b"HTTP/1.1 204 No Content\r\n\r\n", failure])
    async with (
        application.listening() as url,
        posting(PresencePoster(url, first_pause_s=0.001)) as poster,
    ):
        for number in range(4):
            poster(event(f"c{number}"))
            poster(event(f"c{number}", False))
        await application.until_taken(8)
        assert poster.dropped == 0
    order = [(path.split("/")[-2], form["from"][0]) for path, form in application.taken]
    assert order == [
        (what, f"c{number}") for number in range(4) for what in ("connected", "disconnected")
    ]


async def test_an_application_that_is_away_for_a_while_hears_everything(unused_port):
    application = Application()
    async with posting(
        PresencePoster(f"http://127.0.0.1:{unused_port}", first_pause_s=0.001, attempts=200)
    ) as poster:
        poster._first_pause_s = 0.001
        for number in range(3):
            poster(event(f"c{number}"))
        await poster.drain(0.05)  # nobody listens: nothing is told yet
        assert application.taken == []
        async with application.listening(unused_port):
            await application.until_taken(3)
    assert [form["from"][0] for _, form in application.taken] == ["c0", "c1", "c2"]


async def test_each_connection_is_told_once_and_in_order_though_the_application_was_down(
    unused_port,
):
    application = Application()
    changes = {"presence_url": f"http://127.0.0.1:{unused_port}"}
    transports = {"sse": {}, "channel-api-dev": {}}
    async with live_hub(transports=transports, **changes) as hub, contextlib.AsyncExitStack() as s:
        expected = []

        async def command(name, client_id):
            target = f"/_ah/channel/dev?command={name}&channel={tokens[client_id]}"
            assert (await hub.ask("GET", target)).status == 200

        async def stream(stack):
            reader, writer = await stack.enter_async_context(dial(hub.url))
            writer.write(
                f"GET /v1/events?token={tokens['tabs']} HTTP/1.1\r\nHost: t\r\n\r\n".encode()
            )
            await read_head(reader)

        tokens = {name: await hub.token(name) for name in ["tabs", *(f"c{n}" for n in range(5))]}
        for number in range(5):
            await command("connect", f"c{number}")
            await command("poll", f"c{number}")
            expected.append(("connected", f"c{number}"))
            if number % 2:
                await command("disconnect", f"c{number}")
                expected.append(("disconnected", f"c{number}"))
        async with contextlib.AsyncExitStack() as tabs:  # two tabs of one client
            await stream(tabs)
            await stream(tabs)
        await hub.until_present("tabs", [])
        expected += [("connected", "tabs"), ("disconnected", "tabs")]
        await asyncio.sleep(2.0)
        await s.enter_async_context(application.listening(unused_port))
        await application.until_taken(len(expected))
        figures = (await hub.api("GET", "/v1/stats")).json
    assert [(path.split("/")[-2], form["from"][0]) for path, form in application.taken][
        : len(expected)
    ] == expected
    assert figures["presence_posts_dropped"] == 0


async def test_interim_answers_are_passed_over():
    application = Application([b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 500 No\r\n\r\n"])
    async with (
        application.listening() as url,
        posting(PresencePoster(url, first_pause_s=0.001)) as poster,
    ):
        poster(event("ann"))
        await application.until_taken(1)
    assert len(application.requests) == 2


async def test_what_cannot_be_told_is_given_up_and_counted():
    no = b"HTTP/1.1 500 No\r\n\r\n"
    application = Application([no, no, no])
    async with (
        application.listening() as url,
        posting(PresencePoster(url, attempts=3, first_pause_s=0.001)) as poster,
    ):
        poster(event("lost"))
        poster(event("told"))
        await application.until_taken(1)
    assert poster.dropped == 1
    assert application.taken[0][1] == {"from": ["told"]}


async def test_draining_waits_for_the_last_post():
    application = Application()
    async with application.listening() as url, posting(PresencePoster(url)) as poster:
        await poster.drain(PATIENCE_S)  # nothing to wait for
        for number in range(5):
            poster(event(f"c{number}"))
        await poster.drain(PATIENCE_S)
        assert len(application.taken) == 5


@pytest.mark.parametrize("url", ["ftp://host", "127.0.0.1:80", "http://", "http://host:port", ""])
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(UsageError, match="presence URL"):
        PresencePoster(url)
