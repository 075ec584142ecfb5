"""A hub of the student's own: its page has a token in it, what is said is kept over a restart."""

import asyncio
import re
import urllib.request
from urllib.parse import unquote

import psutil
import pytest

from pushlab.client import connect
from pushlab.course import own_hub as start
from pushlab.course.mode import READING
from pushlab.course.own_page import PATH, WHOLE
from pushlab.course.trouble import CourseError


def fetched(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url) as answer:
        return answer.read()


@pytest.fixture
def shown(monkeypatch):
    """What was shown, in its own place or again in the same place."""
    bundles: list[dict[str, str]] = []

    class Handle:
        def update(self, bundle, raw):
            bundles.append(bundle)

    def display(bundle, raw, display_id):
        bundles.append(bundle)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    return bundles


@pytest.mark.long
async def test_a_page_listens_to_what_is_said_also_after_a_restart(shown):
    before = set(psutil.Process().children(recursive=True))
    mine = await start()
    assert "Your own hub listens at http://127.0.0.1:" in str(mine)
    mine.open(WHOLE)
    url = re.search(r'src="([^"]+)"', shown[-1]["text/html"])[1]
    assert url.endswith(f"/{PATH}")
    assert "token" not in shown[-1]["text/html"], "a notebook is saved, and a token is a secret"
    page = (await asyncio.to_thread(fetched, url)).decode()
    assert "EVENTS" not in page
    address = re.search(r'EventSource\("v1/events\?token=([^"&]+)&after=\w+-0"\)', page)
    token = unquote(address[1])
    assert "No page is listening now" in str(await mine.say("too early"))
    async with connect(url.removesuffix(f"/{PATH}"), token, transport="sse") as line:
        messages = aiter(line)
        assert "1 page is listening" in str(await mine.say("one"))
        assert (await anext(messages)).data == "one"
        assert "was started again" in str(await mine.restart())
        await mine.say("two, while nobody was there")
        assert (await anext(messages)).data == "two, while nobody was there"
    assert "No process of it is left" in str(await mine.close())
    assert set(psutil.Process().children(recursive=True)) <= before
    again = shown[-1]["text/html"]
    assert "srcdoc=" in again, "what was said is played once more where the page was"
    assert "two, while nobody was there" in again
    assert "closed" in str(await mine.say("too late"))


@pytest.mark.long
async def test_behind_a_proxy_the_page_is_below_its_path_or_there_is_a_stand_in(shown, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/eva/")
    monkeypatch.setattr("pushlab.course.reached.find_spec", lambda name: name)
    mine = await start()
    mine.open(WHOLE)
    assert re.search(r'src="/user/eva/proxy/\d+/page"', shown[-1]["text/html"])
    monkeypatch.setattr("pushlab.course.reached.find_spec", lambda name: None)
    other = await start()
    assert "is closed" in str(mine), "one at a time"
    assert "nothing crosses a wire" in str(other)
    assert "jupyter-server-proxy" in str(other)
    await other.close()


async def test_in_reading_mode_a_stand_in_says_what_it_is(monkeypatch, shown):
    monkeypatch.setenv(READING, "1")
    mine = await start()
    mine.open(WHOLE)
    for told in (mine, await mine.restart(), await mine.say("Goal!")):
        assert "nothing crosses a wire" in str(told)
    assert "Goal!" in shown[-1]["text/html"]
    assert "no process had to end" in str(await mine.close())


async def test_what_is_no_page_and_no_text_is_told(monkeypatch, shown):
    monkeypatch.setenv(READING, "1")
    mine = await start()
    with pytest.raises(CourseError, match=r"as in mine.open\(page\)"):
        mine.open(42)
    with pytest.raises(CourseError, match="say a text"):
        await mine.say("")
    steps = [mine.hint() for _ in range(3)]
    assert steps[0] != steps[1] == steps[2]
    assert mine.solution().code == WHOLE
    await mine.close()
