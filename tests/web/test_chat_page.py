"""The chat as three people see it: in a real browser, over each transport."""

import json
import re

import pytest
from live_site import BROWSER_TRANSPORTS, MQTT_BUNDLE
from people import OUTSIDE, SMALL, TOGETHER, people

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
# A word that has nowhere to break, markup, and letters that run the other way.
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


def is_open_over(page, transport):
    words = {"sse": "SSE", "websocket": "WebSocket", "mqtt": "MQTT"}
    title = words.get(transport, transport.replace("-", " ").capitalize())
    expect(page.locator("#state")).to_have_text(f"Open, over {title}")


@pytest.mark.parametrize("transports", TOGETHER)
def test_three_people_talk(browser, site, transports):
    with people(browser, site.url) as some:
        rooms = {}
        for transport in transports:
            path = f"/chat?room=three by {transport}&transport={transport}"
            rooms[transport] = {name: some.page(path) for name in SAID}
        for room in rooms.values():
            for name, page in room.items():
                join(page, name)
        for transport, room in rooms.items():
            for page in room.values():
                is_open_over(page, transport)
                expect(page.locator(".members li")).to_have_count(3)
        for name, words in SAID.items():
            for room in rooms.values():
                say(room[name], words)
            for room in rooms.values():
                for page in room.values():
                    expect(page.locator(TEXTS).last).to_have_text(words, use_inner_text=True)
        for transport, room in rooms.items():
            for name, page in room.items():
                assert page.locator(TEXTS).all_inner_texts() == list(SAID.values())
                expect(page.locator(".said.mine bdi")).to_have_text(name)
                expect(page.locator(".underway")).to_have_count(0)
                # Text stays text: nothing in the log is made of it.
                assert page.locator("#log :is(img, b)").count() == 0
                polls = transport.endswith("polling")
                expect(page.locator(".meter-sentence")).to_have_text(
                    re.compile(r"asked .+; .+ (nothing|vain)\." if polls else r"asked .+ come by")
                )
                expect(page.locator(".meter-figures")).to_have_text(
                    re.compile(r"Round trip, median[\d.]+ m?s")
                )
            room["Ada"].click("#leave")
        for room in rooms.values():
            for name in ("Grace", "Лев"):
                expect(room[name].locator(".event").last).to_have_text("Ada left")
                expect(room[name].locator(".members li:not(.gone)")).to_have_count(2)


def test_another_transport_in_the_middle_of_a_talk_loses_nothing(browser, site):
    with people(browser, site.url) as some:
        page = some.page("/chat?room=switch&transport=short-polling")
        join(page, "Ada")
        is_open_over(page, "short-polling")
        _, _, answer = site.ask("POST", "/demo/chat/join", {"room": "switch", "name": "Grace"})
        token = json.loads(answer)["token"]
        said = 0
        for transport in ("websocket", "long-polling", "sse", "mqtt", "short-polling"):
            if transport == "mqtt" and not MQTT_BUNDLE.exists():
                continue
            page.check(f"input[value={transport}]", force=True)
            for _ in range(8):  # some before the new one is open, some while it opens
                said += 1
                status, _, answer = site.ask(
                    "POST", "/demo/chat/say", {"token": token, "text": str(said)}
                )
                assert status == 200, answer
            is_open_over(page, transport)
        expect(page.locator(TEXTS).last).to_have_text(str(said))
        assert page.locator(TEXTS).all_inner_texts() == [str(n + 1) for n in range(said)]
        assert page.locator(".gap").count() == 0
        used = page.locator(".meter-table tbody tr").count()
        assert used == len(BROWSER_TRANSPORTS) - (not MQTT_BUNDLE.exists())


def test_on_a_phone_by_keyboard_and_after_a_reload(browser, site):
    with people(browser, site.url) as some:
        page = some.page("/chat?room=phone", width=390, color_scheme="dark", has_touch=True)
        page.keyboard.type("Ada")  # the first field has the focus
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_contain_text("Open")
        for words in ("w" * 300, "again"):
            page.keyboard.type(words)
            page.keyboard.press("Enter")
            expect(page.locator(TEXTS).last).to_have_text(words)
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(SMALL) == []
        assert "token" not in page.url
        page.reload()  # no goodbye: the same member, who need not ask to come in
        expect(page.locator("#state")).to_contain_text("Open")
        expect(page.locator(".members li")).to_have_text("Adayou")
        page.click("#leave")
        expect(page.locator("#door")).to_be_visible()
        assert page.evaluate(OUTSIDE) == []
        other = some.page("/chat?room=phone", width=390)
        join(other, "Ada")  # the name is free again
        expect(other.locator("#state")).to_contain_text("Open")
        join(page, "ada")
        expect(page.locator("#door-problem")).to_contain_text("already")
