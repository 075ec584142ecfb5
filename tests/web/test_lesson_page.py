"""The lesson in a real browser: each diagram is a conversation that was just held."""

import re

import pytest

from tests.web.live_site import until

TITLES = {
    "short-polling": "Short polling",
    "long-polling": "Long polling",
    "sse": "SSE",
    "websocket": "WebSocket",
    "mqtt": "MQTT",
}
#: What must stand on an arrow from the client, on one from the server, and among the bytes.
SEEN = {
    "short-polling": ("GET /v1/poll?after=…1", "204 No Content", "HTTP/1.1 200 OK"),
    "long-polling": ("GET /v1/wait?after=", "200 OK · “", "HTTP/1.1 200 OK"),
    "sse": ("GET /v1/events", "data: ", "id: "),
    "websocket": ("GET /v1/socket", "101 Switching Protocols", "[text frame"),
    "mqtt": ("CONNECT", "CONNACK", "[PUBLISH"),
}


def test_a_diagram_for_every_transport_without_a_token(site, page):
    talks, asked = [], []

    def on_response(response):
        if response.url.endswith("/demo/lesson"):
            talks.append(response)

    page.on("response", on_response)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/")
    for title in TITLES.values():  # so that they are held side by side
        page.get_by_role("tab", name=title).click()
    for name, (from_client, from_server, among_bytes) in SEEN.items():
        page.get_by_role("tab", name=TITLES[name]).click()
        page.wait_for_selector(f"#panel[data-transport={name}] #diagram:not(.old) .arrow.news")
        labels = page.eval_on_selector_all(
            "#diagram .arrow", "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert any("client to" in label and from_client in label for label in labels), labels
        assert any("to client" in label and from_server in label for label in labels), labels
        # An arrow that goes to the client is a message: its bytes are shown first.
        assert among_bytes in page.inner_text("#bytes-text")
        assert page.locator("#diagram .arrow.news").count() >= 1
        assert page.locator("#diagram circle.published").count() == 2
    vain = page.locator("#diagram .arrow.vain")
    page.get_by_role("tab", name="Short polling").click()
    until(lambda: vain.count() >= 1, "an answer that brought nothing")
    everything = page.evaluate("document.documentElement.outerHTML")
    assert "<token>" not in everything  # escaped, as text is
    # Whatever looks like a token: the server's own answers are searched as well.
    for text in [everything, *(response.text() for response in talks)]:
        assert not re.search(r"Bearer (?!&lt;token&gt;|<token>)", text)
        assert not re.search(r"\bey[A-Za-z0-9_-]{20,}|[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{20,}", text)
    assert all(url.startswith(site.url) for url in asked)
    until(lambda: "…" not in page.inner_text("#rows"), "all five in the table")


@pytest.mark.soak
def test_where_many_have_come_at_once_it_waits_for_its_turn(site, page):
    turned_away = [(503, "busy"), (429, "too-many-requests")] * 4  # more than it begins at first

    def answer(route):
        if not turned_away:
            route.continue_()
            return
        status, error = turned_away.pop()
        route.fulfill(status=status, json={"error": error, "detail": "wait", "status": status})

    page.route("**/demo/lesson", answer)
    page.goto(f"{site.url}/#sse")
    page.wait_for_selector("#diagram:not(.old) .arrow")
    assert turned_away == []
    assert not page.is_visible("#trouble")


def test_arrows_are_read_by_keyboard_and_a_run_again_is_another_conversation(site, page):
    page.goto(f"{site.url}/#short-polling")
    page.wait_for_selector("#diagram:not(.old) .arrow")
    page.locator("#diagram .arrow.chosen").focus()
    page.keyboard.press("ArrowUp")
    busy = page.inner_text("#bytes-title") == "The application publishes"  # while it was answered
    if busy:
        page.keyboard.press("ArrowUp")
    assert page.inner_text("#bytes-title") == "Client → Server"
    assert "Authorization: Bearer <token>" in page.inner_text("#bytes-text")
    for _ in range(1 + busy):
        page.keyboard.press("ArrowDown")
    assert page.inner_text("#bytes-title") == "Server → Client"
    first = page.inner_text("#bytes-text")
    page.locator("#diagram .arrow").first.click()
    assert page.inner_text("#bytes-text").startswith("GET /v1/poll?after=")
    page.get_by_role("button", name="Run it again").click()
    page.wait_for_selector("#diagram.old")
    page.wait_for_selector("#diagram:not(.old) .arrow.chosen")
    assert page.inner_text("#bytes-text") != first  # another channel's cursor

    page.locator("#tab-short-polling").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-long-polling", "aria-selected") == "true"
    assert page.inner_text("#title").strip() == "Long polling"


#: Each arrow's and each dot's moment in seconds, and its height in pixels, outside stretched bands.
PLACES = """() => {
  const seconds = one => {
    const [, number, unit] = /^([\\d.]+) (ms|s) /.exec(one.getAttribute("aria-label"));
    return number / (unit === "ms" ? 1000 : 1); };
  const top = one => one.getBoundingClientRect().top;
  return [...document.querySelectorAll("#diagram .arrow.ask, #diagram .said")].map(one =>
    [seconds(one), top(one.querySelector(".shaft") ?? one.querySelector("circle"))]);
}"""


def test_the_diagram_is_to_scale_and_above_the_fold_of_a_projector(site, page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{site.url}/#short-polling")
    page.wait_for_selector("#diagram:not(.old) .arrow")
    places = page.evaluate(PLACES)
    assert len(places) >= 6
    places.sort()
    (first_s, first), (last_s, last) = places[0], places[-1]
    for at_s, y in places:  # a dot is not an arrow: it stands a radius higher
        assert abs(y - first - (at_s - first_s) / (last_s - first_s) * (last - first)) < 12, places
    for name, title in TITLES.items():
        page.get_by_role("tab", name=title).click()
        page.wait_for_selector(f"#panel[data-transport={name}] #diagram:not(.old) .arrow.news")
        for part in ("#diagram", "#bytes", ".side", "#again"):
            bottom = page.evaluate(
                f"document.querySelector('{part}').getBoundingClientRect().bottom"
            )
            assert bottom < 1080, f"{name}: {part} is below the fold"
        assert page.evaluate(CUT_OFF) == []


def test_the_moment_of_publishing_and_the_wait_of_a_question_are_seen(site, page):
    page.goto(f"{site.url}/#short-polling")
    page.wait_for_selector("#diagram:not(.old) .arrow.news")
    told = page.inner_text("#bytes-moment")
    published, sent, waited = map(float, re.findall(r"([\d.]+) ms", told))
    assert abs(sent - published - waited) <= 1.5, told
    page.locator("#diagram .said").first.click()
    assert page.inner_text("#bytes-text") == "Hello, says the server."
    assert "Nobody has asked" in page.inner_text("#bytes-moment")
    assert f"{waited:g} ms" in page.inner_text("#bytes-moment")
    page.keyboard.press("ArrowDown")  # to the question that fetches it
    if page.inner_text("#bytes-title") == "Server → Client":  # which was answered late
        page.keyboard.press("ArrowDown")
    assert page.inner_text("#bytes-title") == "Client → Server"
    page.get_by_role("tab", name="Long polling").click()
    page.wait_for_selector("#panel[data-transport=long-polling] #diagram:not(.old) .arrow.news")
    held = page.locator("#diagram text.holding").all_text_contents()
    assert any("holds the question for" in text for text in held), held


#: The texts of the diagram that are not wholly in it.
CUT_OFF = """() => {
  const { left, right, bottom } = document.querySelector("#diagram svg").getBoundingClientRect();
  return [...document.querySelectorAll("#diagram text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.right > right + 1 || box.left < left - 1 || box.bottom > bottom + 1;
  }).map(text => text.textContent); }"""


def test_it_can_be_read_on_a_phone_by_day_and_by_night(site, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/")
    page.wait_for_selector("#diagram:not(.old) .arrow")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(CUT_OFF) == []
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert sum(map(int, page.evaluate(paper)[4:-1].split(","))) < 100
