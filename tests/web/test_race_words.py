"""No sentence of the race contradicts a number beside it: 200 clicks in a real browser."""

import copy
import random
import re

import pytest

from tests.web.live_site import until
from tests.web.race_oracle import SNAPSHOT, contradictions

CLICKS = 200
SEED = 18
LONGER = 40


@pytest.fixture
def page(kept_page):
    return kept_page


# What a class may click on: sliders are set as a hand does, step by step.
SLIDE = """([name, value]) => {
  const one = document.querySelector(`#sliders input[name=${name}]`);
  one.value = value;
  one.dispatchEvent(new Event("input", { bubbles: true }));
  one.dispatchEvent(new Event("change", { bubbles: true }));
}"""
CLICK = "id => document.getElementById(id).click()"
TRY = "i => document.querySelectorAll('#tries button')[i].click()"
KEYS = ("p", "d", "n", "r", " ", "t", "l", "2", "3")
#: How far sliders are pushed. Further clients are few and seldom: they are a process of their own.
STEPS = {"rate_per_s": 10, "poll_interval_s": 6, "payload_bytes": 5, "one_way_ms": 8}


def clicked(page, chance):
    """Do something on the page; what it was."""
    kind = chance.random()
    if kind < 0.5:
        name = chance.choice([*STEPS] * 4 + ["clients"])
        value = chance.randrange(STEPS.get(name, 3))
        page.evaluate(SLIDE, [name, str(value)])
        return f"{name} to its step {value}"
    if kind < 0.75:
        index = chance.choice([0, 1, 2, 3, 3, 5])
        page.evaluate(TRY, index)
        return f"ready setting {index}"
    if kind < 0.9:
        name = chance.choice(["publish", "pause", "reset", "tour", "lock"])
        page.evaluate(CLICK, name)
        return name
    key = chance.choice(KEYS)
    page.keyboard.press(key)
    return f"key {key!r}"


def drive(site, page, *, clicks, seed, most_wait_ms):
    """Click, look, compare; the sentences that were read."""
    chance = random.Random(seed)
    page.goto(f"{site.url}/race")
    until(lambda: page.evaluate("() => document.getElementById('set').textContent"), "the state")
    done, sentences, stood = [], set(), None

    def look():
        nonlocal stood
        shown = page.evaluate(SNAPSHOT)
        assert contradictions(shown) == [], (seed, done[-6:], shown)
        sentences.update((shown["set"], shown["follows"], shown["says"]))
        if shown["paused"] and stood is not None and "key" not in done[-1]:
            assert stood["lanes"] == shown["lanes"], done[-3:]
        stood = shown if shown["paused"] else None
        return shown

    for turn in range(clicks):
        done.append(clicked(page, chance))
        look()
        page.wait_for_timeout(chance.randrange(most_wait_ms))
        look()
        if turn % LONGER == LONGER - 1:  # until so much has come that the lanes are compared
            page.evaluate(TRY, 3)
            done.append("ready setting 3")
            if turn % (2 * LONGER) < LONGER:  # short polling costs less than some, or most of all
                page.evaluate(SLIDE, ["rate_per_s", "6"])
                page.evaluate(SLIDE, ["poll_interval_s", "0"])
                done.append("5 a second, a poll every 0.1 s")
            until(lambda: look()["says"], "a verdict")
    return sentences - {""}


def test_through_200_clicks_no_sentence_contradicts_a_number(own_site, page):
    sentences = drive(own_site(broker="auto"), page, clicks=CLICKS, seed=SEED, most_wait_ms=80)
    assert len(sentences) > CLICKS / 3  # it did speak of what was set


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seed", range(5))
def test_and_with_time_to_look_at_each(own_site, page, seed):
    drive(own_site(broker="auto"), page, clicks=CLICKS, seed=seed, most_wait_ms=1_500)


def test_the_reader_of_the_page_finds_contradictions(site, page):
    """Else it would find none in anything."""
    page.goto(f"{site.url}/race")
    until(lambda: page.evaluate(SNAPSHOT)["set"], "the state")
    page.keyboard.press("3")
    until(lambda: page.evaluate(SNAPSHOT)["says"], "a verdict")
    page.keyboard.press(" ")
    shown = page.evaluate(SNAPSHOT)
    assert contradictions(shown) == []

    def lies(change):
        told = copy.deepcopy(shown)
        change(told)
        return contradictions(told)

    def to(name, **figures):
        return lambda told: told["lanes"][name].update(figures)

    assert lies(lambda told: told["sliders"].update(poll_interval_s="every 5 s"))
    assert lies(lambda told: told["sliders"].update(clients="20"))
    assert lies(lambda told: told["sliders"].update(one_way_ms="300 ms"))
    assert lies(
        lambda told: told.update(follows=re.sub(r"\S+ %", "61 %", told["follows"], count=1))
    )
    assert lies(lambda told: told.update(says=told["says"].replace("more than", "less than")))
    assert lies(lambda told: told.update(pauseWord="Pause"))
    assert lies(to("sse", each="9"))  # the old page: "polling wins on hits", 8 against 0
    assert lies(to("short-polling", wasted="61 %"))
    assert lies(to("short-polling", each="8"))
    assert lies(to("short-polling", median="7.77 s"))
    assert lies(to("long-polling", seen="Asked 9,000 times, always answered with news."))
    assert lies(to("websocket", seen="Connected before; the server spoke once."))
    assert lies(to("mqtt", hits="NaN"))
    assert lies(to("short-polling", seen="Asked 9,000 times, never for nothing."))
    assert lies(lambda told: told.update(published="9,000"))
