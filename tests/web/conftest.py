"""What the tests of the browser side share: a real Chromium, and a real server with its site.

A browser test's module must have no `async` test in it: Playwright's synchronous form keeps an
event loop of its own running as long as its browser lives. It lives as long as one such module
follows another in this worker, since to start it takes a second and a half of a core.

- ``site``: one server for all of a worker's tests here, for tests that only use it.
- ``friend``: an application's own server, on another origin.
- ``own_site``: makes a server of a test's own, to be stopped, killed and started again, or with
  settings of its own.
- ``tabs``: a Chromium whose tabs may be hidden and frozen, which they cannot be under Playwright.
- ``browser``, ``context``, ``page``: Chromium. ``page`` fails the test at its end if the page
  reported an error that the test has not taken out of ``page_errors``.
- ``kept_page``: the same, but one for all tests of a module.
"""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from pushlab.contract.serving import HubSettings
from tests.patience import PATIENCE_S
from tests.web.live_site import CHROMIUM, MQTT_BUNDLE, Site, chromium_arguments, watch_errors
from tests.web.other_origin import OtherOrigin
from tests.web.tabs import Tabs

#: The modules some of whose tests have a browser.
_WITH_BROWSER = pytest.StashKey[set[Path]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    found = config.stash.setdefault(_WITH_BROWSER, set())
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.long)
            if "browser" in getattr(item, "fixturenames", ()):
                found.add(item.path)


@pytest.fixture(scope="package")  # gone before tests elsewhere look at what processes there are
def friend():
    """A server of another origin, whose pages `site` lets in."""
    one = OtherOrigin()
    yield one
    one.stop()


@pytest.fixture(scope="package")
def site(friend):
    """A server with its site and a broker, for tests that only use it."""
    one = Site(
        broker="auto", settings=HubSettings(), presence_url=None, allow_origins=(friend.url,)
    )
    one.start()
    yield one
    one.stop()


@pytest.fixture
def own_site():
    """Makes a server of this test's own: ``own_site(broker="none", retain_messages=5)``."""
    made = []

    def make(*, broker: str = "none", presence_url: str | None = None, **settings: Any) -> Site:
        one = Site(broker=broker, settings=HubSettings(**settings), presence_url=presence_url)
        made.append(one)
        one.start()
        return one

    yield make
    for one in made:
        one.stop()


def needs_chromium() -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is not installed (Debian: apt install chromium)")


@pytest.fixture
def tabs():
    """A Chromium whose tabs hide one another; see `tabs.py`."""
    needs_chromium()
    with Tabs() as started:
        yield started


#: What ends the browser that lives, if one does.
_living = contextlib.ExitStack()
_browsers: list[Any] = []


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, driven by Playwright, which downloads none."""
    needs_chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not _browsers:
        started = _living.enter_context(playwright.sync_playwright())
        how = {"executable_path": CHROMIUM, "args": chromium_arguments()[1:]}
        _browsers.append(_living.enter_context(started.chromium.launch(**how)))
    return _browsers[0]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End the browser, unless the next test is of a module with a browser."""
    if nextitem is None or nextitem.path not in nextitem.config.stash[_WITH_BROWSER]:
        _browsers.clear()
        _living.close()


@pytest.fixture
def context(browser):
    """A browser context of this test's own; it answers within PATIENCE_S or fails."""
    one = browser.new_context(viewport={"width": 1280, "height": 800})
    one.set_default_timeout(PATIENCE_S * 1000)
    yield one
    one.close()


@pytest.fixture(scope="module")
def errors():
    return []


@pytest.fixture
def page_errors(errors):
    """What pages of this test reported: uncaught errors and errors on the console."""
    errors.clear()
    return errors


@pytest.fixture
def page(context, page_errors):
    """A page that must not report an error."""
    one = context.new_page()
    watch_errors(one, page_errors)
    yield one
    assert page_errors == []


@pytest.fixture(scope="module")
def only_page(browser, errors):
    """One page for all tests of a module: a new one costs a good part of a second of a core."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_S * 1000)
    one = context.new_page()
    watch_errors(one, errors)
    yield one
    context.close()


@pytest.fixture
def kept_page(only_page, page_errors):
    """The module's page, which is left as it was found; some modules have it as their `page`."""
    yield only_page
    reported = list(page_errors)
    only_page.context.set_offline(False)
    only_page.unroute_all(behavior="ignoreErrors")
    only_page.goto("about:blank")
    assert reported == []


@pytest.fixture
def with_mqtt():
    """Skips where the browser's MQTT client is not installed."""
    if not MQTT_BUNDLE.exists():
        pytest.skip("mqtt for the browser is not installed (make web, which needs npm)")
