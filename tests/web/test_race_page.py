"""The race in a real browser: five lanes that tell what really happened."""

import itertools
import json
import re

import pytest

from pushlab.web.race_lock import presenter_key
from tests.web.live_site import until, watch_errors

LANES = ("short-polling", "long-polling", "sse", "websocket", "mqtt")
USUAL = {
    "rate_per_s": 1,
    "poll_interval_s": 0.2,
    "payload_bytes": 60,
    "clients": 1,
    "one_way_ms": 0,
}

# How many messages landed, by lane, as the pictures' labels tell it.
LANDED = """() => Object.fromEntries([...document.querySelectorAll(".lane[data-transport]")].map(
  lane => [lane.dataset.transport,
           parseInt(lane.querySelector("canvas").ariaLabel?.match(/: ([\\d,]+)/)?.[1] ?? "0")]))"""

# How much of a lane's picture is in one of the lane's own colours.
PAINTED = """() => Object.fromEntries([...document.querySelectorAll("li.lane")].map(lane => {
  const probe = document.createElement("canvas").getContext("2d");
  const own = ["--c", "--edge"].map(name => {
    probe.fillStyle = getComputedStyle(lane).getPropertyValue(name);
    probe.fillRect(0, 0, 1, 1);
    return probe.getImageData(0, 0, 1, 1).data;
  });
  const canvas = lane.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let i = 0; i < data.length; i += 4)
    painted += data[i + 3] > 250 && own.some(([r, g, b]) =>
      Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12);
  return [lane.dataset.transport, painted];
}))"""

WIDTHS = "() => [document.documentElement.scrollWidth, innerWidth]"
OUTSIDE = """() => [...document.querySelectorAll("main *")].filter(one => one.checkVisibility()
  && !one.closest(".unseen, .skip") && (one.getBoundingClientRect().right > innerWidth + 1
    || one.getBoundingClientRect().left < -1))
  .map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture
def page(kept_page):
    return kept_page


def set_race(site, **changes):
    key = presenter_key(site.keys)  # whoever has locked it
    status, _, answer = site.ask("POST", "/demo/race/settings", {**USUAL, **changes, "key": key})
    assert status == 200, answer


def state(site):
    return json.loads(site.ask("GET", "/demo/race/state")[2])


def figure(page, lane, key):
    return page.inner_text(f".lane[data-transport={lane}] [data-figure={key}] dd")


def milliseconds(text):
    number, _, unit = text.strip().partition(" ")
    return float(number.replace(",", "")) * {"ms": 1, "s": 1000}[unit]


def wait_for_all(page, least):
    """Until so many messages have landed in every lane."""
    until(
        lambda: min(page.evaluate(LANDED).values()) >= least,
        f"{least} messages in every lane",
    )


def test_messages_land_in_all_five_lanes_and_cost_what_they_cost(site, page, with_mqtt):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    set_race(site, rate_per_s=10)
    page.goto(f"{site.url}/race")
    wait_for_all(page, 3)
    nodes = page.evaluate("document.querySelectorAll('*').length")
    wait_for_all(page, 20)

    assert page.evaluate("document.querySelectorAll('*').length") == nodes
    painted = page.evaluate(PAINTED)
    assert min(painted.values()) > 20, painted
    # Ten messages a second and a poll every fifth of one: two messages for each poll, or so.
    assert float(figure(page, "short-polling", "each")) < 0.95
    assert float(figure(page, "sse", "each")) <= 0.06
    assert float(figure(page, "websocket", "each")) <= 0.06
    assert float(figure(page, "mqtt", "each")) >= 1  # every delivery is confirmed
    assert figure(page, "websocket", "wasted").split() == ["0", "%"]
    for lane in LANES:
        assert milliseconds(figure(page, lane, "median")) >= 0
        assert re.match(r"[\d.,]+ k?B", figure(page, lane, "bytes")), lane
    # Between two polls it says that something waits.
    until(
        lambda: "at once" in page.inner_text(".lane[data-transport=short-polling] .seen"),
        "what a poll fetched",
    )
    assert "One handshake" in page.inner_text(".lane[data-transport=websocket] .seen")
    assert {url.split("/")[2] for url in asked if url.startswith(("http", "ws"))} == {
        site.url.split("/")[2]
    }

    # Whoever reads another channel is in the server's hits too, and the page says so. (Others may
    # be there still, whom tests before this one have left.)
    for name in ("ann", "bob"):
        site.ask("GET", f"/v1/poll?token={site.token(name, 'elsewhere')}")
    until(lambda: "more clients of this hub" in page.inner_text("#fine"), "a word of them")


def test_while_nothing_is_published_only_short_polling_asks_in_vain(site, page):
    set_race(site, rate_per_s=5)
    page.goto(f"{site.url}/race")
    lanes = [name for name in LANES if name in state(site)["lanes"]]
    until(lambda: page.evaluate(LANDED)["websocket"] >= 1, "the first message")
    page.keyboard.press("0")
    until(lambda: state(site)["settings"]["rate_per_s"] == 0, "silence")
    until(lambda: set(page.evaluate(LANDED).values()) == {0}, "figures that begin anew")
    before = state(site)["lanes"]
    until(
        lambda: (
            state(site)["lanes"]["short-polling"]["wasted"] >= before["short-polling"]["wasted"] + 6
        ),
        "polls for nothing",
    )
    after = state(site)["lanes"]
    for name in lanes[1:]:
        assert after[name]["wasted"] == before[name]["wasted"], name
    assert "still it asks" in page.inner_text(".lane[data-transport=short-polling] .seen")
    assert "silent" in page.inner_text(".lane[data-transport=sse] .seen")
    assert "should find nothing" in page.inner_text("#follows")

    # One message now, by key and by button: it lands everywhere (MQTT: where it is offered).
    page.keyboard.press("n")
    page.click("#publish")
    until(
        lambda: all(
            page.evaluate(LANDED)[name] == 2
            for name in ("short-polling", "long-polling", "sse", "websocket")
        ),
        "both messages in every lane",
    )
    until(lambda: "2 by hand" in page.inner_text("#published-how"), "whose they were")
    page.keyboard.press("r")
    until(lambda: set(page.evaluate(LANDED).values()) == {0}, "figures that begin anew")
    set_race(site)


def test_pause_is_this_pages_own_and_is_shown(site, page):
    set_race(site, rate_per_s=20)
    page.goto(f"{site.url}/race")
    until(lambda: page.evaluate(LANDED)["websocket"] >= 3, "messages")
    page.keyboard.press("Space")
    assert page.is_visible("#paused")
    assert page.get_attribute("#pause", "aria-pressed") == "true"
    stands, published = page.inner_text("#lanes"), state(site)["published"]
    until(lambda: state(site)["published"] >= published + 10, "the race, which goes on")
    assert page.inner_text("#lanes") == stands
    page.keyboard.press("Space")
    assert page.is_hidden("#paused")
    until(lambda: page.inner_text("#lanes") != stands, "the picture, which goes on")
    page.keyboard.press("Space")
    page.keyboard.press("2")  # who sets something wants to see it
    assert page.is_hidden("#paused")
    set_race(site)


AT_ONCE = """() => {
  document.querySelectorAll("#tries button")[2].click();
  const of = id => document.getElementById(id).textContent;
  return { set: of("set"), follows: of("follows"), says: of("says"),
    hits: [...document.querySelectorAll("[data-figure=hits] dd")].map(one => one.textContent) };
}"""


def test_a_ready_setting_is_a_comparison_of_its_own(site, page):
    set_race(site, rate_per_s=20)
    page.goto(f"{site.url}/race")
    wait_for_all(page, 3)
    before = state(site)["resets"]
    at_once = page.evaluate(AT_ONCE)
    # No figure of what was, no word of what is not yet; the share is chapter 2's.
    assert at_once["says"] == ""
    assert set(at_once["hits"]) == {"–"}
    assert "every 2 s" in at_once["set"]
    assert ", 61 % of the questions should find nothing." in at_once["follows"].replace("\xa0", " ")
    assert "so far" not in at_once["follows"]
    until(lambda: state(site)["resets"] == before + 1, "a comparison")
    assert state(site)["published"] <= 5
    set_race(site)


def test_a_rooms_phones_cannot_drive_a_race_that_is_locked(site, page):
    set_race(site, rate_per_s=5)
    page.goto(f"{site.url}/race")
    until(lambda: page.is_enabled("#publish"), "the state")
    page.keyboard.press("l")
    until(lambda: page.inner_text("#lock-word") == "Unlock", "the lock")
    status, _, said = site.ask("POST", "/demo/race/settings", {"rate_per_s": 1})
    assert (status, json.loads(said)["error"]) == (423, "locked")
    phone = page.context.browser.new_context(viewport={"width": 390, "height": 844})
    theirs = phone.new_page()
    theirs.goto(f"{site.url}/race")
    until(lambda: theirs.is_visible("#locked"), "a word of it")
    assert theirs.is_disabled("#set-rate_per_s")
    assert theirs.is_disabled("#publish")
    assert theirs.is_disabled("#tries button >> nth=0")
    theirs.keyboard.press("3")
    theirs.keyboard.press("l")
    until(lambda: theirs.is_visible("#trouble"), "why not")
    # The presenter's page drives on, and after a reload too.
    page.reload()
    until(lambda: page.inner_text("#lock-word") == "Unlock", "the key is kept")
    page.keyboard.press("2")
    until(lambda: state(site)["settings"]["rate_per_s"] == 0.5, "what the presenter sets")
    page.keyboard.press("l")
    until(lambda: theirs.is_enabled("#publish"), "the race for all")
    phone.close()


def test_the_key_of_the_presenters_address_does_not_stay_in_it(site, page):
    page.goto(f"{site.url}/race?presenter#key=wrong")
    assert page.url == f"{site.url}/race?presenter"
    until(lambda: page.is_enabled("#publish"), "the state")
    page.evaluate("() => sessionStorage.clear()")


TOUR = """async () => {
  const { SCENES, TOUR_S, Tour } = await import("/web/race_tour.js");
  const did = [];
  let over = NaN, now = 0;
  const tour = new Tour({
    change: set => did.push([now, "set", set.rate_per_s]),
    publish: () => did.push([now, "publish"]),
    ended: () => (over = now),
  });
  tour.start(0);
  for (; now < 100_000; now += 100) {
    if (now === 20_000) tour.wait(0);
    tour.tick(now);
  }
  return { seconds: TOUR_S, over, did, scenes: SCENES.length };
}"""


def test_the_tour_takes_90_seconds_and_every_scene_is_a_comparison(site, page):
    page.goto(f"{site.url}/web/icon.svg")
    told = page.evaluate(TOUR)
    assert told["seconds"] == 90
    assert told["over"] == 90_000
    assert len([did for did in told["did"] if did[1] == "set"]) == told["scenes"]
    assert len([did for did in told["did"] if did[1] == "publish"]) == 2


def test_the_tour_shows_its_lanes_and_gives_back_what_was_set(site, page):
    set_race(site, rate_per_s=5)
    page.goto(f"{site.url}/race")
    until(lambda: page.is_enabled("#tour"), "the state")
    page.keyboard.press("t")
    assert page.is_visible("#scene")
    until(lambda: state(site)["settings"]["rate_per_s"] == 0, "its first scene")
    until(lambda: "asks: " in page.inner_text("#scene-says"), "what the lane shows")
    assert page.eval_on_selector_all(".lane.aside", "all => all.length") == 4
    page.keyboard.press("t")
    assert page.is_hidden("#scene")
    until(lambda: state(site)["settings"]["rate_per_s"] == 5, "what was set before")


# What is written too small for the last row, in hundredths of the height; canvases by their own.
SMALL = """() => [...document.querySelectorAll("body *")].filter(one =>
    one.checkVisibility() && !one.closest(".unseen, .skip") && one.getBoundingClientRect().width > 2
    && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  .concat([...document.querySelectorAll("canvas")])
  .map(one => [one instanceof HTMLCanvasElement ? parseFloat(one.getContext("2d").font)
    : parseFloat(getComputedStyle(one).fontSize), one.outerHTML.slice(0, 90)])
  .filter(([pixels]) => pixels < 0.02 * innerHeight)"""


def test_a_last_row_can_read_the_presenters_page(site, page):
    set_race(site, rate_per_s=20)
    page.goto(f"{site.url}/race")
    page.keyboard.press("p")
    for width, height in ((1920, 1080), (1280, 720), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)  # canvases hear of their size
        assert page.evaluate(SMALL) == [], (width, height)
        for key in ("hits", "wasted", "each", "median"):
            assert page.is_visible(f".lane[data-transport=mqtt] [data-figure={key}]")
        bottom = page.evaluate("document.getElementById('lanes').getBoundingClientRect().bottom")
        assert bottom <= height or height == 720, (width, height)
    # Sliders by keys: up and down choose one, left and right move it.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "set-poll_interval_s"
    page.keyboard.press("ArrowRight")
    until(lambda: state(site)["settings"]["poll_interval_s"] == 0.5, "the next interval")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "set-rate_per_s"
    page.keyboard.press("p")
    page.set_viewport_size({"width": 1280, "height": 800})
    set_race(site)


def test_everything_can_be_set_by_keyboard_and_is_labelled(site, page):
    set_race(site, clients=1)
    page.goto(f"{site.url}/race")
    until(lambda: page.inner_text("label[for=set-rate_per_s] + output") == "1 per s", "the state")
    for key, name, shown in (
        ("rate_per_s", "Publish rate", "2 per s"),
        ("poll_interval_s", "Poll interval", "every 0.5 s"),
        ("payload_bytes", "Payload", "200 B"),
        ("one_way_ms", "One-way delay", "10 ms"),
    ):
        slider = page.get_by_role("slider", name=name)
        slider.focus()
        page.keyboard.press("ArrowRight")
        until(lambda key=key: state(site)["settings"][key] != USUAL[key], name)
        assert page.inner_text(f"label[for=set-{key}] + output") == shown
        assert slider.get_attribute("aria-valuetext") == shown
    nameless = """() => [...document.querySelectorAll("button, a, input")]
      .filter(one => !(one.ariaLabel || one.textContent.trim() || one.labels?.length))
      .map(one => one.outerHTML)"""
    assert page.evaluate(nameless) == []

    page.get_by_role("button", name="Pause").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("3")
    until(lambda: state(site)["settings"]["rate_per_s"] == 20, "a busy channel")
    until(lambda: "less than long polling" in page.inner_text("#says"), "what it costs")

    page.keyboard.press("p")
    assert page.is_visible("#sliders")
    assert page.is_hidden("[data-figure=bytes]")
    page.keyboard.press("p")
    assert page.is_visible("[data-figure=bytes]")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.keyboard.press("d")
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    set_race(site)


def test_nothing_sticks_out_on_a_phone_or_a_projector(site, browser, page_errors):
    set_race(site, rate_per_s=5)
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", reduced_motion="reduce"
    )
    page = context.new_page()
    watch_errors(page, page_errors)
    page.goto(f"{site.url}/race")
    until(lambda: page.evaluate(LANDED)["websocket"] >= 2, "messages")
    until(lambda: figure(page, "websocket", "median") != "–", "figures")
    for width, height in ((390, 844), (800, 1000), (1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        if width == 1920:
            page.keyboard.press("p")
        for key in ("Space", "Space"):  # paused, and going on
            page.keyboard.press(key)
            assert page.evaluate(WIDTHS) == [width, width]
            assert page.evaluate(OUTSIDE) == []
            if page.is_visible("#paused"):
                assert page.eval_on_selector("#paused", "one => one.offsetHeight") < height / 8
    # All five lanes are on the projector at once.
    assert page.evaluate("document.getElementById('lanes').getBoundingClientRect().bottom") <= 1080
    context.close()
    assert page_errors == []


# How long things take over a link of its own, 150 ms each way, with nothing behind it.
ROUND_TRIPS = """async () => {
  const { SlowLink } = await import("/web/slow_link.js");
  const link = new SlowLink(150);
  const timed = async work => {
    const begun = performance.now();
    await work();
    return performance.now() - begun;
  };
  globalThis.fetch = async () => new Response("an answer");
  globalThis.WebSocket = class {
    constructor() {
      queueMicrotask(() => this.onclose({ code: 1006 }));
    }
  };
  const socket = () => new Promise(resolve => (new link.WebSocket("ws://x").onclose = resolve));
  return [
    await timed(() => link.fetch("/x").then(answer => answer.text())),
    await timed(() => link.fetch("/x").then(answer => answer.text())),
    await timed(socket),
  ];
}"""


def test_a_slow_link_costs_round_trips(site, page):
    page.goto(f"{site.url}/web/icon.svg")
    first, second, refused = page.evaluate(ROUND_TRIPS)
    assert first >= 590  # TCP's handshake, then there and back
    assert second >= 290
    assert refused >= 590


def test_a_slow_link_is_felt_by_every_lane_of_the_page(site, page):
    set_race(site, rate_per_s=5, one_way_ms=200)
    page.goto(f"{site.url}/race")
    until(lambda: page.evaluate(LANDED)["short-polling"] >= 3, "messages")
    for lane in ("short-polling", "long-polling", "sse", "websocket"):
        until(lambda lane=lane: figure(page, lane, "median") != "–", f"figures of {lane}")
        assert milliseconds(figure(page, lane, "median")) >= 195, lane
    # What is under way is missing: not even push is up to date far away.
    until(lambda: milliseconds(figure(page, "websocket", "stale")) >= 50, "staleness on the way")
    set_race(site)


def test_without_its_package_mqtt_says_so_and_the_others_run(site, page):
    set_race(site, rate_per_s=10)
    page.route("**/web/vendor/*", lambda route: route.fulfill(status=404))
    page.goto(f"{site.url}/race")
    said = ".lane[data-transport=mqtt] .problem"
    page.wait_for_selector(said)
    if "mqtt" in state(site)["lanes"]:
        assert "make web" in page.inner_text(said)
    until(lambda: page.evaluate(LANDED)["sse"] >= 2, "messages elsewhere")


@pytest.mark.soak
def test_the_race_goes_on_when_its_server_comes_again(own_site, page):
    server = own_site()
    set_race(server, rate_per_s=20)
    page.goto(f"{server.url}/race")
    until(lambda: page.evaluate(LANDED)["long-polling"] >= 2, "messages")
    server.kill()
    page.wait_for_selector("#trouble:not([hidden])")
    server.start()
    set_race(server, rate_per_s=20)
    until(lambda: page.is_hidden("#trouble"), "the server")
    for lane in ("short-polling", "long-polling", "sse", "websocket"):
        until(lambda lane=lane: page.evaluate(LANDED)[lane] >= 2, f"messages on {lane}")


# A lane's record against the definition, counted out moment by moment.
RECORD = """async ([messages, times]) => {
  const { Published, LaneRecord } = await import("/web/race_record.js");
  const published = new Published();
  const record = new LaneRecord(published);
  const ahead = new LaneRecord(published);
  for (const [n, sent, arrived] of messages) {
    ahead.land(n, sent, sent);
    if (arrived !== null) record.land(n, sent, arrived);
  }
  const spans = [];
  const last = times[times.length - 1];
  record.stale(times[0], last, (start, end, sent) => spans.push([start, end, sent]));
  return [times.map(t => record.stalenessMs(t)), spans, record.medianMs()];
}"""


def test_staleness_is_what_the_definition_says(site, page):
    page.goto(f"{site.url}/race")
    # A lump of three, one at once, a late one, two that have not come.
    messages = [
        [7, 100, 400],
        [8, 200, 400],
        [9, 390, 400],
        [10, 500, 500],
        [11, 600, 950],
        [12, 700, 960],
        [13, 1000, None],
        [14, 1100, None],
    ]
    times = list(range(50, 1300, 10))
    stale, spans, median = page.evaluate(RECORD, [messages, times])

    def defined(now):
        missing = [sent for _, sent, arrived in messages if sent <= now and (arrived or 9e9) > now]
        return now - min(missing) if missing else 0

    assert stale == [defined(now) for now in times]
    by_spans = [
        next((now - sent for start, end, sent in spans if start <= now < end), 0) for now in times
    ]
    assert by_spans[:-1] == stale[:-1]
    assert all(end <= start for (_, end, _), (start, _, _) in itertools.pairwise(spans))
    assert median == (200 + 260) / 2
