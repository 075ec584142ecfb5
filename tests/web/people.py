"""People at the demonstrations' pages, each in a browser context of their own."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from live_site import BROWSER_TRANSPORTS, MQTT_BUNDLE, PATIENCE_S, watch_errors

#: All at once in one test, so that they wait for each other's polls; MQTT by itself, since it may
#: not be installed.
TOGETHER = [
    pytest.param(tuple(name for name in BROWSER_TRANSPORTS if name != "mqtt"), id="http"),
    pytest.param(
        ("mqtt",),
        id="mqtt",
        marks=pytest.mark.skipif(
            not MQTT_BUNDLE.exists(),
            reason="mqtt for the browser is not installed (make web, which needs npm)",
        ),
    ),
]

#: What sticks out of a page to the right.
OUTSIDE = """() => [...document.querySelectorAll("main *, header *")]
  .filter(one => one.checkVisibility() && !one.closest(".unseen, .skip, svg"))
  .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
  .map(one => `${one.tagName}.${one.className}`)
  .concat(document.documentElement.scrollWidth > window.innerWidth ? ["the page"] : [])"""

#: Anything to press or type into that is too small for a thumb, or makes a phone zoom in.
SMALL = """() => [...document.querySelectorAll(
    "main :is(button, input, select, textarea, .switch label)")]
  .filter(one => one.checkVisibility() && one.type !== "radio")
  .filter(one => one.getBoundingClientRect().height < 44 ||
    (one.matches("input, select, textarea") && parseFloat(getComputedStyle(one).fontSize) < 16))
  .map(one => one.outerHTML.slice(0, 80))"""


class People:
    """Opens pages; what they complain of is gathered."""

    def __init__(self, browser: Any, url: str) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self._url = url
        self.complaints: list[str] = []

    def page(self, path: str, *, width: int = 1280, **options: Any) -> Any:
        context = self._browser.new_context(
            viewport={"width": width, "height": 800}, base_url=self._url, **options
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        self._contexts.append(context)
        page = context.new_page()
        watch_errors(page, self.complaints)
        page.goto(path)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@contextlib.contextmanager
def people(browser: Any, url: str) -> Iterator[People]:
    """They must not have complained at the end."""
    some = People(browser, url)
    try:
        yield some
    finally:
        some.close()
    assert some.complaints == []
