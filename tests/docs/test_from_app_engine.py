"""docs/from-app-engine.md: its nginx, run as it stands, between pages, a hub and an application.

What goes to the hub is held against what the transports declare, so the page cannot fall behind.
"""

import asyncio
import http.client
import re
import shutil
import ssl
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from websockets.asyncio.client import connect as ws_connect

import pushlab
from pushlab.channel_api import ChannelService
from pushlab.contract.registry import load_transport, transport_names
from pushlab.web.scripts import SCRIPTS
from tests.docs.proxies import (
    API_KEY,
    block,
    changed,
    nginx_command,
    prepare,
    running,
    serving,
)
from tests.live_hub import HTTP_TRANSPORTS
from tests.patience import PATIENCE_S
from tests.ports import free_port

pytestmark = pytest.mark.long
PAGE = Path(__file__).parents[2] / "docs" / "from-app-engine.md"
#: Ways to write the notices' paths; a server that compares paths bluntly would let some through.
NOTICES = (
    "/_ah/channel/connected/",
    "/_ah/channel/disconnected/",
    "/_ah/channel/reset/",
    "/_ah/channel/connected",
    "//_ah//channel/connected/",
    "/_ah%2Fchannel%2Fconnected/",
    "/%5Fah/channel/disconnected/",
    "/game/../_ah/channel/connected/",
    "/_ah/channel/dev/../connected/",
    "/_ah/./channel/connected/?from=ada",
    "/game/_ah/channel/connected/",
)


@dataclass
class Application:
    """An application of that time: a page, and handlers of notices."""

    authority: str
    asked: list[str] = field(default_factory=list)
    notices: asyncio.Queue[tuple[str, str]] = field(default_factory=asyncio.Queue)


@pytest.fixture(scope="module")
def application() -> Any:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b'<script src="/_ah/channel/jsapi"></script>')

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            if self.headers.get("Pushlab-Hub"):
                told.notices.put_nowait((self.path, parse_qs(body)["from"][0]))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            told.asked.append(unquote(self.path))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Application(f"127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Outside:
    """What pages reach: nginx with the page's configuration."""

    url: str
    port: int
    tls: ssl.SSLContext
    logs: Path

    def service(self, hub: str) -> ChannelService:
        """The application's side, which asks the hub itself."""
        return ChannelService(f"http://{hub}", API_KEY)

    def ask(self, method: str, target: str, body: str | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def outside(application: Application, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Nginx before an application and a hub: what pages reach, and the hub's own address."""
    yield from _before("", application, tmp_path_factory)


@pytest.fixture(scope="module")
def outside_below(application: Application, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same with the hub below a path, as the page says."""
    yield from _before("/hub", application, tmp_path_factory)


def _before(prefix: str, application: Application, folders: pytest.TempPathFactory) -> Any:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed (Debian: apt install nginx)")
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    authority, port = trustme.CA(), free_port()
    pem = authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes()
    tls = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    url = f"https://localhost:{port}{prefix}"
    flags = ("--public-url", url, "--presence-url", f"http://{application.authority}/game")
    folder = folders.mktemp("nginx") / "run"
    flags += ("--no-pages", "--broker", "embedded")
    with serving(*flags, folder=folders.mktemp("hub")) as hub:
        prepare(folder, pem)
        text = block("nginx", PAGE)
        changes = {
            "127.0.0.1:8000": hub,
            "127.0.0.1:8080": application.authority,
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/ssl/game.example.pem": f"{folder}/cert.pem",
            "/etc/ssl/game.example.key": f"{folder}/cert.pem",
        }
        if prefix:  # deploy.md's location in place of the first one
            theirs = re.search(r"^    location /hub/ \{\n.*?^    \}$", block("nginx"), re.M | re.S)
            own = re.search(r"^    location ~ \"\(\?x\).*?^    \}$", text, re.M | re.S)
            assert theirs
            assert own
            text = text.replace(own[0], theirs[0])
            changes |= {"http://pushlab/": "http://hub/", " pushlab;": " channel;"}
            changes |= {"location /hub/": "location ^~ /hub/"}
        text = re.sub(r"/var/log/nginx/", f"{folder}/", changed(text, changes))
        with running("nginx", nginx_command(folder, text), folder=folder, port=port):
            yield Outside(url, port, tls, folder), hub


# ---- which paths go where -----------------------------------------------------------------------


def _locations() -> str:
    """The pattern of what goes to the hub."""
    found = re.search(r'location ~ "(\(\?x\).*?)" \{', block("nginx", PAGE), re.S)
    assert found, "the page has no location for the hub"
    return found[1]


def _declared() -> set[str]:
    """Every path at which transports speak to the hub, and every script for pages."""
    classes = [load_transport(name) for name in transport_names()]
    paths = {each.path for each in classes if each.path} | SCRIPTS
    return paths | {path for each in classes if each.in_browser for path in each.in_browser.modules}


def test_every_path_of_every_transport_and_every_script_goes_to_the_hub() -> None:
    missing = {path for path in _declared() if not re.match(_locations(), path)}
    assert not missing, f"docs/from-app-engine.md sends these to the application: {missing}"


def test_the_addresses_told_are_reached_from_outside(
    outside: Any, application: Application
) -> None:
    """What `endpoints` tells of each transport, MQTT's WebSocket among it, goes to the hub."""
    page, hub = outside
    token = page.service(hub).create_channel("told")
    status, told = page.ask("GET", f"/v1/endpoints?token={token}")
    addresses = re.findall(rb'"((?:https|wss)://[^"]+)"', told)
    assert status == 200
    assert len(addresses) >= len(HTTP_TRANSPORTS) + 2, told  # and MQTT, and the old wire
    before = len(application.asked)
    for address in addresses:
        parts = urlsplit(address.decode())
        assert parts.port == page.port
        assert re.match(_locations(), parts.path), f"{parts.path} goes to the application"
        assert page.ask("GET", f"{parts.path}?token=none")[0] in (400, 401, 426), parts.path
    assert len(application.asked) == before


@pytest.mark.parametrize("path", ["/v1/channels", "/v1/publish", "/v1/stats", "/metrics", "/race"])
def test_the_hubs_own_api_and_pages_are_not_outside(
    outside: Any, application: Application, path: str
) -> None:
    page, _ = outside
    assert page.ask("GET", path)[1].startswith(b"<script")
    assert application.asked[-1] == path


# ---- the page, the script, messages --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["outside", "outside_below"])
def test_the_page_is_the_applications_and_the_script_is_the_hubs(
    kind: str, request: pytest.FixtureRequest
) -> None:
    page, _ = request.getfixturevalue(kind)
    assert page.ask("GET", "/")[1].startswith(b"<script")
    status, script = page.ask("GET", f"{urlsplit(page.url).path}/_ah/channel/jsapi")
    assert (status, b"goog.appengine" in script) == (200, True)


@pytest.mark.parametrize("transport", [*HTTP_TRANSPORTS, "channel-api-dev"])
async def test_messages_come_through_at_once_and_notices_arrive(
    outside: Any, application: Application, transport: str
) -> None:
    page, hub = outside
    service, client = page.service(hub), f"ada, {transport}"
    options = {"interval_s": 0.05} if "poll" in transport or "dev" in transport else {}
    options = options if transport != "long-polling" else {}
    token = await asyncio.to_thread(service.create_channel, client)
    async with asyncio.timeout(PATIENCE_S):
        async with pushlab.connect(
            page.url, token, transport=transport, tls=page.tls, **options
        ) as messages:
            reader = aiter(messages)
            for text in ("one", "two"):  # the next is published when this one has arrived
                await asyncio.to_thread(service.send_message, client, text)
                assert (await anext(reader)).data == text
            assert await _notice(application, client) == "/game/_ah/channel/connected/"
        assert await _notice(application, client) == "/game/_ah/channel/disconnected/"


async def test_a_stream_below_a_path_comes_through(outside_below: Any) -> None:
    page, hub = outside_below
    service = page.service(hub)
    token = service.create_channel("below")
    async with (
        asyncio.timeout(PATIENCE_S),
        pushlab.connect(page.url, token, transport="websocket", tls=page.tls) as messages,
    ):
        await asyncio.to_thread(service.send_message, "below", "hello")
        assert (await anext(aiter(messages))).data == "hello"


async def test_mqtt_over_websocket_is_let_through(outside: Any) -> None:
    page, _ = outside
    async with (
        asyncio.timeout(PATIENCE_S),
        ws_connect(
            f"wss://localhost:{page.port}/v1/mqtt", subprotocols=["mqtt"], ssl=page.tls, proxy=None
        ) as socket,
    ):
        assert socket.subprotocol == "mqtt"


async def _notice(application: Application, client: str) -> str:
    """The path of the next notice about this client."""
    while True:
        try:
            path, of = application.notices.get_nowait()
        except asyncio.QueueEmpty:
            await asyncio.sleep(0.01)
            continue
        if of == client:
            return path


# ---- what the outside cannot do ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["outside", "outside_below"])
@pytest.mark.parametrize("path", NOTICES)
def test_nobody_outside_can_post_a_notice(
    kind: str, path: str, request: pytest.FixtureRequest, application: Application
) -> None:
    page, _ = request.getfixturevalue(kind)
    before = len(application.asked)
    assert page.ask("POST", path, "from=ada")[0] == 404
    assert page.ask("POST", f"{urlsplit(page.url).path}{path}", "from=ada")[0] == 404
    assert len(application.asked) == before


def test_the_logs_have_the_old_wires_requests_and_no_token(outside: Any) -> None:
    page, hub = outside
    token = page.service(hub).create_channel("the logged")
    assert page.ask("GET", f"/_ah/channel/dev?command=poll&channel={quote(token)}")[0] == 200
    assert page.ask("GET", f"/v1/poll?token={quote(token)}")[0] in (200, 204)
    ends, logged = time.monotonic() + PATIENCE_S, ""
    while "/v1/poll" not in logged and time.monotonic() < ends:
        time.sleep(0.02)
        logged = "".join(log.read_text(errors="replace") for log in page.logs.glob("*.log"))
    assert '"GET /_ah/channel/dev" 200' in logged
    assert token not in logged
    assert token.rpartition(".")[2] not in logged
