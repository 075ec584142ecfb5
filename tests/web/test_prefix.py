"""The pages below a path, behind a proxy that takes it away and behind one that leaves it."""

import re

import pytest

from pushlab.contract.serving import HubSettings
from pushlab.hub.reach.reach import ReachSettings
from tests.web.live_site import Site
from tests.web.people import expect
from tests.web.prefix_proxy import prefix_proxy


@pytest.fixture
def page(kept_page):
    return kept_page


@pytest.fixture(scope="module")
def own():
    """A hub that is told its public URL when a test knows it."""
    one = Site(broker="none", settings=HubSettings(), presence_url=None)
    yield one
    one.stop()


POLLS_AND_SSE = ("short-polling", "long-polling", "sse")


def watch(page):
    """What the page asks for and does not get."""
    missed = []
    page.on("response", lambda got: missed.append(got.url) if got.status >= 400 else None)
    return missed


def race(hub, page, url, *lanes):
    settings = {"rate_per_s": 20, "poll_interval_s": 0.1, "clients": 1}
    assert hub.ask("POST", "/demo/race/settings", settings)[0] == 200
    page.goto(f"{url}/race")
    for name in lanes:
        canvas = page.locator(f".lane[data-transport={name}] canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile(r": [1-9]"))


def chat(page, url):
    page.goto(f"{url}/chat")
    page.fill("#name", "Ada")
    page.click("#join button")
    page.fill("#text", "hello")
    page.press("#text", "Enter")
    expect(page.locator(".said.mine:not(.underway) .text")).to_have_text("hello")


def lesson(page, url):
    page.goto(f"{url}/")
    page.wait_for_selector("#diagram:not(.old) .arrow.news")
    assert f'HUB = "{url}"' in page.inner_text("#python")
    page.click("nav >> text=Tic-tac-toe")
    page.wait_for_url(f"{url}/tictactoe")  # and until its script has run
    page.fill("#name", "Ada")
    page.click("#join button")
    expect(page.locator("#inside")).to_be_visible()


def old_script(page, url):
    token = page.evaluate("() => Object.values(sessionStorage).map(JSON.parse)[0].token")
    page.add_script_tag(url=f"{url}/_ah/channel/jsapi")
    page.evaluate(
        """token => new Promise(done =>
          new goog.appengine.Channel(token, { transport: "sse" }).open({ onopen: done }))""",
        token,
    )


def test_every_page_works_where_a_bare_proxy_takes_the_path_away(site, page):
    with prefix_proxy(site.url, "/deep/hub") as (url, strays):
        missed = watch(page)
        lesson(page, url)
        old_script(page, url)
        chat(page, url)
        race(site, page, url, *POLLS_AND_SSE)
        assert missed == strays == []
        # A browser does not vouch for its WebSockets, so this lane says what to set.
        seen = page.locator(".lane[data-transport=websocket] .seen")
        expect(seen).to_contain_text("--public-url")


def test_and_where_it_leaves_the_path_that_the_public_url_has(own, page):
    own.start()  # it gets a port
    with prefix_proxy(own.url, "/hub", strips=False, plain=True) as (url, strays):
        own.stop()
        own.reach = ReachSettings(public_url=url)
        own.start()
        page.goto(url)
        assert page.url == f"{url}/"
        missed = watch(page)
        race(own, page, url, *POLLS_AND_SSE, "websocket")
        assert missed == strays == []
        assert own.api("POST", "/v1/channels", {"client_id": "a"})["endpoints"]["sse"]["url"] == (
            f"{url}/v1/events"
        )


def test_where_the_hub_cannot_know_its_own_page_the_page_says_what_to_set(site, page):
    with prefix_proxy(site.url, "/hub", plain=True) as (url, _):
        page.goto(f"{url}/race")
        expect(page.locator("#trouble code").first).to_have_text("--public-url")
        lane = page.locator(".lane[data-transport=sse] .seen")
        expect(lane).to_have_text("Not connected: this page could not join.")
        assert "is open" not in page.inner_text("#lanes")
        page.goto(f"{url}/chat")
        page.fill("#name", "Ada")
        page.click("#join button")
        expect(page.locator("#door-problem")).to_contain_text("--public-url")
        page.goto(f"{url}/")
        expect(page.locator("#trouble")).to_contain_text("--public-url")


def test_a_proxy_whose_hub_is_down_is_told_as_that(site, page):
    page.goto(f"{site.url}/race")
    lane = page.locator(".lane[data-transport=short-polling] .seen")
    expect(lane).to_contain_text("Asked")
    for path in ("**/demo/**", "**/v1/**"):
        page.route(path, lambda route: route.fulfill(status=502, body="<p>Bad Gateway"))
    told = "The server cannot be reached: a proxy answers 502."
    expect(page.locator("#trouble")).to_have_text(told)
    expect(lane).to_have_text("Not connected: a proxy answers 502.")
    page.unroute_all(behavior="ignoreErrors")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(lane).to_contain_text("Asked")
