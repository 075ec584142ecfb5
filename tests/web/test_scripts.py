"""A hub without pages: the client's scripts, for any origin's pages, and nothing else of a site."""

import asyncio

import pytest
import pytest_asyncio

from pushlab.contract.registry import load_transport, transport_names
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.process import HubConfig
from pushlab.hub.reach.reach import ReachSettings
from pushlab.hub.serve import serve
from pushlab.web.files import PAGES
from pushlab.web.scripts import SCRIPTS as SERVED
from pushlab.web.scripts import ScriptSite
from tests.live_hub import Answer, ask, dial, read_head
from tests.patience import PATIENCE_S
from tests.web.live_site import MQTT_BUNDLE

pytestmark = pytest.mark.asyncio(loop_scope="module")

FRIEND = "http://friend.example:3000"
STRANGER = "http://stranger.example"
SCRIPTS = [
    "/_ah/channel/jsapi",
    "/talkgadget/channel.js",
    "/web/channel.js",
    "/web/channel_mqtt.js",
    *(["/web/vendor/mqtt.esm.js"] if MQTT_BUNDLE.exists() else []),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub():
    """The address of a hub that is reached below `/hub` as well, as a proxy may leave it."""
    config = HubConfig(
        transports={"sse": {}, "short-polling": {}, "channel-api-dev": {}},
        allow_origins=[FRIEND],
        reach=ReachSettings(public_url="https://push.example/hub"),
        api_key="of the scripts",
        keys=TokenKeys.fresh().export(),
    )
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(config, stop=stop, ready=listening.set_result, make_site=lambda _hub: ScriptSite())
    )
    yield await asyncio.wait_for(listening, PATIENCE_S)
    stop.set()
    await serving


async def test_what_a_transport_fetches_in_a_page_is_among_them():
    kinds = [load_transport(name).in_browser for name in transport_names()]
    assert {path for kind in kinds if kind for path in kind.modules} < SERVED


@pytest.mark.parametrize("path", SCRIPTS)
@pytest.mark.parametrize("prefix", ["", "/hub"])
async def test_a_script_is_for_pages_of_every_origin(hub, path, prefix):
    for origin in (FRIEND, STRANGER, "null"):
        script = await ask(hub, "GET", f"{prefix}{path}?v=1", headers={"Origin": origin})
        assert script.status == 200
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert script.headers["x-content-type-options"] == "nosniff"
        assert script.headers["cross-origin-resource-policy"] == "cross-origin"
        assert script.headers["access-control-allow-origin"] == "*"
        assert "content-security-policy" not in script.headers, "which would be a page's"
    tag = script.headers["etag"]
    again = await ask(hub, "GET", prefix + path, headers={"If-None-Match": f"W/{tag}"})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cross-origin-resource-policy"] == "cross-origin"
    assert again.headers["cache-control"] == script.headers["cache-control"] == "no-cache"
    head = await _head(hub, prefix + path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(script.body))
    refused = await ask(hub, "DELETE", prefix + path)
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


async def _head(hub: str, path: str) -> Answer:
    async with asyncio.timeout(PATIENCE_S), dial(hub) as (reader, writer):
        request = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        head = await read_head(reader)
        return Answer(head.status, head.headers, await reader.read())


async def test_a_page_that_was_named_is_told_once_who_may_load_a_script(hub):
    """A browser takes no two answers; look at the lines, for `headers` would have one of them."""
    async with asyncio.timeout(PATIENCE_S), dial(hub) as (reader, writer):
        lines = ("GET /web/channel.js HTTP/1.1", "Host: localhost", f"Origin: {FRIEND}")
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        head = (await reader.read()).partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"\r\naccess-control-allow-origin:") == 1


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/web/page.js",
        "/web/race.js",
        "/web/style.css",
        "/web/vendor/other.js",
        "/web/",
        "/demo/race/state",
        "/demo/chat/join",
    ],
)
async def test_nothing_of_the_demonstrations_is_there(hub, path):
    answer = await ask(hub, "GET", path)
    assert (answer.status, answer.json["error"]) == (404, "not-found")
    posted = await ask(hub, "POST", path, body=b"{}", headers={"Content-Type": "application/json"})
    assert posted.status == 404


async def test_what_a_browser_may_read_of_a_script_that_is_missing(tmp_path):
    """`channel_mqtt.js` tells by the status that MQTT was not installed: from any origin."""
    from pushlab.web.files import Files

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/web/vendor/mqtt.esm.js", "headers": []}
    assert await ScriptSite(Files(tmp_path)).serve(scope, None, send)
    assert sent[0]["status"] == 404
    assert (b"access-control-allow-origin", b"*") in sent[0]["headers"]
