"""What clients are told, which requests are the hub's, and whose pages are its own."""

import asyncio
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio

from pushlab.contract.tokens import TokenKeys
from pushlab.errors import UsageError
from pushlab.hub.app import App
from pushlab.hub.core import Hub
from pushlab.hub.reach.origins import Origins
from pushlab.hub.reach.reach import Reach, ReachSettings, local_url
from tests.live_hub import ask, dial, live_hub, read_answer, read_head
from tests.patience import PATIENCE_S

PUBLIC = "https://push.example/hub"
LOCAL = "http://127.0.0.1:9100"
PROXY = "10.0.0.1"


def scope(host="127.0.0.1:9100", *, peer=PROXY, scheme="http", kind="http", **headers):
    lines = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    if host is not None:
        lines.append((b"host", host.encode()))
    return {
        "type": kind,
        "method": "POST",
        "http_version": "1.1",
        "scheme": scheme,
        "client": (peer, 5),
        "headers": lines,
    }


def reach(bound="127.0.0.1", **settings):
    return Reach(ReachSettings(**settings), bound=bound)


TRUSTING = reach(trust_forwarded=(PROXY,), allow_hosts=("push.example",))


# ---- what is told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "url"),
    [
        (scope("localhost:8000"), "http://localhost:8000"),
        (scope("[::1]:8000", scheme="https"), "https://[::1]:8000"),
        (scope("127.0.0.1:443", scheme="https"), "https://127.0.0.1"),
        (scope("127.0.0.1:80", scheme="https"), "https://127.0.0.1:80"),
        (scope("127.0.0.1:80"), "http://127.0.0.1"),
        (scope("127.0.0.1:443"), "https://127.0.0.1"),  # TLS ended before the hub
        (scope("0.0.0.0:8000"), LOCAL),
        (scope("[::]:8000"), LOCAL),
        (scope(None), LOCAL),
        (scope("localhost", x_forwarded_host="evil.example", peer="10.0.0.2"), "http://localhost"),
    ],
)
def test_a_client_is_told_the_address_that_it_used(request_, url):
    assert TRUSTING.url(request_, LOCAL) == url
    assert reach(public_url=PUBLIC, trust_forwarded=(PROXY,)).url(request_, LOCAL) == PUBLIC


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        (
            {"x_forwarded_proto": "https", "x_forwarded_host": "push.example"},
            "https://push.example",
        ),
        ({"x_forwarded_proto": "wss", "x_forwarded_host": "a:8443"}, "https://a:8443"),
        ({"forwarded": 'proto=https;host="a:8443"'}, "https://a:8443"),
        (
            {"x_forwarded_host": "a", "x_forwarded_port": "8443", "x_forwarded_prefix": "/hub"},
            "http://a:8443/hub",
        ),
        ({"x_forwarded_proto": "https", "x_forwarded_port": "443"}, "https://127.0.0.1:9100"),
        (  # nginx behind a balancer that ends TLS tells its own port
            {"x_forwarded_host": "a", "x_forwarded_proto": "https", "x_forwarded_port": "80"},
            "https://a",
        ),
    ],
)
def test_a_trusted_proxy_says_which_that_was(headers, url):
    assert TRUSTING.url(scope(**headers), LOCAL) == url
    assert TRUSTING.url(scope(**headers, peer="10.0.0.2"), LOCAL) == LOCAL


def test_where_this_machine_reaches_the_hub_is_one_address():
    assert local_url("0.0.0.0", 80, tls=False) == "http://127.0.0.1:80"
    assert local_url("::", 8000, tls=True) == "https://[::1]:8000"
    assert local_url("2001:db8::1", 8000, tls=False) == "http://[2001:db8::1]:8000"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://Push.Example:443/hub/", PUBLIC),
        ("http://10.0.0.1:80", "http://10.0.0.1"),
        ("http://[2001:DB8::1]:8000/a/b", "http://[2001:db8::1]:8000/a/b"),
    ],
)
def test_a_public_url_is_put_plainly(url, plain):
    assert reach(public_url=url).public_url == plain


@pytest.mark.parametrize(
    "url",
    [
        *("", "push.example", "ftp://a", "mqtt://a", "https://", "https://a:0", "https://a:x"),
        *("https://a/?b", "https://a/#b", "https://u:secret@a/", "https://a/../b", "https://a//b"),
        *("https://a b", "http://0.0.0.0:80", "http://[::]", "https://a/b c", "https://[::1"),
    ],
)
def test_what_can_be_no_public_url_is_said_at_once(url):
    with pytest.raises(UsageError, match="--public-url") as caught:
        reach(public_url=url)
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="--public-broker-url"):
        reach(public_broker_url=url.replace("https://a", "mqtts://a").replace("mqtt://a", "http:"))
    assert reach(public_broker_url="mqtts://a:8883").public_broker_url == "mqtts://a"


# ---- which requests are the hub's -------------------------------------------------------------


def refused(one, request_):
    refusal = one.refusal(request_)
    return refusal and (refusal.status, refusal.reason)


def test_a_request_for_another_name_is_refused_with_the_setting_that_would_do():
    for kind in ("http", "websocket"):
        refusal = reach().refusal(scope("evil.example:80", kind=kind))
        assert (refusal.status, refusal.reason) == (421, "unknown-host")
        assert "--allow-host" in refusal.detail
        assert "--public-url" in refusal.detail
        assert "evil.example" in refusal.detail
    assert "<" not in reach().refusal(scope("<b>")).detail
    assert reach(public_url=PUBLIC).refusal(scope("push.example")) is None
    assert reach(allow_hosts=("*",)).refusal(scope("evil.example")) is None


def test_a_request_for_none_or_for_two_is_nobodys():
    assert refused(reach(), scope(None)) == (400, "bad-host")
    twice = scope("localhost")
    twice["headers"] += [(b"host", b"localhost")]
    assert refused(reach(), twice) == (400, "bad-host")
    assert refused(reach(), {**scope(None), "http_version": "1.0"}) is None  # no browser's


def test_of_a_trusted_proxy_the_host_counts_that_it_was_asked_for():
    assert refused(TRUSTING, scope("upstream", x_forwarded_host="push.example")) is None
    evil = scope("localhost", x_forwarded_host="evil.example")
    assert refused(TRUSTING, evil) == (421, "unknown-host")
    assert refused(TRUSTING, scope("localhost", forwarded="host=evil.example")) is not None
    stranger = scope("upstream", x_forwarded_host="push.example", peer="10.0.0.2")
    assert refused(TRUSTING, stranger) == (421, "unknown-host")
    nameless = reach(trust_forwarded=(PROXY,))  # the proxy's names are all that are said
    assert refused(nameless, scope("upstream", x_forwarded_host="push.example")) is None
    assert refused(nameless, stranger) == (421, "unknown-host")
    assert refused(nameless, scope("upstream")) == (421, "unknown-host")
    for named in ({"public_url": PUBLIC}, {"allow_hosts": ("push.example",)}):
        assert refused(reach(trust_forwarded=(PROXY,), **named), evil) == (421, "unknown-host")


# ---- whose pages are its own ------------------------------------------------------------------

SAME = {"sec_fetch_site": "same-origin"}


@pytest.mark.parametrize(
    ("request_", "own"),
    [
        (scope("localhost:8000", origin="http://localhost:8000"), True),
        (scope("name:443", origin="https://name"), True),
        (scope("name", origin="https://name:443"), True),
        (scope("name:80", origin="http://name"), True),
        (scope("name", origin="http://NAME"), True),
        (scope("name:80", origin="https://name"), False),
        (scope("name:8000", origin="http://name:8001"), False),
        (scope("name", origin="http://name:8000"), False),  # who knows who listens there
        (scope("name", origin="null"), False),
        (scope("name", origin="http://name.example"), False),
        (scope(origin="https://push.example"), True),
        (scope(origin="https://push.example:443"), True),
        (scope(origin="http://push.example"), False),
        (scope(origin="https://push.example:8443"), False),
        # A proxy's own Host, and one without its port, where the browser gives its word.
        (scope(origin="https://a", **SAME), True),
        (scope("a", origin="https://a:8443", **SAME), True),
        (scope(origin="http://localhost:8080", **SAME), True),
        (scope(origin="http://a.localhost:8080", **SAME), True),
        # It gives it to nobody else, so whoever has this is no browser, or a rebound name.
        (scope(origin="http://evil.example", **SAME), False),
        (scope(origin="https://a", sec_fetch_site="same-site"), False),
        (scope(origin="https://a", sec_fetch_site="cross-site"), False),
        (scope(origin="null", **SAME), False),
        (scope(origin="https://a", x_forwarded_host="a"), True),
        (scope(origin="https://a:8443", x_forwarded_host="a", x_forwarded_port="8443"), True),
        (scope(origin="https://a", x_forwarded_host="a", peer="10.0.0.2"), False),
    ],
)
def test_an_origin_is_the_hubs_own_or_not(request_, own):
    one = reach(public_url=PUBLIC, trust_forwarded=(PROXY,))
    refusal = Origins((), one).refusal(request_)
    assert (refusal is None) == own
    if refusal is not None:
        assert (refusal.status, refusal.reason) == (403, "bad-origin")
        for setting in ("--public-url", "--trust-forwarded", "--allow-origin"):
            assert setting in refusal.detail


# ---- over sockets -----------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hub():
    settings = ReachSettings(public_url=PUBLIC, public_broker_url="mqtts://push.example")
    async with live_hub(reach=settings) as one:
        yield one


SOCKET = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
SOCKET += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
PATHS = ("/v1/poll", "/v1/events", "/v1/endpoints", "/v1/nothing", "/healthz", "/hub/v1/poll")


async def raw(url, target, *lines, method="GET", version="1.1"):
    head = "\r\n".join([f"{method} {target} HTTP/{version}", *lines, "", ""])
    async with asyncio.timeout(PATIENCE_S), dial(url) as (reader, writer):
        writer.write(head.encode())
        return await read_answer(reader)


@pytest.mark.asyncio(loop_scope="module")
async def test_no_path_is_served_under_a_strange_name(hub):
    token = await hub.token("ann")
    for target in PATHS:
        answer = await raw(hub.url, f"{target}?token={token}", "Host: evil.example")
        assert (answer.status, answer.json["error"]) == (421, "unknown-host"), target
    for target in ("/v1/socket", "/v1/nothing", "/hub/v1/socket"):
        for more in ("", "Cookie: a\r\n"):  # as a direct route is asked, and not
            lines = ("Host: evil.example", (more + SOCKET).strip())
            answer = await raw(hub.url, f"{target}?token={token}", *lines)
            assert (answer.status, answer.json["error"]) == (421, "unknown-host"), target
    for target in PATHS:
        assert (await raw(hub.url, f"{target}?token={token}")).status == 400, target


@pytest.mark.asyncio(loop_scope="module")
async def test_everybody_is_told_the_public_address(hub):
    made = (await hub.api("POST", "/v1/channels", {"client_id": "ann"})).json
    asked = (await ask(hub.url, "GET", "/v1/endpoints", secret=made["token"])).json
    assert made["endpoints"] == asked["endpoints"]
    urls = {name: told["url"] for name, told in asked["endpoints"].items()}
    assert urls["websocket"] == "wss://push.example/hub/v1/socket"
    others = [url for name, url in urls.items() if name != "websocket"]
    assert others
    assert all(url.startswith(f"{PUBLIC}/") for url in others), urls


@pytest.mark.asyncio(loop_scope="module")
async def test_the_public_path_may_be_taken_away_or_left(hub):
    token = await hub.token("ann", "a/b")
    for below in ("", "/hub"):
        target = f"{below}/v1/publish?channel={quote('a/b', safe='')}"
        assert (await hub.api("POST", target, b"x")).status == 202
        assert (await hub.api("POST", f"{below}/v1/channels/a%2Fb/messages", b"x")).status == 202
        assert (await hub.api("GET", f"{below}/v1/stats")).status == 200
        assert (await ask(hub.url, "GET", f"{below}/v1/poll", secret=token)).status == 204
        lines = (f"Host: {urlsplit(hub.url).netloc}", SOCKET.strip())
        head = await raw(hub.url, f"{below}/v1/socket?token={token}", *lines)
        assert head.status == 101
    moved = await hub.ask("GET", "/hub?a=b")
    assert (moved.status, moved.headers["location"]) == (308, "/hub/?a=b")
    assert (await hub.ask("GET", "/hubs/v1/poll")).status == 404


@pytest.mark.asyncio(loop_scope="module")
async def test_a_channel_is_named_in_the_query_whatever_its_letters(hub):
    for name in ("c/d", "a b+c", "..", "./x", "漢&=?#%", "a//b", "%2F"):
        target = f"/v1/publish?channel={quote(name, safe='')}"
        first = (await hub.api("POST", target, b"x")).json["seq"]
        batch = [{"channel": name, "data": "y"}]
        assert (await hub.api("POST", "/v1/messages", batch)).json[0]["seq"] == first + 1
        told = (await hub.api("GET", f"/v1/presence?channel={quote(name, safe='')}")).json
        assert told == {"channel": name, "present": []}
    for query in ("", "?", "?channel", "?channel=a&channel=b", "?Channel=a"):
        answer = await hub.api("POST", f"/v1/publish{query}", b"x")
        expected = "invalid-channel" if query == "?channel" else "bad-request"
        assert answer.status == 400, query
        assert answer.json["error"] in (expected, "bad-request"), query
    assert (await hub.api("POST", "/v1/publish?channel=%FF", b"x")).json[
        "error"
    ] == "invalid-channel"
    assert (await hub.api("GET", "/v1/publish?channel=a")).status == 405
    assert (await hub.api("POST", "/v1/presence?channel=a")).status == 405
    assert (await ask(hub.url, "GET", "/v1/presence?channel=a")).status == 401


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_trusted_proxy_says_counts_where_requests_are_served_directly_too():
    settings = ReachSettings(trust_forwarded=("127.0.0.1",), allow_hosts=("push.example",))
    async with live_hub(reach=settings) as hub:
        token, host = await hub.token("ann"), f"Host: {urlsplit(hub.url).netloc}"
        target = f"/v1/socket?token={token}"
        for known, poll, begins in (("push.example", 204, b"\x81"), ("evil.example", 421, b"\x88")):
            told = f"X-Forwarded-Host: {known}"
            answer = await raw(hub.url, f"/v1/poll?token={token}", host, told)
            assert answer.status == poll, known
            page = (f"Origin: https://{known}", SOCKET.strip())
            async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
                lines = (f"GET {target} HTTP/1.1", host, told, *page, "", "")
                writer.write("\r\n".join(lines).encode())
                assert (await read_head(reader)).status == 101
                assert await reader.readexactly(1) == begins, known  # a text, or the close


class Who:
    """A site that notes who asks."""

    def __init__(self):
        self.seen = []

    def has(self, path):
        return True

    def running(self):
        raise NotImplementedError

    async def serve(self, scope, receive, send):
        self.seen.append(scope["client"][0])
        return True


async def nothing(*_):
    """What a request without a body receives, and an answer that nobody reads."""
    return {"type": "http.request"}


@pytest.mark.asyncio(loop_scope="module")
async def test_who_asks_through_a_trusted_proxy_is_the_client():
    """So limits for each address are the client's own, not the proxy's."""
    who = Who()
    trusting = reach(trust_forwarded=("127.0.0.1",))
    hub = Hub(keys=TokenKeys.fresh())
    app = App(hub, api_key="k" * 8, transports=[], reach=trusting, site=who)
    for peer in ("127.0.0.1", "10.0.0.2"):
        asked = scope("localhost", peer=peer, x_forwarded_for="203.0.113.7")
        await app({**asked, "path": "/who", "query_string": b""}, nothing, nothing)
    assert who.seen == ["203.0.113.7", "10.0.0.2"]
