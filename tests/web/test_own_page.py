"""The page of the course's chapter on SSE, in Chromium: it listens, and comes back by itself."""

import asyncio
import re
import threading

import pytest

from pushlab.course import own_hub
from pushlab.course.own_page import WHOLE, framed, with_stand_in
from tests.patience import PATIENCE_S

SHOWN = "() => [...document.querySelectorAll('li')].map((each) => each.textContent)"


@pytest.fixture
def loop():
    """An event loop beside Playwright's."""
    one = asyncio.new_event_loop()
    thread = threading.Thread(target=one.run_forever)
    thread.start()
    yield lambda work: asyncio.run_coroutine_threadsafe(work, one).result(PATIENCE_S)
    one.call_soon_threadsafe(one.stop)
    thread.join()
    one.close()


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **_: bundles.append(bundle))
    return bundles


def test_a_page_hears_what_is_said_and_after_a_restart_what_it_missed(
    page, page_errors, loop, shown
):
    mine = loop(own_hub())
    try:
        mine.open(WHOLE)
        page.set_content(shown[-1]["text/html"])
        frame = page.frame(url=re.compile("/page$"))
        while "1 page is listening" not in str(loop(mine.say("early"))):
            page.wait_for_timeout(50)
        loop(mine.say("Goal! <b>1:0</b>"))
        frame.wait_for_function("() => document.querySelector('h1').textContent.includes('1:0')")
        assert frame.query_selector("h1 b") is None, "it is shown as text"
        loop(mine.restart())
        loop(mine.say("2:0"))
        frame.wait_for_function("() => document.querySelector('h1').textContent === '2:0'")
        texts = [each.partition(": ")[2] for each in frame.evaluate(SHOWN)]
        assert texts[-2:] == ["Goal! <b>1:0</b>", "2:0"], "each once, and none is missing"
        frame.evaluate("() => location.reload()")
        frame.wait_for_function(f"(count) => ({SHOWN})().length === count", arg=len(texts))
        told = page.evaluate(
            "async (url) => fetch(url).then((answer) => answer.text(), () => 'kept from it')",
            f"{mine.address}page",
        )
        assert told == "kept from it", "a page of another origin reads nothing"
        assert "blocked by CORS" in page_errors.pop()
    finally:
        loop(mine.close())


def test_a_stand_in_tells_the_page_the_same(page):
    text = with_stand_in(WHOLE, ["one", "</script>two"], new=1)
    page.set_content(framed(text=text))
    frame = page.frames[1]
    frame.wait_for_function(f"() => ({SHOWN})().length === 2")
    assert frame.evaluate(SHOWN) == ["stand-in-1: one", "stand-in-2: </script>two"]
    reach = "() => { try { return parent.document.title } catch { return 'kept' } }"
    assert frame.evaluate(reach) == "kept", "it reaches nothing of the notebook"
