"""docs/deploy.md: its configurations, run as they stand, carry every transport and keep secrets.

One hub stands behind all three proxies and believes what they forward.
"""

import asyncio
import http.client
import json
import shutil
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

import pushlab
from pushlab.channel_api import ChannelService
from tests.docs.proxies import API_KEY, PREFIX, PROXIES, Proxy, running_proxy, serving
from tests.live_hub import HTTP_TRANSPORTS
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.long
#: A proxy here cuts what is silent for so long; the hub says sooner that it lives.
SILENCE_S = 2
KEEP_ALIVE_S = 0.5


@dataclass
class Behind:
    """A proxy with a hub behind it, seen from outside."""

    proxy: Proxy
    tls: ssl.SSLContext

    def service(self) -> ChannelService:
        return ChannelService(self.proxy.url, API_KEY, context=self.tls)

    def ask(
        self, method: str, target: str, body: str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        """A request below the prefix."""
        answer, content = self.answer(method, target, body, **headers)
        return answer.status, content

    def answer(
        self, method: str, target: str, body: str | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The same, and all that the answer says."""
        connection = http.client.HTTPSConnection("localhost", self.proxy.port, context=self.tls)
        try:
            connection.request(method, f"{PREFIX}{target}", body, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def ask_api(self, method: str, target: str, body: Any = None, **headers: str) -> Any:
        """A request with the API key."""
        headers["Authorization"] = f"Bearer {API_KEY}"
        status, answer = self.ask(method, target, body and json.dumps(body), **headers)
        return status, json.loads(answer)


@pytest.fixture(scope="module")
def certificate() -> Any:
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    return leaf.private_key_and_cert_chain_pem.bytes(), authority.cert_pem.bytes().decode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Any:
    trust = ("--trust-forwarded", "127.0.0.1")
    with serving(
        *trust,
        *("--keep-alive", f"{KEEP_ALIVE_S}s", "--broker", "none"),
        folder=tmp_path_factory.mktemp("hub"),
    ) as authority:
        yield authority


@pytest.fixture(scope="module", params=PROXIES)
def behind(
    request: pytest.FixtureRequest,
    hub: str,
    certificate: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed (Debian: apt install {name})")
    pem, authority = certificate
    folder = tmp_path_factory.mktemp(name) / "run"
    with running_proxy(name, hub=hub, folder=folder, certificate=pem, silence_s=SILENCE_S) as proxy:
        yield Behind(proxy, ssl.create_default_context(cadata=authority))


@pytest.mark.parametrize("transport", HTTP_TRANSPORTS)
async def test_messages_come_through_at_once(behind: Behind, transport: str) -> None:
    service, channel = behind.service(), f"at once, {transport}"
    token = service.create_channel(channel)
    options = {"interval_s": 0.05} if transport == "short-polling" else {}
    async with (
        asyncio.timeout(PATIENCE_S),
        pushlab.connect(
            behind.proxy.url, token, transport=transport, tls=behind.tls, **options
        ) as messages,
    ):
        reader = aiter(messages)
        for text in ("one", "two", "three"):  # the next is published when this one has arrived
            await asyncio.to_thread(service.send_message, channel, text)
            assert (await anext(reader)).data == text
    assert messages.gaps == []


def test_the_addresses_told_are_the_proxys(behind: Behind) -> None:
    status, told = behind.ask_api("POST", "/v1/channels", {"client_id": "ada"})
    assert status == 201
    urls = {name: urlsplit(told["endpoints"][name]["url"]) for name in HTTP_TRANSPORTS}
    assert {url.scheme for url in urls.values()} == {"https", "wss"}
    assert {url.netloc for url in urls.values()} == {f"localhost:{behind.proxy.port}"}
    assert all(url.path.startswith(f"{PREFIX}/v1/") for url in urls.values()), urls


def test_an_old_client_reads_in_the_status_line_what_is_wrong_with_its_token(
    behind: Behind,
) -> None:
    answer, body = behind.answer("GET", "/_ah/channel/dev?command=poll&channel=nonsense")
    assert (answer.status, json.loads(body)["error"]) == (401, "token-invalid")
    kept = behind.proxy.name != "caddy"  # it writes status lines of its own, as docs/deploy.md says
    assert answer.reason == ("Invalid+token." if kept else "Unauthorized")


@pytest.mark.parametrize("name", ["a/b", "100%", "a%2Fb", "ü ☂", "..", "a?b#c"])
def test_any_name_can_be_published_to(behind: Behind, name: str) -> None:
    service = behind.service()
    token = quote(service.create_channel(name))
    connection = http.client.HTTPSConnection("localhost", behind.proxy.port, context=behind.tls)
    connection.request("GET", f"{PREFIX}/v1/poll?token={token}")
    cursor = connection.getresponse().headers["pushlab-cursor"]
    connection.close()
    service.send_message(name, "hello")
    status, page = behind.ask("GET", f"/v1/poll?after={cursor}&token={token}")
    assert (status, b"hello" in page) == (200, True)


def test_the_log_has_the_request_and_no_secret(behind: Behind) -> None:
    token = behind.service().create_channel("the logged")
    mark = f"/v1/healthz-{behind.proxy.port}"
    page = f"https://localhost/?token={token}"
    assert behind.ask("GET", f"/v1/poll?token={quote(token)}", Referer=page)[0] in (200, 204)
    assert behind.ask_api("GET", f"{mark}?token={quote(token)}")[0] == 404
    text = _logged(behind.proxy, mark)
    assert "/v1/poll" in text
    for secret in (token, quote(token), token.rpartition(".")[2], API_KEY):
        assert secret not in text


def _logged(proxy: Proxy, mark: str) -> str:
    """The log, once it has the mark; whatever else the proxy has written to files, too."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if proxy.log.exists() and mark in proxy.log.read_text("utf-8"):
            logs = proxy.log.parent.glob("*.log")
            return "\n".join(each.read_text("utf-8", errors="replace") for each in logs)
        time.sleep(0.02)
    raise AssertionError("nothing was logged")


@pytest.mark.parametrize("own", [True, False])
def test_its_own_pages_may_post_and_no_others(behind: Behind, own: bool) -> None:
    origin = f"https://localhost:{behind.proxy.port}" if own else "https://elsewhere.example"
    status, told = behind.ask_api("POST", "/v1/channels", {"client_id": "ada"}, Origin=origin)
    assert status == (201 if own else 403)
    assert own or "--allow-origin" in told["detail"]


async def test_a_silent_stream_outlives_the_proxys_patience(behind: Behind) -> None:
    service = behind.service()
    token = service.create_channel("silent")
    before = _reconnects(behind)
    async with (
        asyncio.timeout(PATIENCE_S),
        pushlab.connect(behind.proxy.url, token, transport="sse", tls=behind.tls) as messages,
    ):
        await asyncio.sleep(1.5 * SILENCE_S)
        await asyncio.to_thread(service.send_message, "silent", "still here")
        assert (await anext(aiter(messages))).data == "still here"
    assert _reconnects(behind) == before


def _reconnects(behind: Behind) -> int:
    _, stats = behind.ask_api("GET", "/v1/stats")
    return int(stats["hits"].get("sse", {}).get("reconnect", 0))
