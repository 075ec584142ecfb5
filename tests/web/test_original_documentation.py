"""The old documentation's application as it stands, its script on another origin: three transports.

In soak they are six.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pushlab.contract.serving import HubSettings
from tests.patience import PATIENCE_S
from tests.web.live_site import MQTT_BUNDLE, Site, until
from tests.web.people import SOME_TRANSPORTS

APPENGINE = Path(__file__).parents[2] / "appengine"
GAME = Path(__file__).with_name("documented_game.py")
#: Opens channels by these tokens, and notes what each is told.
OPEN = """tokens => {
  window.told = tokens.map((token) => {
    const told = [];
    new goog.appengine.Channel(token).open({
      onopen: () => told.push("open"),
      onmessage: () => {},
      onerror: ({code, description}) => told.push(`${code} ${description}`),
      onclose: () => told.push("closed"),
    });
    return told;
  });
}"""


@pytest.fixture(scope="module")
def game():
    """The application, and its hub; the two have different origins."""
    ran = subprocess.Popen(
        [sys.executable, str(GAME)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(APPENGINE)},
    )
    url = f"http://localhost:{ran.stdout.readline().strip()}"
    hub = Site(
        broker="auto" if MQTT_BUNDLE.exists() else "none",
        settings=HubSettings(),
        presence_url=url.replace("localhost", "127.0.0.1"),
        allow_origins=(url,),
    )
    hub.start()
    ran.stdin.write(f"{hub.url} {hub.api_key}\n")
    ran.stdin.flush()
    yield url, hub
    hub.stop()
    ran.stdin.close()
    ran.wait(PATIENCE_S)
    ran.stdout.close()


@pytest.fixture(scope="module")
def pages(browser):
    """A page for each player, which all games have one after another: a new one is dear."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    yield [context.new_page(), context.new_page()]
    context.close()


def notices(url, key):
    """What the application was told of a game's two clients, in order."""
    with urllib.request.urlopen(f"{url}/notices", timeout=PATIENCE_S) as answer:
        return [what for what, who in json.load(answer) if who == key]


@pytest.mark.parametrize("transport", [*SOME_TRANSPORTS, "channel-api-dev"])
def test_the_documentations_application_runs_as_it_stands(game, pages, transport):
    url, hub = game
    key = f"game over {transport}"
    for page, me in zip(pages, "XO", strict=True):
        page.goto(f"{url}/?g={key}&me={me}&transport={transport}")
        page.wait_for_function("() => connected && state.board.length === 9")
        page.evaluate("() => { goog.appengine.Socket.POLLING_TIMEOUT_MS = 50; }")
    for life_s in (1, 5, 25, 63):  # it is to be open when the token ends, on any machine
        lives = hub.signed("late", key, life_s=life_s), hub.signed("late", key, life_s=-1.0)
        pages[0].evaluate(OPEN, [*lives, "nobody's"])
        pages[0].wait_for_function("() => told.every(([first]) => first)")
        if pages[0].evaluate("() => told[0][0] === 'open'"):
            break
    for turn, square in enumerate((4, 0, 2, 1, 6)):
        pages[turn % 2].evaluate("square => move(square)", square)
        for page in pages:
            shown = "([id, mark]) => state.board[id] === mark"
            page.wait_for_function(shown, arg=[square, "XO"[turn % 2]])
    for page in pages:
        page.wait_for_function("() => state.winner === 'X'")
    assert pages[0].evaluate("() => socket.transport") == transport
    pages[1].evaluate("() => socket.close()")
    pages[1].wait_for_function("() => !connected && socket.readyState === 3")
    pages[0].wait_for_function("() => state.left === 'O'")
    until(lambda: notices(url, f"O{key}") == ["connected", "disconnected"], "both are told")
    assert notices(url, f"X{key}") == ["connected"]
    assert [page.evaluate("() => errors") for page in pages] == [[], ["closed"]]
    pages[0].wait_for_function("() => told.every((each) => each.at(-1) === 'closed')")
    assert pages[0].evaluate("() => told") == [
        ["open", "401 Token+timed+out.", "closed"],
        ["401 Token+timed+out.", "closed"],
        ["401 Invalid+token.", "closed"],
    ]
