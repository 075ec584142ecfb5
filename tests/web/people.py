"""People at the demonstrations' pages, each in a browser context of their own."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.web.live_site import BROWSER_TRANSPORTS, MQTT_BUNDLE, watch_errors

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=PATIENCE_S * 1000)

#: For parametrizing; who has no MQTT is told so.
EACH_TRANSPORT = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == "mqtt" and not MQTT_BUNDLE.exists(),
            reason="mqtt for the browser is not installed (make web, which needs npm)",
        ),
    )
    for name in BROWSER_TRANSPORTS
]
#: The same, but by default over one that asks and one that is told; the rest in soak.
SOME_TRANSPORTS = [
    one
    if one.values[0] in ("short-polling", "websocket")
    else pytest.param(*one.values, marks=[*one.marks, pytest.mark.soak])
    for one in EACH_TRANSPORT
]
_TITLES = {"sse": "SSE", "websocket": "WebSocket", "mqtt": "MQTT"}

#: What sticks out of a page to the right.
_OUTSIDE = """() => [...document.querySelectorAll("main *, header *")]
  .filter(one => one.checkVisibility() && !one.closest(".unseen, .skip, svg"))
  .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
  .map(one => `${one.tagName}.${one.className}`)
  .concat(document.documentElement.scrollWidth > window.innerWidth ? ["the page"] : [])"""

#: Anything to press or type into that is too small for a thumb, or makes a phone zoom in.
_SMALL = """() => [...document.querySelectorAll(
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

    def page(self, path: str, **options: Any) -> Any:
        context = self._browser.new_context(base_url=self._url, **options)
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
    """They must not have complained at the end: of an error, of what the policy forbids."""
    some = People(browser, url)
    try:
        yield some
    finally:
        some.close()
    assert some.complaints == []


def carry_by(page: Any, transport: str) -> None:
    """Press the switch, once it is there."""
    expect(page.locator("#switch")).to_be_visible()
    page.check(f"#switch input[value={transport}]", force=True)


def line_over(transport: str) -> str:
    """What the page says when the channel stands."""
    title = _TITLES.get(transport, transport.replace("-", " ").capitalize())
    return f"Open, over {title}"


def fits_a_phone(page: Any) -> None:
    """Nothing sticks out of the page, and a thumb can press what there is."""
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate(_OUTSIDE) == []
    assert page.evaluate(_SMALL) == []
