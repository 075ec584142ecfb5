"""The old development server's wire: what pages and clients written for it are answered."""

import asyncio
import http.client
import itertools
import secrets
import time
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import UsageError
from pushlab.hub.core import Hub
from pushlab.transports._channel_api_dev_places import Places
from pushlab.transports.channel_api_dev import ChannelApiDev, ChannelApiDevOptions
from tests.live_hub import dial, live_hub, read_answer
from tests.patience import PATIENCE_S
from tests.transports.halves import (
    SECOND,
    Closed,
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
    kinds = [answer.headers.get("content-type") for answer in answers]
    assert kinds == ["text/plain", *["application/json"] * 3, None, None, None]
    assert hits == {"connect": 1, "poll-useful": 3, "poll-empty": 2, "leave": 1}


@pytest.mark.parametrize("kept_open", [True, False], ids=["kept-open", "closed-each-time"])
async def test_what_cannot_be_answered_says_why_in_the_status_line_too(kept_open):
    keys = TokenKeys.fresh()
    ended = keys.sign(Grant("ann", "ann", time.time() - 1, "00"))[0]
    forged = TokenKeys(dict.fromkeys(keys.export(), b"a guessed secret")).sign(
        Grant("ann", "ann", time.time() + 60, "00")
    )[0]
    bad, invalid, timed_out = "400 Bad Request", "401 Invalid+token.", "401 Token+timed+out."
    async with live_hub(transports={NAME: {}}, keys=keys.export()) as hub, dial(hub.url) as streams:
        good, revoked = await hub.token("ann"), await hub.token("ann")
        assert (await hub.api("DELETE", "/v1/tokens", {"token": revoked})).status == 200
        for query, line, reason in [
            ("", bad, "bad-command"),
            (f"channel={good}", bad, "bad-command"),
            (f"command=&channel={good}", bad, "bad-command"),
            (f"command=Poll&channel={good}", bad, "bad-command"),
            ("command=Poll&channel=", bad, "bad-command"),
            ("command=poll", bad, "token-missing"),
            (f"command=poll&Channel={good}", bad, "token-missing"),
            ("command=connect&channel=", invalid, "token-missing"),
            ("command=poll&channel=nonsense", invalid, "token-invalid"),
            (f"command=disconnect&channel={forged}", invalid, "token-invalid"),
            (f"command=poll&channel={revoked}", invalid, "token-revoked"),
            (f"command=connect&channel={ended}", timed_out, "token-expired"),
            (f"command=poll&channel={ended}", timed_out, "token-expired"),
            (f"command=poll&channel={good}&after=x", bad, "invalid-cursor"),
        ]:
            target = f"/_ah/channel/dev?{query}"
            if kept_open:  # the direct path; else it is uvicorn's
                reader, writer = streams
                writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                answer = await read_answer(reader)
            else:
                answer = await hub.ask("GET", target)
            assert (f"{answer.status} {answer.phrase}", answer.json["error"]) == (line, reason), (
                query
            )
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["content-length"] == str(len(answer.body))
            assert good not in answer.body.decode()
            assert ended not in answer.body.decode()
        assert (await hub.ask("POST", "/_ah/channel/dev?command=connect")).status == 405
        hits = (await hub.api("GET", "/v1/stats")).json["hits"][NAME]
        assert hits == {"refused": 14}


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
        await ann("disconnect")  # a page says so, too, that is loaded anew
        await hub.publish("ann", "3")
        assert (await ann("connect")).body == b"1"
        assert (await ann("poll")).body == b"3"
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
        return Grant(name, name, 1_000_000 + life_s, name)

    places = Places(hub, most=3)
    for name in "abc":
        places.put(grant(name), Cursor("e", 1))
    places.put(grant("a"), Cursor("e", 2))  # asked for again
    places.put(grant("d"), Cursor("e", 1))
    assert list(places._kept) == ["c", "a", "d"]
    assert len(places._last) == 3
    places.leave(grant("c"))
    assert places.get(grant("a")) == Cursor("e", 2)
    places.put(grant("brief", life_s=5), Cursor("e", 1))
    assert len(places) == hub.grants.held_count == 3
    now += 5  # whichever clock a machine's sleep may have stopped
    hub.sweep()
    assert len(places) == hub.grants.held_count == 2
    now -= 3_600
    hub.sweep()
    assert len(places) == hub.grants.held_count == 2
    assert len(places._last) <= 3


def test_the_next_token_of_a_client_goes_on_where_the_last_one_stood_for_a_while():
    wall = now = 1_000_000.0
    hub = Hub(keys=TokenKeys.fresh(), wall=lambda: wall, settings=HubSettings(lease_s=30))
    places = Places(hub, clock=lambda: now)

    def grant(name, client_id="ann", life_s=60.0):
        return Grant(client_id, client_id, 1_000_000 + life_s, name)

    places.put(grant("first"), Cursor("e", 1))
    places.put(grant("first"), Cursor("e", 5))
    assert places.get(grant("renewed early", life_s=90)) == Cursor("e", 5)
    assert places.get(grant("another's", "bob")) is None
    wall = now = 1_000_061.0  # a minute after its last poll; it has lost its lease
    hub.sweep()
    assert places.get(grant("renewed too late")) is None
    places.put(grant("second", life_s=90), Cursor("e", 7))
    wall = now = 1_000_090.5
    hub.sweep()
    assert len(places) == 0
    assert places.get(grant("third", life_s=600)) == Cursor("e", 7)  # renewed in time
    assert places.get(grant("another's", "bob")) is None
    places.put(grant("third", life_s=600), Cursor("e", 9))
    places.leave(grant("third", life_s=600))
    now += 1.9  # a page that is loaded anew
    assert places.get(grant("third", life_s=600)) == Cursor("e", 9)
    now += 0.2
    assert places.get(grant("third", life_s=600)) is None
    places.put(grant("fourth", life_s=91), Cursor("e", 11))
    places.put(grant("fifth", life_s=600), Cursor("e", 12))  # before the fourth's end is noticed
    places.put(grant("fifth", life_s=600), Cursor("e", 13))
    wall = now = now + 1
    hub.sweep()
    assert places.get(grant("sixth", life_s=600)) == Cursor("e", 13)
    places.leave(grant("fifth", life_s=600))
    now += 2.1
    places.put(grant("bob's", "bob"), Cursor("e", 9))
    assert list(places._last) == [("bob", "bob")]  # who has gone is not kept


# ---- a client that renews by the status line --------------------------------------------------


class RenewingClient:
    """As an IRC gateway of 2011 would have it: blocking, and sure of what the server says."""

    def __init__(self, authority, renew):
        self._kept = http.client.HTTPConnection(authority, timeout=PATIENCE_S)
        self._authority, self._renew, self._token = authority, renew, renew()
        self.heard = []
        self.renewed = 0

    def open(self):
        while self._ask("connect") != "1":
            self._expired()

    def poll(self):
        text = self._ask("poll")
        if text is None:
            self._expired()
            self.open()
        elif text:
            self.heard.append(text)
        return text

    def _expired(self):
        self.renewed += 1
        self._token = self._renew()

    def _ask(self, command):
        """The body; None: the token has timed out. Every other request has its own connection."""
        target = f"/_ah/channel/dev?command={command}&channel={quote(self._token)}"
        if self._kept.sock is not None and len(self.heard) % 2:
            with urlopen_or_refusal(f"http://{self._authority}{target}") as answer:
                return self._read(answer.status, answer.reason, answer.read())
        self._kept.request("GET", target)
        answer = self._kept.getresponse()
        return self._read(answer.status, answer.reason, answer.read())

    def _read(self, status, reason, body):
        if (status, reason) == (401, "Token+timed+out."):
            return None
        assert (status, reason) == (200, "OK")
        return body.decode()


def urlopen_or_refusal(url):
    try:
        return urllib.request.urlopen(url, timeout=PATIENCE_S)
    except urllib.error.HTTPError as refusal:
        return refusal


async def test_a_client_that_renews_by_the_status_line_lives_through_expiries_and_loses_nothing():
    keys, said, lives = TokenKeys.fresh(), [], itertools.count()
    loop = asyncio.get_running_loop()
    async with live_hub(transports={NAME: {}}, keys=keys.export()) as hub:
        client = None

        def publish():
            said.append(f"{len(said)}")
            asyncio.run_coroutine_threadsafe(hub.publish("ann", said[-1]), loop).result()

        def renew():
            """The application's: something is said meanwhile, of course."""
            opened = client is not None and said
            if opened:
                publish()
            if opened:
                life_s = 60.0 if client.renewed > 2 else 0.3
            else:  # a slow machine has longer and longer to open
                life_s = 0.3 * 2 ** min(next(lives), 6)
            return keys.sign(Grant("ann", "ann", time.time() + life_s, secrets.token_hex(4)))[0]

        def live():
            nonlocal client
            client = RenewingClient(hub.url.removeprefix("http://"), renew)
            client.open()
            client.renewed = 0
            publish()
            while client.renewed < 3:
                publish()
                for _ in range(2):
                    client.poll()
                    time.sleep(0.02)
            while client.poll():
                pass

        await asyncio.to_thread(live)
    assert client.heard == said
    assert client.renewed == 3


def test_our_own_client_reads_the_phrase_where_a_proxy_has_put_another_body():
    for phrase, reason in [
        ("Token+timed+out.", "token-expired"),
        ("Invalid+token.", "token-invalid"),
        ("Unauthorized", "http-401"),
    ]:
        hand = Hand(make())
        hand.dial()
        answer = f"HTTP/1.1 401 {phrase}\r\nContent-Length: 4\r\n\r\nsorr"
        assert hand.feed(answer[:15].encode()) == []
        assert hand.feed(answer[15:].encode()) == [Closed(reason, 401)]


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
