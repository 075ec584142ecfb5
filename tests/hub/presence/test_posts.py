"""Presence is told to the application: each client's notices in order, in the end what is true."""

import asyncio
import base64
import contextlib
import random
import time

import pytest

from pushlab.channel_api import verify_presence
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.presence.presence import Presence, PresenceEvent
from tests.application import Application, status
from tests.live_hub import dial, live_hub, read_head
from tests.patience import PATIENCE_S

KEY = "the key of both"


@contextlib.asynccontextmanager
async def posting(url, *, first_pause_s=0.001, **options):
    poster = PresencePoster(url, key=KEY, first_pause_s=first_pause_s, **options)
    task = asyncio.create_task(poster.run())
    try:
        yield poster
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def event(client_id, connected=True, channel=None):
    return PresenceEvent(client_id, client_id if channel is None else channel, connected)


# ---- what is sent ------------------------------------------------------------------------------


async def test_a_post_is_app_engines_form_and_signed_and_logs_in():
    application = Application()
    async with (
        application.listening() as url,
        posting(url.replace("://", "://push%40lab:p%C3%A4ss%3Aword@") + "/app/") as poster,
    ):
        poster(event("ann & bob=é/漢"))
        await application.until_taken(1)
        poster(event("ann", False, "room 1"))  # nobody was told that she came: nothing to tell
        poster(event("ann", True, "room 1"))
        poster(event("ann", False, "room 1"))
        await application.until_taken(3)
    line, headers, body = application.requests[0]
    assert line == "POST /app/_ah/channel/connected/ HTTP/1.1"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert body == b"from=ann+%26+bob%3D%C3%A9%2F%E6%BC%A2"
    login = base64.b64encode("push@lab:päss:word".encode()).decode()
    assert headers["Authorization"] == f"Basic {login}"
    assert "@" not in headers["Host"]
    line, headers, body = application.requests[2]
    assert line == "POST /app/_ah/channel/disconnected/ HTTP/1.1"
    notice = verify_presence(headers, "/_ah/channel/disconnected/", body, key=KEY)
    assert (notice.client_id, notice.channel, notice.connected) == ("ann", "room 1", False)
    assert notice.hub == poster.hub


async def test_a_reset_comes_before_all_else_where_it_is_asked_for():
    tries = iter([status(503), b"", status(200)])
    application = Application(lambda what, who: next(tries) if what == "reset" else None)
    presence = Presence()
    async with application.listening() as url, posting(url, resets=True) as poster:
        poster.watch(presence)
        presence.join("ann", "ann")
        await application.until_taken(2)
    assert application.taken == [("reset", ""), ("connected", "ann")]
    _, headers, body = application.requests[0]
    notice = verify_presence(headers, "/_ah/channel/reset/", body, key=KEY)
    assert (notice.what, notice.hub) == ("reset", poster.hub)


async def test_after_a_reset_an_application_that_forgot_all_knows_who_is_there(unused_port):
    application, presence = Application(), Presence()
    async with posting(f"http://127.0.0.1:{unused_port}", resets=True) as poster:
        poster.watch(presence)
        async with application.listening(unused_port):
            for number in range(5):
                presence.join("room", f"c{number}")
            await application.until_taken(6)
        for number in range(3):  # while it is away
            presence.leave("room", f"c{number}")
        presence.join("room", "late")
        await application.until(lambda: poster._handlers[False].retries.down)
        application.taken.clear()
        async with application.listening(unused_port):
            await application.until(lambda: len(application.since_reset()) >= 3)
            await application.until(lambda: poster.figures()["waiting"] == 0)
            assert all(len(handler.retries) == 0 for handler in poster._handlers.values())
    after = application.since_reset()
    assert sorted(after) == [("connected", who) for who in ("c3", "c4", "late")]


# ---- one client does not wait for another ------------------------------------------------------


@pytest.mark.parametrize("code", [302, 307, 400, 404, 405])
async def test_a_refusal_is_not_repeated_and_delays_nobody(code):
    application = Application(lambda what, who: status(code) if what == "connected" else None)
    async with application.listening() as url, posting(url, first_pause_s=60) as poster:
        for number in range(6):
            poster(event(f"c{number}"))
            poster(event(f"c{number}", False))
        await poster.drain(PATIENCE_S)
        figures = poster.figures()
    assert sorted(who for _, who in application.taken) == [f"c{number}" for number in range(6)]
    assert len(application.requests) == 12
    assert figures == {"told": 6, "refused": 6, "failed": 0, "superseded": 0, "waiting": 0}


@pytest.mark.parametrize("code", [408, 425, 429, 500, 503])
async def test_what_may_pass_is_repeated(code):
    answers = iter([status(code), status(204), status(200)])
    application = Application(lambda what, who: next(answers))
    async with application.listening() as url, posting(url) as poster:
        poster(event("ann"))
        await application.until_taken(1)
        poster(event("ann", False))
        await application.until_taken(2)
        await poster.drain(PATIENCE_S)
        assert poster.figures()["failed"] == 1
    assert application.told_of("ann") == ["connected", "disconnected"]


@pytest.mark.parametrize(
    "failure",
    [b"garbage\r\n\r\n", b"HTTP/1.1 \r\n\r\n", b"x" * 100_000, b"", status(103) + status(500)],
    ids=["garbage", "no-status", "endless-line", "hang-up", "interim"],
)
async def test_what_is_no_answer_is_asked_again(failure):
    answers = iter([failure, failure])
    application = Application(lambda what, who: next(answers, None))
    async with application.listening() as url, posting(url) as poster:
        poster(event("ann"))
        poster(event("ann", False))  # perhaps it has heard the first: both are told
        await application.until_taken(2)
    assert application.told_of("ann") == ["connected", "disconnected"]


async def test_a_slow_handler_and_a_slow_client_delay_nobody_else():
    over = asyncio.Event()

    async def slowly():
        await over.wait()

    slow = ("c0", "c1", "c2")
    application = Application(
        lambda what, who: slowly() if what == "disconnected" or who in slow else None
    )
    async with application.listening() as url, posting(url) as poster:
        for number in range(40):
            poster(event(f"c{number}"))
            poster(event(f"c{number}", False))
        for number in range(40, 60):
            poster(event(f"c{number}"))
        await application.until_taken(57)
        assert {what for what, _ in application.taken} == {"connected"}
        over.set()
        await application.until_taken(100)
    for number in range(40):
        assert application.told_of(f"c{number}") == ["connected", "disconnected"]


async def test_retry_after_is_honoured():
    times = []

    def answer(what, who):
        times.append(time.monotonic())
        return status(503, "Retry-After: 1") if len(times) == 1 else None

    application = Application(answer)
    async with application.listening() as url, posting(url) as poster:
        poster(event("ann"))
        await application.until_taken(1)
    assert times[1] - times[0] >= 0.99


# ---- an application that is away ---------------------------------------------------------------


async def test_an_application_that_was_away_hears_of_those_who_are_there(unused_port):
    application, presence = Application(), Presence()
    async with posting(f"http://127.0.0.1:{unused_port}") as poster:
        poster.watch(presence)
        for number in range(50):
            presence.join("room", f"c{number}")
        await poster.drain(0.1)  # nobody listens
        for number in range(0, 50, 2):
            presence.leave("room", f"c{number}")
        await poster.drain(0.1)
        assert poster.figures()["waiting"] == 25
        async with application.listening(unused_port):
            await application.until_taken(25)
            await poster.drain(PATIENCE_S)
            presence.leave("room", "c1")
            await application.until_taken(26)
    told = {("connected", f"c{number}") for number in range(1, 50, 2)}
    assert set(application.taken[:25]) == told
    assert application.taken[25:] == [("disconnected", "c1")]


@pytest.mark.parametrize("resets", [False, True])
async def test_the_last_state_told_is_the_true_one_whatever_the_application_did(resets):
    chance, failing = random.Random(5), True

    def answer(what, who):
        if not failing:
            return None
        return chance.choice(
            [None, status(500), status(503), b"", status(429, "Retry-After: 0"), b"x\r\n\r\n"]
        )

    application, presence = Application(answer), Presence()
    there = set()
    async with application.listening() as url, posting(url, resets=resets) as poster:
        poster.watch(presence)
        for _ in range(300):
            who = f"c{chance.randrange(12)}"
            (presence.leave if who in there else presence.join)("room", who)
            there ^= {who}
            if chance.random() < 0.3:
                await asyncio.sleep(0.001)
        failing = False
        presence.join("room", "another")
        await application.until(
            lambda: not (poster.figures()["waiting"] or poster._held or poster._back.is_set())
        )
        assert poster.figures()["failed"] > 0
    if resets:
        places = [place for place, told in enumerate(application.taken) if told[0] == "reset"]
        del application.taken[: places[-1]]
    for number in range(12):
        states = application.told_of(f"c{number}")
        assert states[:1] != ["disconnected"]
        assert ((states or ["disconnected"])[-1] == "connected") == (f"c{number}" in there)


async def test_more_than_there_is_room_for_is_told_later(unused_port):
    application, presence = Application(), Presence()
    async with posting(f"http://127.0.0.1:{unused_port}") as poster:
        poster._ledger._most_open = 10
        poster.watch(presence)
        for number in range(100):
            presence.join("room", f"c{number}")
        assert poster.figures()["waiting"] == 10
        async with application.listening(unused_port):
            await application.until_taken(100)
    assert {who for _, who in application.taken} == {f"c{number}" for number in range(100)}


async def test_draining_waits_for_the_last_post():
    application = Application()
    async with application.listening() as url, posting(url) as poster:
        await poster.drain(PATIENCE_S)  # nothing to wait for
        for number in range(5):
            poster(event(f"c{number}"))
        await poster.drain(PATIENCE_S)
        assert len(application.taken) == 5


async def test_a_hub_tells_each_client_in_order_and_counts(unused_port):
    application = Application()
    changes = {"presence_url": f"http://127.0.0.1:{unused_port}", "presence_key": KEY}
    async with live_hub(transports={"sse": {}}, **changes) as hub:
        token = await hub.token("tabs")

        async def stream(stack):
            reader, writer = await stack.enter_async_context(dial(hub.url))
            writer.write(
                f"GET /v1/events?token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            await read_head(reader)

        async with contextlib.AsyncExitStack() as tabs:
            await stream(tabs)  # two tabs of one client, while nobody listens
            await stream(tabs)
            async with application.listening(unused_port):
                await application.until_taken(1)
        await hub.until_present("tabs", [])
        async with application.listening(unused_port):
            await application.until_taken(2)
            figures = (await hub.api("GET", "/v1/stats")).json["presence_posts"]
            metrics = (await hub.api("GET", "/metrics")).body.decode()
    assert application.told_of("tabs") == ["connected", "disconnected"]
    assert figures["failed"] >= 1
    assert f'pushlab_presence_posts_total{{outcome="told"}} {figures["told"]}' in metrics
    _, headers, body = application.requests[-1]
    assert verify_presence(headers, "/_ah/channel/disconnected/", body, key=KEY).channel == "tabs"


async def test_a_reset_leaves_nothing_to_repeat(unused_port):
    application = Application(lambda what, who: status(503) if what == "disconnected" else None)
    presence = Presence()
    async with posting(f"http://127.0.0.1:{unused_port}", resets=True) as poster:
        poster.watch(presence)
        async with application.listening(unused_port):
            for number in range(5):
                presence.join("room", f"c{number}")
            await application.until_taken(6)
        for number in range(5):
            presence.leave("room", f"c{number}")
            presence.join("room", f"d{number}")
        await application.until(lambda: poster._handlers[True].retries.down)
        await application.until(lambda: poster.figures()["failed"] >= 10)
        application.taken.clear()
        async with application.listening(unused_port):
            await application.until(lambda: len(application.since_reset()) >= 5)
            await application.until(lambda: poster.figures()["waiting"] == 0)
            assert all(len(handler.retries) == 0 for handler in poster._handlers.values())
            asked = len(application.requests)
            await asyncio.sleep(0.05)
            assert len(application.requests) == asked
