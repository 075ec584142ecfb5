"""`channel.js` in a real browser: the Channel API's events over every transport, come what may.

Each test opens all transports at once, in one page, against one server.
"""

import itertools
import json
import time

import pytest

from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import TokenKeys
from tests.bad_link import BadLink
from tests.patience import PATIENCE_S
from tests.web.live_site import BROWSER_TRANSPORTS, MQTT_BUNDLE, Site, until

#: MQTT takes part where the browser's client of it is installed.
TRANSPORTS = [
    name
    for name in (*BROWSER_TRANSPORTS, "channel-api-dev")
    if name != "mqtt" or MQTT_BUNDLE.exists()
]

#: Else Playwright looks at every frame, and the browser paints sixty of them a second for it.
_LOOK_EVERY_MS = 50

HARNESS = """async () => {
  const { Channel } = await import("/web/channel.js");
  window.seen = {};
  window.sockets = {};
  window.listen = (name, token, options = {}) => {
    const seen = (window.seen[name] = []);
    const own = { pollInterval: 0.2, transport: name, ...options };
    let failures = own.renewalFails ?? 0;
    if ("renewed" in own) own.refreshToken = async () => {
      if (failures-- > 0) throw new Error("the application is away");
      if (own.renewalWaits) await new Promise(done => (window.give = done));
      return own.renewed;
    };
    const socket = (window.sockets[name] = new Channel(token, own).open());
    for (const kind of ["open", "message", "error", "close", "gap", "lost", "reconnect"]) {
      socket[`on${kind}`] = (event) => seen.push([kind, socket.readyState, event]);
    }
    return socket.readyState;
  };
  window.kinds = (kind) => Object.fromEntries(Object.entries(window.seen).map(
    ([name, seen]) => [name, seen.filter(([one]) => one === kind).map(([, , event]) => event)]));
}"""


#: More than a minute goes by.
LATER = """() => {
  const now = performance.now.bind(performance);
  performance.now = () => now() + 61_000;
}"""


class Listeners:
    """The sockets of one page, by name, and what they have seen."""

    def __init__(self, page, url):
        self.page = page
        page.goto(f"{url}/web/page.js")  # any document of the site's, with its policy
        page.evaluate(HARNESS)
        self.names = []

    def open(self, name, token, **options):
        assert self.page.evaluate("([n, t, o]) => listen(n, t, o)", [name, token, options]) == 0
        self.names.append(name)

    def seen(self, name, *without):
        events = self.page.evaluate("name => seen[name]", name)
        return [event for event in events if event[0] not in without]

    def kinds(self, name, *without):
        return [kind for kind, _, _ in self.seen(name, *without)]

    def texts(self, name):
        return [event["data"] for kind, _, event in self.seen(name) if kind == "message"]

    def until(self, name, *kinds):
        """Wait until each of these has been seen by `name`."""
        for kind in kinds:
            self.page.wait_for_function(
                "([name, kind]) => seen[name].some(([one]) => one === kind)",
                arg=[name, kind],
                polling=_LOOK_EVERY_MS,
            )

    def all_until(self, *kinds):
        for name in self.names:
            self.until(name, *kinds)

    def all_until_texts(self, texts):
        """Every socket has been given these and nothing else, in this order."""
        last = texts[-1]
        for name in self.names:
            self.page.wait_for_function(
                "([name, last]) => seen[name].some(([kind, , e]) => kind === 'message' && "
                "e.data === last)",
                arg=[name, last],
                polling=_LOOK_EVERY_MS,
            )
            assert self.texts(name) == texts, name

    def stats(self, name):
        return self.page.evaluate("name => sockets[name].stats", name)


@pytest.fixture
def context(only_page):
    return only_page.context


@pytest.fixture
def page(kept_page):
    return kept_page


@pytest.fixture
def link(site):
    one = BadLink.before(site.url)
    yield one
    one.close()


@pytest.fixture(scope="module")
def own():
    """A server that nobody else uses; it keeps three messages of a channel."""
    one = Site(broker="auto", settings=HubSettings(retain_messages=3), presence_url=None)
    one.start()
    yield one
    one.stop()


def same_hits(counted, told):
    """Whether they are the same; a question taken back may have gone out or not."""
    polls = "poll-empty"
    near = 0 <= told.get(polls, 0) - counted.get(polls, 0) <= 1
    return near and {**counted, polls: 0} == {**told, polls: 0}


def test_hits_are_those_that_the_server_counts(own, page):
    site = own
    listeners = Listeners(page, site.url)
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"hits {name}", "hits"))
    listeners.all_until("open")
    for text in ("one", "two"):
        site.publish("hits", text)
        page.wait_for_timeout(300)
    listeners.all_until_texts(["one", "two"])
    page.evaluate("() => Object.values(sockets).forEach(socket => socket.close())")
    for name in TRANSPORTS:
        told = listeners.stats(name)["hits"]
        until(lambda name=name, told=told: same_hits(site.hits(name), told), f"{name}: {told}")
        assert listeners.stats(name)["sent"] > 100, name
        assert listeners.stats(name)["received"] > 6, name


def test_a_cursor_behind_retention_is_a_gap_and_one_ahead_is_refused(own, page):
    own.publish("short", "0")
    listeners = Listeners(page, own.url)
    listeners.open("first", own.token("first", "short"), transport="websocket")
    listeners.until("first", "open")
    after = page.evaluate("() => sockets.first.cursor")
    assert after.endswith("-1")
    page.evaluate("() => sockets.first.close()")
    own.publish_all("short", [str(number) for number in range(1, 9)])
    ahead = after.replace("-1", "-99")
    for name in TRANSPORTS:
        token = own.token(name, "short")
        listeners.open(name, token, after=after)
        listeners.open(f"{name} ahead", token, transport=name, after=ahead)
    listeners.names = TRANSPORTS
    listeners.all_until_texts(["6", "7", "8"])
    for name in TRANSPORTS:
        assert listeners.kinds(name)[:2] == ["open", "gap"], name
        gap = listeners.seen(name)[1][2]
        assert (gap["after"], gap["missed"]) == (after, 5), name
        listeners.until(f"{name} ahead", "error", "close")
        error = listeners.seen(f"{name} ahead")[0][2]
        assert (error["code"], error["reason"]) == (400, "invalid-cursor"), name


def test_a_server_that_is_killed_and_started_again(own, page):
    site = own
    listeners = Listeners(page, site.url)
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"reader {name}", "news"))
    listeners.all_until("open")
    site.publish_all("news", ["a", "b"])
    listeners.all_until_texts(["a", "b"])
    site.kill()
    listeners.all_until("lost")
    site.start()
    site.publish_all("news", ["c", "d"])
    listeners.all_until_texts(["a", "b", "c", "d"])
    for name in TRANSPORTS:
        assert listeners.kinds(name, "lost") == [
            *["open", "message", "message", "reconnect", "gap", "message", "message"],
        ], name
        gap = next(event for kind, _, event in listeners.seen(name) if kind == "gap")
        assert gap["missed"] is None  # nobody knows what the lost log had
        assert gap["after"].endswith("-2")
        assert gap["resumed"].endswith("-0")
        assert listeners.stats(name)["reconnects"] == 1


def test_open_message_close(site, page):
    listeners = Listeners(page, site.url)
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"events {name}"))
    listeners.all_until("open")
    for name in TRANSPORTS:
        site.publish(f"events {name}", "one")
        site.publish(f"events {name}", "two")
    listeners.all_until_texts(["one", "two"])
    until(lambda: site.present(f"events {TRANSPORTS[0]}"), "it is present")
    states = page.evaluate(
        "names => names.map(n => (sockets[n].close(), sockets[n].close(), sockets[n].readyState))",
        TRANSPORTS,
    )
    assert set(states) == {2}
    listeners.all_until("close")
    for name in TRANSPORTS:
        assert [event[:2] for event in listeners.seen(name)] == [
            ["open", 1],
            ["message", 1],
            ["message", 1],
            ["close", 3],
        ], name
        assert [event[2]["seq"] for event in listeners.seen(name)[1:3]] == [1, 2]
        site.publish(f"events {name}", "late")
        until(lambda name=name: not site.present(f"events {name}"), f"{name} has left")
    assert all("late" not in listeners.texts(name) for name in TRANSPORTS)


def test_a_bad_token_is_error_401_and_then_close(site, page):
    listeners = Listeners(page, site.url)
    forged = site.signed("eve", "eve", life_s=3_600, keys=TokenKeys.fresh())
    expired = site.signed("eve", "eve", life_s=-1)
    for name in [*TRANSPORTS, "auto"]:
        listeners.open(name, expired)
    for name in TRANSPORTS:
        listeners.page.evaluate(
            "([name, token]) => listen(`${name} forged`, token, {transport: name})", [name, forged]
        )
        listeners.names.append(f"{name} forged")
    listeners.all_until("error", "close")
    for name in listeners.names:
        (error, close) = listeners.seen(name)
        assert error[:2] == ["error", 2], name
        assert close[:2] == ["close", 3], name
        assert error[2]["code"] == 401, name
        assert expired not in json.dumps(error), name
        wanted = "token-revoked" if name.endswith("forged") else "token-expired"
        assert error[2]["reason"] == wanted, name


def test_a_token_that_expires_ends_it_or_is_renewed(site, page):
    listeners = Listeners(page, site.url)
    for life_s in (4, 16, 64):  # the socket is to be open when the token ends, on any machine
        page.evaluate("() => Object.values(sockets).forEach(socket => socket.close())")
        listeners.names = []
        channels = {name: f"expiry {name} {life_s}" for name in TRANSPORTS}
        for name, channel in channels.items():
            listeners.open(name, site.signed("ann", channel, life_s=life_s))
            short, renewed = site.signed("bob", channel, life_s=life_s), site.token("bob", channel)
            listeners.open(f"{name} renewed", short, transport=name, renewed=renewed)
        page.wait_for_function("() => Object.values(seen).every(seen => seen.length)")
        if all(listeners.kinds(name)[0] == "open" for name in listeners.names):
            break
    sent = {name: [] for name in TRANSPORTS}
    deadline = time.monotonic() + 64 + PATIENCE_S
    for turn in itertools.count():
        for name, channel in channels.items():
            if name != "channel-api-dev" or turn % 6 == 0:  # it takes two messages a second
                sent[name].append(str(len(sent[name])))
                site.publish(channel, sent[name][-1])
        time.sleep(0.1)
        if all("close" in listeners.kinds(name) for name in TRANSPORTS) or (
            time.monotonic() > deadline
        ):
            break
    for name, channel in channels.items():
        assert listeners.kinds(name, "message") == ["open", "error", "close"], name
        assert listeners.texts(name), name
        error = listeners.seen(name, "message")[1][2]
        assert (error["code"], error["reason"]) == (401, "token-expired"), name
        sent[name].append("last")
        site.publish(channel, "last")
    for name in TRANSPORTS:
        listeners.names = [f"{name} renewed"]
        first = listeners.texts(f"{name} renewed")[0]
        listeners.all_until_texts(sent[name][sent[name].index(first) :])
        kinds = listeners.kinds(f"{name} renewed", "message")
        assert kinds == ["open", "lost", "reconnect"], name


def test_a_token_that_is_revoked_ends_it_or_is_renewed(site, page):
    listeners = Listeners(page, site.url)
    tokens = {}
    for name in TRANSPORTS:
        channel = f"revoking {name}"
        for who, more in ((name, {}), (f"{name} renewed", {"renewed": site.token("ann", channel)})):
            tokens[who] = site.token("ann", channel)
            listeners.open(who, tokens[who], transport=name, **more)
    listeners.all_until("open")
    for name in TRANSPORTS:
        until(lambda name=name: site.present(f"revoking {name}"), f"{name} is there")
    for token in tokens.values():
        site.api("DELETE", "/v1/tokens", {"token": token})
    for name in TRANSPORTS:
        site.publish(f"revoking {name}", "for who still may")
    for name in TRANSPORTS:
        listeners.names = [name]
        listeners.all_until("open", "error", "close")
        error = listeners.seen(name)[1][2]
        assert (error["code"], error["reason"]) == (401, "token-revoked"), name
        assert tokens[name] not in json.dumps(error), name
        listeners.names = [f"{name} renewed"]
        listeners.all_until_texts(["for who still may"])
        assert listeners.kinds(f"{name} renewed", "message") == ["open", "lost", "reconnect"], name


def test_a_new_token_is_asked_for_until_there_is_one_or_none_any_more(site, page):
    listeners = Listeners(page, site.url)
    for name in TRANSPORTS:
        channel = f"renewal {name}"
        listeners.open(name, site.token("ann", channel) + "x", renewed=site.token("ann", channel))
        listeners.open(
            f"{name} later",
            site.token("bob", channel) + "x",
            transport=name,
            renewed=site.token("bob", channel),
            renewalFails=2,
        )
        listeners.open(f"{name} never", "x", transport=name, renewed=None, renewalFails=1)
    listeners.names = [name for name in listeners.names if not name.endswith("never")]
    listeners.all_until("open")
    listeners.open("in vain", "x", transport="sse", renewed="", renewalFails=1_000_000)
    listeners.names.remove("in vain")
    for name in TRANSPORTS:
        site.publish(f"renewal {name}", "hello")
    listeners.all_until_texts(["hello"])
    for name in TRANSPORTS:
        listeners.until(f"{name} never", "close")
        error, _ = listeners.seen(f"{name} never")
        assert (error[2]["code"], error[2]["reason"]) == (401, "token-invalid"), name
        assert error[2]["description"].endswith("; there is no new one")
    assert listeners.kinds("in vain") == []
    page.evaluate(LATER)
    listeners.until("in vain", "close")
    error, _ = listeners.seen("in vain")
    assert error[2]["description"].endswith("getting a new one failed: the application is away")


def test_while_a_new_token_is_fetched_nobody_asks_with_the_old_one(site, page):
    listeners = Listeners(page, site.url)
    good = site.token("ann", "awaited")
    listeners.open("ann", "x", transport="long-polling", renewed=good, renewalWaits=True)
    page.wait_for_function("() => window.give", polling=_LOOK_EVERY_MS)
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_timeout(300)  # in which the old one could be refused for good
    page.evaluate("() => give()")
    listeners.until("ann", "open")
    assert listeners.kinds("ann") == ["open"]


def test_a_new_token_that_takes_too_long_is_asked_for_again(site, page):
    listeners = Listeners(page, site.url)
    page.evaluate(
        """token => {
          const real = window.setTimeout;
          window.setTimeout = (act, ms, ...all) => real(act, ms === 29_000 ? 50 : ms, ...all);
          let asked = 0;
          listen("ann", "x", {
            transport: "websocket",
            refreshToken: () => ((asked += 1) > 1 ? token : new Promise(() => {})),
          });
        }""",
        site.token("ann", "late"),
    )
    listeners.until("ann", "open")
    assert listeners.kinds("ann") == ["open"]


def test_a_connection_that_stood_begins_the_minute_of_failing_renewals_anew(site, page):
    listeners = Listeners(page, site.url)
    page.evaluate(
        """token => {
          let refusing = false;
          window.refuse = on => (refusing = on);
          window.renewals = 0;
          const no = () => new Response('{"error": "token-expired"}', { status: 401 });
          listen("ann", token, {
            transport: "short-polling", pollInterval: 0.05,
            fetch: async (...all) => (refusing ? no() : fetch(...all)),
            refreshToken: async () => {
              renewals += 1;
              throw new Error("the application is away");
            },
          });
        }""",
        site.token("ann", "minutes"),
    )
    listeners.until("ann", "open")
    page.evaluate("() => refuse(true)")
    page.wait_for_function("() => renewals >= 1", polling=_LOOK_EVERY_MS)
    page.evaluate("() => refuse(false)")
    listeners.until("ann", "reconnect")
    page.evaluate(LATER)
    asked = page.evaluate("() => (refuse(true), renewals)")
    page.wait_for_function("asked => renewals >= asked + 3", arg=asked, polling=_LOOK_EVERY_MS)
    assert "close" not in listeners.kinds("ann")


def test_the_longest_message_and_the_oddest(site, page):
    longest = ("Grüße, 世界! Здравствуй, мир — 🎉 שלום مرحبا\r\n\t\x00" * 700).encode()[:32_767]
    longest = longest.decode(errors="ignore")
    longest += "x" * (32_767 - len(longest.encode()))
    texts = [longest, "\n", "\r", "data: x\n\nid: 9-9\n\n", "\ufeff", " ", "gap 1-1 2-2", "\u2028"]
    listeners = Listeners(page, site.url)
    site.publish("texts", "first")
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"reader {name}", "texts"))
    listeners.all_until("open")
    for text in texts:
        site.publish("texts", text)
    listeners.all_until_texts(texts)
    status, _, _ = site.ask(
        "POST", "/v1/channels/texts/messages", (longest + "x").encode(), secret=site.api_key
    )
    assert status == 413


def test_five_seconds_offline(site, link, page, context):
    listeners = Listeners(page, link.url)
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"offline {name}", "offline"))
    listeners.all_until("open")
    site.publish("offline", "before")
    listeners.all_until_texts(["before"])
    context.set_offline(True)
    link.black_out()  # the connections of before are dead, and nobody is told
    link.up = False
    texts = [f"while away {number}" for number in range(20)]
    site.publish_all("offline", texts)
    page.wait_for_timeout(5_000)
    assert all(listeners.texts(name) == ["before"] for name in TRANSPORTS)
    link.up = True
    context.set_offline(False)
    # Streams that wait for TCP to notice would take minutes; a long poll its whole hold.
    listeners.all_until_texts(["before", *texts])
    for name in TRANSPORTS:
        assert "gap" not in listeners.kinds(name)
        assert listeners.stats(name)["messages"] == 21


def test_a_hidden_tab_and_a_frozen_one_catch_up(site, link, tabs):
    tab = tabs.open("about:blank")
    listeners = Listeners(tab, link.url)
    tab.evaluate(
        "() => { window.fate = []; const note = e => fate.push(e.type); "
        "for (const e of ['freeze', 'resume']) document.addEventListener(e, note); }"
    )
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"hidden {name}", "hidden"))
    listeners.all_until("open")
    tabs.open("about:blank")
    assert tab.evaluate("() => document.visibilityState") == "hidden"
    texts = [str(number) for number in range(9)]
    site.publish_all("hidden", texts[:3])
    listeners.all_until_texts(texts[:3])  # it is told, if it is told at all, while it is hidden
    tab.freeze()
    site.publish_all("hidden", texts[3:6])
    link.black_out()
    site.publish_all("hidden", texts[6:])
    tab.thaw()
    tab.show()
    listeners.all_until_texts(texts)
    assert tab.evaluate("() => fate") == ["freeze", "resume"]
    for name in TRANSPORTS:
        assert "gap" not in listeners.kinds(name), name
        assert listeners.stats(name)["messages"] == 9, name


def test_a_page_that_is_left_says_goodbye(site, page):
    listeners = Listeners(page, site.url)
    for name in TRANSPORTS:
        listeners.open(name, site.token(name, "left"))
    listeners.all_until("open")
    until(lambda: len(site.present("left")) == len(TRANSPORTS), "all are present")
    page.goto("about:blank")
    # A lease alone would keep the polling ones for half a minute and more.
    until(lambda: site.present("left") == [], "all have left")


def test_a_page_that_was_put_aside_goes_on_when_it_is_shown_again(site, tabs):
    tab = tabs.open("about:blank")
    listeners = Listeners(tab, site.url)
    tab.evaluate(
        "() => { window.fate = []; "
        "for (const e of ['pagehide', 'pageshow']) "
        "addEventListener(e, ({ type, persisted }) => fate.push([type, persisted])); }"
    )
    for name in TRANSPORTS:
        listeners.open(name, site.token(f"aside {name}", "aside"))
    listeners.all_until("open")
    site.publish("aside", "before")
    listeners.all_until_texts(["before"])
    tab.goto(f"{site.url}/web/style.css")
    until(lambda: site.present("aside") == [], "all have left")
    site.publish("aside", "meanwhile")
    tab.back(f"{site.url}/web/page.js")
    assert tab.evaluate("() => fate") == [["pagehide", True], ["pageshow", True]]
    site.publish("aside", "after")
    listeners.all_until_texts(["before", "meanwhile", "after"])
    for name in TRANSPORTS:
        kinds = listeners.kinds(name, "message")
        assert kinds == ["open", "lost", "reconnect"], name


def test_auto_takes_what_gets_through_and_keeps_it(site, link, page):
    listeners = Listeners(page, link.url)
    page.evaluate("token => listen('free', token, {transport: 'auto'})", site.token("a", "auto"))
    listeners.names.append("free")
    listeners.until("free", "open")
    link.forbidden.append(b"Upgrade: websocket")  # as a proxy may that knows no WebSocket
    page.evaluate("token => listen('sse', token, {transport: 'auto'})", site.token("b", "auto"))
    listeners.names.append("sse")
    listeners.until("sse", "open")
    link.vanishing.append(b"GET /v1/events")  # and one that waits for the end of a response
    page.evaluate("token => listen('poll', token, {transport: 'auto'})", site.token("c", "auto"))
    listeners.names.append("poll")
    listeners.until("poll", "open")
    transports = "() => ['free', 'sse', 'poll'].map(name => sockets[name].transport)"
    assert page.evaluate(transports) == ["websocket", "sse", "long-polling"]
    site.publish("auto", "one")
    listeners.all_until_texts(["one"])
    link.forbidden.clear()
    link.vanishing.clear()
    link.cut(reset=True)
    site.publish("auto", "two")
    listeners.all_until_texts(["one", "two"])
    assert page.evaluate(transports) == ["websocket", "sse", "long-polling"]


def test_what_comes_twice_is_dropped_and_what_is_missing_is_told(site, page):
    """Against a server that sends what a good one does not, put in by the `fetch` option."""
    Listeners(page, site.url)
    told = page.evaluate(
        """async () => {
          const page = (cursor, ...seqs) => [200, JSON.stringify(
            {cursor, messages: seqs.map(seq => ({seq, data: `${cursor[0]}${seq}`}))})];
          const answers = [
            [204, null], page("a-2", 1, 2), page("a-3", 2, 3), page("a-8", 7, 8),
            [200, "nonsense"], [503, "{}"], page("b-2", 1, 2), page("b-2", 1, 2),
            [429, '{"error": "too-many"}'], [403, '{"error": "no", "detail": "No entry."}'],
          ];
          const asked = [];
          const fetch = async (url) => {
            asked.push(new URL(url).searchParams.get("after"));
            const [status, body] = answers.shift();
            return new Response(body, {status, headers: {"Pushlab-Cursor": "a-0"}});
          };
          const { Channel } = await import("/web/channel.js");
          return new Promise((done) => {
            const told = [];
            const options = {transport: "long-polling", fetch};
            const socket = new Channel("token", options).open({
              onmessage: ({data}) => told.push(data),
              ongap: ({after, resumed, missed}) => told.push(`${after} ${resumed} ${missed}`),
              onlost: () => told.push("lost"),
              onerror: ({code, description}) => told.push(code, description),
              onclose: () => done([told, asked, socket.stats.duplicates]),
            });
          });
        }"""
    )
    assert told == [
        [
            *["a1", "a2", "a3", "a-3 a-6 3", "a7", "a8", "lost", "a-8 b-0 null", "b1", "b2"],
            *["lost", 403, "No entry."],
        ],
        ["", "a-0", "a-2", "a-3", "a-8", "a-8", "a-8", "b-2", "b-2", "b-2"],
        3,
    ]


def test_two_that_were_swapped_are_told_apart_from_what_is_lost_or_repeated(site, page):
    page.goto(site.url)
    told = page.evaluate(
        """async () => {
          const page = (cursor, ...seqs) => [200, JSON.stringify(
            {cursor, messages: seqs.map(seq => ({seq, data: `a${seq}`}))})];
          const answers = [[204, null], page("a-5", 1, 3, 2, 5), page("a-5", 4, 5),
            [403, '{"error": "no"}']];
          const fetch = async () => {
            const [status, body] = answers.shift();
            return new Response(body, {status, headers: {"Pushlab-Cursor": "a-0"}});
          };
          const { Channel } = await import("/web/channel.js");
          return new Promise((done) => {
            const told = [];
            const socket = new Channel("token", {transport: "long-polling", fetch}).open({
              onmessage: ({seq}) => told.push(seq),
              ongap: ({missed}) => told.push(`gap ${missed}`),
              onovertaken: ({seq, data}) => told.push(`late ${seq} ${data}`),
              onclose: () => done([told, socket.stats.duplicates, socket.stats.reordered]),
            });
          });
        }"""
    )
    assert told == [[1, "gap 1", 3, "late 2 a2", "gap 1", 5, "late 4 a4"], 1, 2]


@pytest.mark.skipif("mqtt" not in TRANSPORTS, reason="MQTT is not installed for the browser")
def test_over_mqtt_a_log_in_that_the_broker_refuses_is_told_with_the_hubs_reason(
    site, page, with_mqtt
):
    listeners = Listeners(page, site.url)
    bearer = {"Authorization": f"Bearer {site.token('mqtt in time')}"}
    answers = [site.ask("GET", "/v1/endpoints", headers=bearer)[2]]

    def answer(route):  # it expires between the hub's answer and the log-in
        if answers:
            route.fulfill(status=200, content_type="application/json", body=answers.pop())
        else:
            route.continue_()

    page.route("**/v1/endpoints", answer)
    listeners.open("mqtt", site.signed("ann", "mqtt too late", life_s=-1))
    listeners.until("mqtt", "close")
    assert answers == []
    (error, _) = listeners.seen("mqtt")
    assert (error[2]["code"], error[2]["reason"]) == (401, "token-expired")


def test_over_mqtt_what_is_lost_on_the_way_is_asked_for(site, page):
    """No broker sends a message again while the connection stands."""
    listeners = Listeners(page, site.url)
    page.evaluate(
        """token => {
          window.swallowed = 0;
          class Losing extends WebSocket {
            constructor(...all) {
              super(...all);
              this.addEventListener("message", event => {
                const text = new TextDecoder().decode(event.data);
                if (!text.includes("to be lost") || swallowed > 0) return;
                swallowed += 1;
                event.stopImmediatePropagation();
              });
            }
          }
          listen("mqtt", token, { WebSocket: Losing });
        }""",
        site.token("ann", "holes"),
    )
    listeners.names.append("mqtt")
    listeners.all_until("open")
    site.publish("holes", "first")
    site.publish("holes", "to be lost")
    page.wait_for_function("() => swallowed === 1", polling=_LOOK_EVERY_MS)
    site.publish("holes", "third")
    site.publish("holes", "fourth")
    listeners.all_until_texts(["first", "to be lost", "third", "fourth"])
    assert listeners.kinds("mqtt", "message") == ["open"], "neither lost nor a gap"
    assert listeners.stats("mqtt")["hits"]["reconnect"] >= 1, "the question"


def test_each_message_is_shown_once_however_often_the_transport_is_switched(site, page):
    Listeners(page, site.url)
    page.evaluate(
        """async token => {
          const { SwitchedChannel } = await import("/web/transport_switch.js");
          window.shown = [];
          window.told = [];
          const tell = kind => (...what) => told.push([kind, ...what]);
          window.switched = new SwitchedChannel({
            token, after: null, transport: "websocket", pollInterval: 0.2,
            refreshToken: async () => null,
            handlers: {
              onopen: () => (window.opened = (window.opened ?? 0) + 1),
              onmessage: ({ data }) => shown.push(data),
              ongap: tell("gap"), onend: tell("end"), onrefused: tell("refused"),
              onhit() {}, onbytes() {}, onlost() {}, onreconnect() {},
            },
          });
        }""",
        site.token("ann", "switched"),
    )
    page.wait_for_function("() => window.opened", polling=_LOOK_EVERY_MS)
    texts = [str(number) for number in range(90)]  # each way six times
    ways = itertools.cycle(name for name in TRANSPORTS if name != "channel-api-dev")
    for text in texts:
        site.publish("switched", text)
        if int(text) % 3 == 0:
            page.evaluate("name => switched.switchTo(name)", next(ways))
    page.wait_for_function("last => shown.includes(last)", arg=texts[-1], polling=_LOOK_EVERY_MS)
    page.evaluate("() => switched.switchTo('sse')")
    site.publish("switched", "the end")
    page.wait_for_function("() => shown.includes('the end')", polling=_LOOK_EVERY_MS)
    assert page.evaluate("() => shown") == [*texts, "the end"]
    assert page.evaluate("() => told") == []


def test_who_closes_when_told_of_a_loss_asks_no_more(site, page):
    Listeners(page, site.url)
    asked = page.evaluate(
        """async () => {
          const { Channel } = await import("/web/channel.js");
          let asked = 0;
          const fetch = async () => {
            asked += 1;
            if (asked > 1) throw new TypeError("no network");
            return new Response(null, {status: 204, headers: {"Pushlab-Cursor": "a-0"}});
          };
          const options = {transport: "long-polling", fetch};
          await new Promise((closed) => {
            const socket = new Channel("token", options).open({
              onlost: () => socket.close(), onclose: closed,
            });
          });
          await new Promise((later) => setTimeout(later, 500)); // a new try comes within 100 ms
          return asked;
        }"""
    )
    assert asked == 2


def test_a_server_that_says_when_to_come_back_is_heard(site, browser):
    """By a clock that the test turns, so that a busy machine makes no try late."""
    with browser.new_context() as turned:  # a context keeps its clock
        told, untold = tries_by_the_clock(turned.new_page(), site)
    assert told[1] - told[0] >= 5_000
    assert sum(at < told[1] for at in untold) >= 3  # who is not told waits at most 2 s at first


def tries_by_the_clock(page, site):
    """When a client that is told to wait for 5 s asks, until it asks again, and one that is not."""
    page.goto(f"{site.url}/web/page.js")
    page.clock.install()
    page.evaluate(
        """async () => {
          const { Channel } = await import("/web/channel.js");
          window.asked = { told: [], untold: [] };
          for (const [which, times] of Object.entries(asked)) {
            const headers = which === "told" ? { "Retry-After": "5" } : {};
            const fetch = async () => {
              times.push(performance.now());
              return new Response("{}", { status: 503, headers });
            };
            new Channel("token", { transport: "short-polling", fetch }).open();
          }
        }"""
    )

    def turn():
        page.clock.run_for(500)
        return page.evaluate("asked.told.length > 1")

    until(turn, "it comes back")
    return page.evaluate("[asked.told, asked.untold]")


@pytest.mark.parametrize("body", ["null", "<p>no</p>", "{}"])
def test_a_refusal_that_is_not_a_hubs_is_told_as_it_is(site, page, body):
    Listeners(page, site.url)
    error = page.evaluate(
        """async (body) => {
          const { Channel } = await import("/web/channel.js");
          const fetch = async () => new Response(body, {status: 403});
          const WebSocket = class { constructor() { throw new Error("none here"); } };
          const socket = new Channel("token", {transport: "auto", fetch, WebSocket}).open();
          return new Promise((done) => { socket.onerror = done; });
        }""",
        body,
    )
    assert (error["code"], error["reason"]) == (403, "http-403")
    assert error["description"] == "the server answered 403"


def test_handlers_by_argument_late_missing_and_throwing(site, page, page_errors):
    Listeners(page, site.url)
    token = site.token("handlers")
    page.evaluate(
        """async ([token, bad]) => {
          const { Channel } = await import("/web/channel.js");
          window.got = [];
          new Channel(token, {transport: "websocket"}).open();
          new Channel(bad, {transport: "websocket"}).open();
          const thrower = new Channel(token, {transport: "websocket"}).open({
            onopen() { got.push(["open", this === thrower]); },
            onmessage({ data }) { got.push(data); throw new Error(`thrown at ${data}`); },
          });
        }""",
        [token, token + "x"],
    )
    page.wait_for_function("() => got.length === 1")
    site.publish("handlers", "one")
    page.wait_for_function("() => got.length === 2")
    site.publish("handlers", "two")
    page.wait_for_function("() => got.length === 3")
    assert page.evaluate("() => got") == [["open", True], "one", "two"]
    until(lambda: len(page_errors) == 2, "both are reported")
    assert all("thrown at" in error for error in page_errors)
    page_errors.clear()


def test_what_cannot_be_done_is_said_in_plain_words(site, page):
    listeners = Listeners(page, site.url)
    token = site.token("plain")
    page.route("**/web/vendor/mqtt.esm.js", lambda route: route.fulfill(status=404))
    listeners.open("mqtt", token)
    listeners.open("pigeon", token)
    page.evaluate("token => listen('cursor', token, {transport: 'sse', after: 'x'})", token)
    listeners.names.append("cursor")
    listeners.open("server", token, transport="sse", server="nonsense")
    listeners.open("nobody's", token, transport="mqtt", server=f"{site.url}/nothing/here")
    listeners.all_until("error", "close")
    told = {name: listeners.seen(name)[0][2] for name in listeners.names}
    assert told["mqtt"]["code"] == 501
    assert told["mqtt"]["description"] == "MQTT is not installed here: run make web"
    assert told["pigeon"]["code"] == 400
    assert '"pigeon"' in told["pigeon"]["description"]
    assert "websocket" in told["pigeon"]["description"]
    assert told["server"]["reason"] == "bad-server"
    assert told["nobody's"]["code"] == 404
    assert (told["cursor"]["code"], told["cursor"]["reason"]) == (400, "invalid-cursor")


# ---- a proxy that drops Upgrade ---------------------------------------------------------------

NO_UPGRADE = """class extends EventTarget {
  readyState = 0;
  constructor() {
    super();
    window.dialled = (window.dialled ?? 0) + 1;
    setTimeout(() => {
      this.readyState = 3;
      this.dispatchEvent(new CloseEvent("close", { code: 1006 }));
    });
  }
  close() {}
  send() {}
}"""

THROUGH_PROXY = """async ({ token, transport }) => {
  const { Channel } = await import("/web/channel.js");
  const told = (window.told = []);
  window.socket = new Channel(token, { transport, WebSocket: NO_UPGRADE }).open({
    onopen: () => told.push("open"),
    onerror: ({ code }) => told.push(code),
    ontrouble: ({ reason }) => told.push(reason),
  });
}""".replace("NO_UPGRADE", NO_UPGRADE)


def test_a_websocket_that_no_upgrade_reaches_says_so_and_auto_goes_on(site, context):
    page = context.new_page()
    page.goto(f"{site.url}/web/page.js")
    page.evaluate(THROUGH_PROXY, {"token": site.token("ann"), "transport": "websocket"})
    until(lambda: page.evaluate("dialled") > 2, "it keeps trying, as it was told")
    (told,) = page.evaluate("told")
    assert "a proxy on the way may drop the Upgrade header" in told
    assert page.evaluate("socket.trouble") == told
    assert page.evaluate("socket.readyState") == 0
    page.evaluate("socket.close()")

    if MQTT_BUNDLE.exists():
        page.evaluate(THROUGH_PROXY, {"token": site.token("ann"), "transport": "mqtt"})
        until(lambda: page.evaluate("told.length") > 0, "MQTT says the same")
        assert page.evaluate("told") == [told]
        page.evaluate("socket.close()")

    page.evaluate(THROUGH_PROXY, {"token": "nonsense", "transport": "websocket"})
    until(lambda: 401 in page.evaluate("told"), "what is wrong with the token is found out")

    page.evaluate(THROUGH_PROXY, {"token": site.token("ann"), "transport": "auto"})
    until(lambda: "open" in page.evaluate("told"), "the next transport")
    assert page.evaluate("socket.transport") == "sse"
    assert page.evaluate("socket.trouble") is None

    page.route("**/v1/endpoints", lambda route: route.fulfill(body="<html>Please log in"))
    for transport in ("websocket", "auto"):
        page.evaluate(THROUGH_PROXY, {"token": site.token("ann"), "transport": transport})
        until(lambda: "no pushlab hub" in str(page.evaluate("told")), "it is nobody's fault")
        page.evaluate("socket.close()")


ENDLESS = """async ({ token, transport }) => {
  const { Channel } = await import("/web/channel.js");
  window.pulled = 0;
  const answer = () => new Response(new ReadableStream({
    pull(controller) {
      window.pulled += 1;
      controller.enqueue(new Uint8Array(8 * 1024 * 1024));
    },
  }));
  const told = (window.told = []);
  window.socket = new Channel(token, { transport, fetch: async () => answer() }).open({
    ontrouble: ({ reason }) => {
      told.push(reason);
      window.socket.close();
    },
  });
}"""


def test_an_answer_without_an_end_is_given_up(site, context):
    page = context.new_page()
    page.goto(f"{site.url}/web/page.js")
    page.evaluate(ENDLESS, {"token": site.token("ann"), "transport": "long-polling"})
    until(lambda: page.evaluate("told.length") == 1, "it is lost")
    assert page.evaluate("told") == ["an answer of over 67108864 bytes"]
    assert page.evaluate("pulled") < 15
