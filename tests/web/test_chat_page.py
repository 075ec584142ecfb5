"""The chat as three people see it: in a real browser, over each transport."""

import json
import re

import pytest

from tests.web.live_site import MQTT_BUNDLE
from tests.web.people import SOME_TRANSPORTS, carry_by, expect, fits_a_phone, line_over, people

# Markup, and a word that has nowhere to break; lines; letters that run the other way.
SAID = {
    "Ada": "<img src=x onerror=alert(1)><b>bold</b> & " + "w" * 200,
    "Grace": "two\nlines",
    "Лев": "привет \u202eمرحبا",
}
TEXTS = ".said:not(.underway) .text"


def join(page, name):
    page.fill("#name", name)
    page.click("#join button")


def say(page, words):
    page.fill("#text", words)
    page.press("#text", "Enter")


@pytest.fixture(scope="module")
def trio(browser, site):
    """Three people in one room, by name."""
    with people(browser, site.url) as some:
        three = {name: some.page("/chat?room=three") for name in SAID}
        for name, page in three.items():
            join(page, name)
        yield three


@pytest.mark.parametrize("transport", SOME_TRANSPORTS)
def test_three_people_talk(trio, transport):
    ada, *others = trio.values()
    for page in trio.values():
        carry_by(page, transport)
    for page in trio.values():
        expect(page.locator("#state")).to_have_text(line_over(transport))
        expect(page.locator(".members li:not(.gone)")).to_have_count(3)
    words = {name: f"{words} {transport}" for name, words in SAID.items()}
    for name, page in trio.items():
        say(page, words[name])
        for other in trio.values():
            expect(other.locator(TEXTS).last).to_have_text(words[name], use_inner_text=True)
    for name, page in trio.items():
        assert page.locator(TEXTS).all_inner_texts()[-3:] == list(words.values())
        expect(page.locator(".said.mine bdi").last).to_have_text(name)
        expect(page.locator(".underway")).to_have_count(0)
        assert page.locator("#log :is(img, b)").count() == 0  # text stays text
        told = r"asked .+(nothing|vain)\." if "polling" in transport else r"asked .+come by .+sel"
        expect(page.locator(".meter-sentence")).to_have_text(re.compile(told))
        figures = re.compile(r"Round trip, median[\d.]+ m?s")
        expect(page.locator(".meter-figures")).to_have_text(figures)
    ada.click("#leave")
    for page in others:
        expect(page.locator(".event").last).to_have_text("Ada left")
        expect(page.locator(".members li:not(.gone)")).to_have_count(2)
    join(ada, "Ada")
    for page in others:
        expect(page.locator(".event").last).to_have_text("Ada joined")


def test_another_transport_in_the_middle_of_a_talk_loses_nothing(trio, site):
    page = trio["Grace"]
    _, _, answer = site.ask("POST", "/demo/chat/join", {"room": "three", "name": "Alan"})
    token = json.loads(answer)["token"]
    said = []

    def say_some():
        for _ in range(5):
            said.append(f"number {len(said)}")
            body = {"token": token, "text": said[-1]}
            assert site.ask("POST", "/demo/chat/say", body)[0] == 200

    for transport in ("websocket", "short-polling", "long-polling", "mqtt", "sse"):
        if transport == "mqtt" and not MQTT_BUNDLE.exists():
            continue
        carry_by(page, transport)
        say_some()  # while it opens
        expect(page.locator("#state")).to_have_text(line_over(transport))
        if transport == "short-polling":
            page.select_option("#poll-interval", "3")
            expect(page.locator(TEXTS).last).to_have_text(said[-1])
        say_some()  # short polling has not asked for these when the next one takes over
    expect(page.locator(TEXTS).last).to_have_text(said[-1])
    assert page.locator(TEXTS).all_inner_texts()[-len(said) :] == said
    assert page.locator(".gap").count() == 0
    site.ask("POST", "/demo/chat/leave", {"token": token})
    expect(page.locator(".event").last).to_have_text("Alan left")
    expect(page.locator(".event", has_text="gone")).to_have_count(0)  # nor has anybody else


def test_on_a_phone_by_keyboard_and_after_a_reload(trio):
    page, other = trio["Ada"], trio["Grace"]
    fits_a_phone(page)
    assert "token" not in page.url
    events = other.locator(".event").count()
    page.reload()  # no goodbye: the same member, who need not ask to come in
    expect(page.locator("#state")).to_contain_text("Open")
    expect(page.locator(".members li", has_text="you")).to_have_text("Adayou")
    assert other.locator(".event").count() == events, "nobody has left or come"
    page.click("#leave")
    expect(page.locator("#name")).to_be_visible()
    fits_a_phone(page)
    page.focus("#name")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("grace")
    page.keyboard.press("Enter")
    expect(page.locator("#door-problem")).to_contain_text("already")
    page.keyboard.type(" H")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_be_focused()
    for words in ("w" * 300, "again"):
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(page.locator(TEXTS).last).to_have_text(words)
    fits_a_phone(page)


def test_a_refusal_that_comes_late_ends_the_room_that_was_left_and_no_other(browser, site):
    held = []

    def hold(route):
        """Keep the answer to who asks for a new token."""
        again = "token" in json.loads(route.request.post_data)
        held.append(route) if again else route.continue_()

    with people(browser, site.url) as some:
        page = some.page("/chat?room=early&transport=short-polling")
        join(page, "Ada")
        expect(page.locator("#state")).to_have_text(line_over("short-polling"))
        page.route("**/demo/chat/join", hold)
        no = {"error": "token-expired", "detail": "", "status": 401}
        page.route("**/v1/poll*", lambda route: route.fulfill(status=401, json=no))
        while not held:
            page.wait_for_timeout(50)
        page.unroute("**/v1/poll*")
        page.click("#leave")
        expect(page.locator("#name")).to_be_visible()
        page.fill("#room", "late")
        join(page, "Ada")
        expect(page.locator("#state")).to_have_text(line_over("short-polling"))
        taken = {"error": "name-taken", "detail": "somebody else is called Ada", "status": 409}
        held.pop().fulfill(status=409, json=taken)
        say(page, "still here")
        expect(page.locator(TEXTS)).to_have_text(["still here"])
        expect(page.locator("#state")).to_have_text(line_over("short-polling"))


@pytest.mark.soak
def test_a_server_that_has_forgotten_everybody_and_has_no_broker(browser, own_site):
    site = own_site()
    with people(browser, site.url) as some:
        page = some.page("/chat?room=r&transport=short-polling")
        join(page, "Ada")
        expect(page.locator("#state")).to_have_text(line_over("short-polling"))
        carry_by(page, "mqtt")
        expect(page.locator(".switch-said")).to_contain_text("MQTT does not work here")
        expect(page.locator("#switch :checked").first).to_have_value("short-polling")
        say(page, "before")
        expect(page.locator(TEXTS)).to_have_text(["before"])
        site.kill()
        expect(page.locator("#state")).to_contain_text("trying again")
        say(page, "nobody hears this")
        expect(page.locator(".failed")).to_contain_text("cannot be reached")
        site.keys = type(site.keys).fresh()  # nor does it know its tokens
        site.start()
        expect(page.locator("#state")).to_have_text(line_over("short-polling"))
        page.get_by_role("button", name="Send again").click()
        expect(page.locator(TEXTS)).to_have_text(["before", "nobody hears this"])
        some.complaints.clear()  # of a server that was not there
