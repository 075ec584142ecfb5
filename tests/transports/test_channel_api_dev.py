"""The old development server's wire: what pages and clients written for it are answered."""

import time
from urllib.parse import quote

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import UsageError
from pushlab.hub.core import Hub
from pushlab.transports.channel_api_dev import ChannelApiDev, ChannelApiDevOptions, _Places
from tests.live_hub import dial, live_hub, read_answer
from tests.transports.halves import (
    SECOND,
    Connected,
    Cursor,
    Disconnected,
    Gap,
    Hand,
    response,
    texts,
)

NAME = "channel-api-dev"


class OldClient:
    """Knows what a client of 2010 knew: three commands and a token."""

    def __init__(self, hub, token, streams):
        self._hub, self._token, self._streams = hub, token, streams

    async def __call__(self, command, more=""):
        target = f"/_ah/channel/dev?command={command}&channel={quote(self._token)}{more}"
        if self._streams is None:  # a connection of its own: that is served in another way
            return await self._hub.ask("GET", target)
        reader, writer = self._streams
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return await read_answer(reader)


@pytest.mark.parametrize("kept_open", [True, False], ids=["kept-open", "closed-each-time"])
async def test_an_old_client_gets_one_message_a_poll(kept_open):
    async with live_hub(transports={NAME: {}}) as hub, dial(hub.url) as streams:
        client = OldClient(hub, await hub.token("ann"), streams if kept_open else None)
        await hub.publish("ann", "before it came")
        answers = [await client("connect")]
        assert await hub.present("ann") == ["ann"]
        sent = ["one\r\n", "zwei 漢字 🎓 </script>", "x" * 32_767]
        for text in sent:
            await hub.publish("ann", text)
        answers += [await client("poll") for _ in range(5)]
        answers.append(await client("disconnect"))
        assert await hub.present("ann") == []
        hits = (await hub.api("GET", "/v1/stats")).json["hits"][NAME]
    assert [answer.body.decode() for answer in answers] == ["1", *sent, "", "", ""]
    for answer in answers:
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert hits == {"connect": 1, "poll-useful": 3, "poll-empty": 2, "leave": 1}


async def test_what_cannot_be_answered_says_why_and_is_not_cached():
    keys = TokenKeys.fresh()
    ended = keys.sign(Grant("ann", "ann", time.time() - 1, "00"))[0]
    forged = TokenKeys(dict.fromkeys(keys.export(), b"a guessed secret")).sign(
        Grant("ann", "ann", time.time() + 60, "00")
    )[0]
    async with live_hub(transports={NAME: {}}, keys=keys.export()) as hub:
        good = await hub.token("ann")
        for query, status, reason in [
            ("", 400, "bad-command"),
            (f"channel={good}", 400, "bad-command"),
            (f"command=&channel={good}", 400, "bad-command"),
            (f"command=Poll&channel={good}", 400, "bad-command"),
            ("command=poll", 400, "token-missing"),
            ("command=connect&channel=", 400, "token-missing"),
            ("command=poll&channel=nonsense", 401, "token-invalid"),
            (f"command=disconnect&channel={forged}", 401, "token-invalid"),
            (f"command=connect&channel={ended}", 401, "token-expired"),
            (f"command=poll&channel={ended}", 401, "token-expired"),
            (f"command=poll&channel={good}&after=x", 400, "invalid-cursor"),
        ]:
            answer = await hub.ask("GET", f"/_ah/channel/dev?{query}")
            assert (answer.status, answer.json["error"]) == (status, reason), query
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["content-length"] == str(len(answer.body))
            assert good not in answer.body.decode()
            assert ended not in answer.body.decode()
        assert (await hub.ask("POST", "/_ah/channel/dev?command=connect")).status == 405
        hits = (await hub.api("GET", "/v1/stats")).json["hits"][NAME]
        assert hits == {"refused": 11}


async def test_the_hub_remembers_where_each_token_stands():
    async with live_hub(transports={NAME: {}}, settings={"retain_messages": 4}) as hub:
        ann, other = [OldClient(hub, await hub.token("ann"), None) for _ in range(2)]
        await ann("connect")
        await hub.publish("ann", "1")
        await other("poll")  # a poll without a connect connects: from now
        await hub.publish("ann", "2")
        assert (await other("poll")).body == b"2"
        assert (await ann("connect")).body == b"1"  # a page loaded anew loses nothing
        assert (await ann("poll")).body == b"1"
        new_client = await ann("connect", "&after=")  # it keeps its own cursor, and no place here
        assert new_client.headers["pushlab-cursor"].endswith("-2")
        assert (await ann("poll")).body == b"2"
        await ann("disconnect")
        await hub.publish("ann", "3")
        assert (await ann("poll")).body == b""  # it had left
        for number in range(4, 10):
            await hub.publish("ann", str(number))
        late = await ann("poll")  # an old client is not told what retention has let go of; ours is
        assert late.body == b"6"
        after, resumed = late.headers["pushlab-gap"].split()
        assert (after[-2:], resumed[-2:]) == ("-3", "-5")


def test_places_are_bounded_and_end_with_their_token():
    now = 1_000_000.0
    hub = Hub(keys=TokenKeys.fresh(), wall=lambda: now)

    def grant(name, life_s=60.0):
        return Grant("c", "c", 1_000_000 + life_s, name)

    places = _Places(hub, most=3)
    for name in "abc":
        places.put(grant(name), Cursor("e", 1))
    places.put(grant("a"), Cursor("e", 2))  # asked for again
    places.put(grant("d"), Cursor("e", 1))
    assert [places.get(grant(name)) is not None for name in "abcd"] == [True, False, True, True]
    places.forget(grant("c"))
    assert places.get(grant("a")) == Cursor("e", 2)
    places.put(grant("brief", life_s=5), Cursor("e", 1))
    assert len(places) == hub.grants.held_count == 3
    now += 5  # whichever clock a machine's sleep may have stopped
    hub.sweep()
    assert places.get(grant("brief")) is None
    now -= 3_600
    hub.sweep()
    assert len(places) == hub.grants.held_count == 2


# ---- pushlab's own client half ----------------------------------------------------------------


def make(**options):
    return ChannelApiDev(ChannelApiDevOptions(**{"random_phase": False, **options}))


def told(body, cursor, *headers):
    return response(200, body.encode(), f"Pushlab-Cursor: {cursor}", *headers)


def test_it_connects_and_then_asks_half_a_second_after_each_answer():
    hand = Hand(make())
    first = hand.dial()
    assert first.startswith(
        b"GET /_ah/channel/dev?command=connect&channel=TOKEN&after= HTTP/1.1\r\n"
    )
    assert b"authorization" not in first.lower()
    assert hand.feed(told("1", "e-7")) == [Connected(Cursor("e", 7))]
    for body, cursor in ("", "e-7"), ("", "e-7"), ("1", "e-8"), ("two", "e-9"), ("", "e-9"):
        before = hand.now
        asked = hand.wake()
        assert hand.now - before == SECOND // 2
        assert asked.startswith(b"GET /_ah/channel/dev?command=poll&channel=TOKEN&after=e-")
        assert texts(hand.feed(told(body, cursor))) == ([body] if body else [])
    assert hand.half.hits == {Hit.CONNECT: 1, Hit.POLL_EMPTY: 3, Hit.POLL_USEFUL: 2}
    hand.half.close(hand.now)
    assert b"command=disconnect&channel=TOKEN HTTP" in hand.half.data_to_send()


def test_after_a_loss_it_connects_again_from_its_cursor():
    hand = Hand(make(), cursor="e-3")
    assert b"command=connect&channel=TOKEN&after=e-3 " in hand.dial()
    gap = told("1", "f-8", "Pushlab-Gap: e-3 f-8")
    assert hand.feed(gap) == [Connected(Cursor("f", 8)), Gap(Cursor("e", 3), Cursor("f", 8))]
    assert b"command=poll&channel=TOKEN&after=f-8 " in hand.wake()
    assert texts(hand.feed(told("x", "f-9"))) == ["x"]
    hand.wake()
    assert isinstance(hand.eof()[0], Disconnected)
    assert b"command=connect&channel=TOKEN&after=f-9 " in hand.dial()
    hand.feed(told("1", "f-9"))
    assert texts(hand.feed(told("x", "f-9"))) == []  # unasked for
    assert hand.half.hits == {Hit.RECONNECT: 2, Hit.POLL_USEFUL: 1, Hit.POLL_EMPTY: 1}


def test_a_server_that_tells_no_cursor_is_not_one_of_ours():
    hand = Hand(make())
    hand.dial()
    assert isinstance(hand.feed(response(200, b"1"))[0], Disconnected)


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan"), 1e6])
def test_an_interval_that_cannot_be(interval_s):
    with pytest.raises(UsageError, match="interval_s"):
        ChannelApiDevOptions(interval_s=interval_s)
