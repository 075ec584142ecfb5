"""The site over a socket: what is served, under which policy, to whose pages, and how often."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosed

import pushlab.web
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import UsageError
from pushlab.hub.process import HubConfig
from pushlab.hub.reach.origins import Origins
from pushlab.hub.serve import serve
from pushlab.web.files import Files
from pushlab.web.limits import Limiter
from pushlab.web.site import WebSite
from tests.live_hub import Answer, ask, read_head
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

FRIEND = "http://friend.example:3000"
STRANGER = "http://stranger.example"
CHANNEL_JS = "const HERE = import.meta.url;\nexport class Channel {}\n"
NAMES = (
    'import { Channel } from "./static/channel.js";\nconst PHRASES = {};\nconst goog = Channel;\n'
)


class Site:
    """A hub with a site in this process.

    Attributes:
        url: where it listens.
    """

    def __init__(self, url, config):
        self.url = url
        self.host = url.partition("//")[2]
        self.keys = TokenKeys.restore(config.keys)

    async def ask(self, method, target, body=None, **headers):
        """A request with these headers; `body` becomes JSON unless it is bytes."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("content-type", "application/json")
        if method != "HEAD":
            return await ask(self.url, method, target, body=body, headers=headers)
        host, _, port = self.host.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(
                f"HEAD {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            head = await read_head(reader)
            return Answer(head.status, head.headers, await reader.read())
        finally:
            writer.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site's files: a few that stand for ours, and one outside."""
    root = tmp_path_factory.mktemp("site")
    (root / "static" / "inner").mkdir(parents=True)
    (root / "static" / "race.html").write_text("<!doctype html><title>race</title>")
    (root / "static" / "channel.js").write_text(CHANNEL_JS)
    (root / "jsapi.js").write_text(NAMES)
    (root / "static" / "inner" / "look.css").write_text("body {}")
    (root / "static" / "notes.txt").write_text("not for the web")
    (root / "secret.js").write_text("secret")
    return root


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(folder):
    config = HubConfig(
        transports={"sse": {}, "websocket": {}, "short-polling": {}}, allow_origins=[FRIEND]
    )
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            config,
            stop=stop,
            ready=listening.set_result,
            make_site=lambda hub: WebSite(hub, files=Files(folder)),
        )
    )
    yield Site(await asyncio.wait_for(listening, PATIENCE_S), config)
    stop.set()
    await serving


# ---- files ------------------------------------------------------------------------------------


async def test_a_page_has_the_policy_and_a_tag_by_which_it_is_not_sent_twice(site):
    page = await site.ask("GET", "/race?transport=sse")
    assert (page.status, page.body) == (200, b"<!doctype html><title>race</title>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self';"
        f" connect-src 'self' ws://{site.host} wss://{site.host}; img-src 'self' data:;"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    tag = page.headers["etag"]
    again = await site.ask("GET", "/race", if_none_match=f'"other", W/{tag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert "content-security-policy" in again.headers
    head = await site.ask("HEAD", "/race")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(page.body))


async def test_a_changed_file_is_served_as_it_is_now(site, folder):
    style = folder / "static" / "inner" / "look.css"
    before = await site.ask("GET", "/web/inner/look.css")
    style.write_text("body { color: red }")
    now = await site.ask("GET", "/web/inner/look.css", if_none_match=before.headers["etag"])
    assert (now.status, now.body) == (200, b"body { color: red }")


@pytest.mark.parametrize(
    "path",
    [
        "/web/../secret.js",
        "/web/%2e%2e/secret.js",
        "/web/inner/../../secret.js",
        "/web/vendor/../secret.js",
        "/web//etc/passwd",
        "/web/notes.txt",
        "/web/race.html",
        "/web/inner",
        "/web/",
        "/web/.hidden.js",
        "/web/a%00.js",
        "/chat",
        "/demo/nothing",
    ],
)
async def test_what_is_not_meant_to_be_served_is_not_there(site, path):
    answer = await site.ask("GET", path)
    assert (answer.status, answer.json["status"]) == (404, 404)


async def test_a_host_that_is_none_is_refused(site):
    for host, status in (("a;script-src *", 400), ("a b", 400), ("[::1", 421)):
        lines = f"GET /race HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        name, _, port = site.host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        writer.write(lines.encode())
        head = await read_head(reader)
        writer.close()
        assert (head.status, head.headers.get("content-security-policy")) == (status, None)


async def test_other_methods_are_answered_with_those_that_would_do(site):
    for path, allowed in (("/race", "GET, HEAD"), ("/demo/race/state", "GET, HEAD")):
        answer = await site.ask("DELETE", path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
    answer = await site.ask("GET", "/demo/chat/join")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


# ---- the classic script -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_ah/channel/jsapi", "/talkgadget/channel.js"])
async def test_the_classic_script_is_of_the_two_files_as_they_are_now(site, folder, path):
    answer = await site.ask("GET", path)
    script = answer.body.decode()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "class Channel {}" in script
    assert "goog" in script
    assert "export" not in script
    assert "import" not in script  # neither the statement nor import.meta
    for file, text in (
        (folder / "static" / "channel.js", CHANNEL_JS),
        (folder / "jsapi.js", NAMES),
    ):
        file.write_text(f"{text}// changed\n")
        changed = await site.ask("GET", path)
        assert changed.body.count(b"// changed") == 1
        assert changed.headers["etag"] != answer.headers["etag"]
        file.write_text(text)


# ---- whose pages ------------------------------------------------------------------------------


async def close_of(url, origin, **more):
    """The close frame with which a WebSocket is refused; None when it stands."""
    async with (
        asyncio.timeout(PATIENCE_S),
        ws_connect(url, origin=origin, proxy=None, **more) as ws,
    ):
        try:
            await ws.recv()
        except ConnectionClosed as closed:
            return closed.rcvd and (closed.rcvd.code, closed.rcvd.reason)
    return None


def token_of(site, client_id="ann"):
    return site.keys.issue(
        client_id=client_id, channel=client_id, duration_minutes=5, now=time.time()
    )[0]


@pytest.mark.parametrize("path", ["/v1/socket", "/v1/nothing"])
async def test_a_strange_page_opens_no_websocket(site, path):
    url = f"ws://{site.host}{path}?token={token_of(site)}"
    bad = (4403, "bad-origin")
    strange = (STRANGER, "null", f"http://{site.host}.example", f"{FRIEND}1", f"ftp://{site.host}")
    for origin in strange:
        assert await close_of(url, origin) == bad, origin
    for origin in (None, f"http://{site.host}", f"https://{site.host.upper()}", FRIEND):
        assert await close_of(url, origin) != bad, origin


async def test_a_strange_page_opens_no_websocket_that_uvicorn_serves(site):
    url = f"ws://{site.host}/v1/socket?token={token_of(site)}"
    head = {"connection": "close, Upgrade"}  # out of the ordinary, so the door hands it over
    assert await close_of(url, STRANGER, additional_headers=head) == (4403, "bad-origin")


async def test_a_strange_page_posts_nothing(site):
    for origin in (STRANGER, "null"):
        for path in ("/demo/race/reset", "/v1/channels", "/_ah/whatever"):
            answer = await site.ask("POST", path, {}, origin=origin)
            assert (answer.status, answer.json["error"]) == (403, "bad-origin")
            assert "access-control-allow-origin" not in answer.headers
    before = (await site.ask("GET", "/demo/race/state")).json["resets"]
    assert (
        await site.ask("POST", "/demo/race/reset", {}, origin=f"http://{site.host}")
    ).status == 200
    assert (await site.ask("POST", "/demo/race/reset", {}, origin=FRIEND)).status == 200
    assert (await site.ask("GET", "/demo/race/state")).json["resets"] == before + 2


async def test_a_strange_page_ends_nobodys_presence(site):
    bearer = f"Bearer {token_of(site)}"
    host, _, port = site.host.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for origin, status in ((STRANGER, 403), (f"http://{site.host}", 204)):
            lines = [f"Host: {site.host}", f"Origin: {origin}", f"Authorization: {bearer}"]
            head = "\r\n".join(["DELETE /v1/poll HTTP/1.1", *lines, "", ""])
            writer.write(head.encode())  # a connection that is kept: the door serves it by itself
            answer = await read_head(reader)
            assert answer.status == status
            await reader.readexactly(int(answer.headers.get("content-length", 0)))
    finally:
        writer.close()


async def test_a_named_page_may_read_what_another_may_not(site):
    bearer = f"Bearer {token_of(site)}"
    for path in ("/v1/poll", "/v1/endpoints"):
        for origin, shared in ((FRIEND, FRIEND), (STRANGER, None), (f"http://{site.host}", None)):
            answer = await site.ask("GET", path, origin=origin, authorization=bearer)
            assert answer.status in (200, 204)
            assert answer.headers.get("access-control-allow-origin") == shared
            shown = answer.headers.get("access-control-expose-headers", "").split(", ")
            assert {"pushlab-cursor", "pushlab-gap"} <= {*shown} or shared is None
    asked = {"access_control_request_method": "GET", "origin": FRIEND}
    preflight = await site.ask("OPTIONS", "/v1/poll", **asked)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == FRIEND
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    refused = await site.ask("OPTIONS", "/v1/poll", origin=STRANGER)
    assert (refused.status, "access-control-allow-origin" in refused.headers) == (405, False)


async def test_what_is_no_origin_is_said_at_once():
    for name in ("friend.example", "http://", "http://a/b", "http://u@a/", "ws://a", "http://a:x"):
        with pytest.raises(UsageError, match="--allow-origin"):
            Origins([name])
    twice = [(b"origin", b"http://a"), (b"origin", b"http://a"), (b"host", b"a")]
    refusal = Origins().refusal({"type": "http", "method": "POST", "headers": twice})
    assert refusal is not None
    assert refusal.reason == "bad-origin"
    assert Origins(["*"]).admits([(b"origin", b"null")])


# ---- posts ------------------------------------------------------------------------------------


async def test_a_post_must_be_a_json_object_of_bounded_size(site):
    async def error_of(body, content_type="application/json; charset=utf-8"):
        answer = await site.ask("POST", "/demo/chat/say", body, content_type=content_type)
        return answer.status, answer.json["error"]

    assert await error_of(b"{}", "text/plain") == (415, "not-json")
    assert await error_of(b"[]") == (400, "bad-json")
    assert await error_of(b"{") == (400, "bad-json")
    assert await error_of(b'{"token": NaN}') == (400, "bad-json")
    assert await error_of(b"[" * 10_000) == (400, "bad-json")
    assert await error_of(b'"' + b"x" * 20_000 + b'"') == (413, "too-large")
    assert await error_of(b"{}") == (401, "not-a-member")


async def test_one_address_cannot_post_without_end(site):
    async def post():
        return await site.ask("POST", "/demo/tictactoe/leave", {})

    async with asyncio.timeout(PATIENCE_S):
        while (answer := await post()).status != 429:
            assert answer.status == 401
    assert answer.json["error"] == "too-many-requests"
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert (await site.ask("GET", "/race")).status == 200
    async with asyncio.timeout(PATIENCE_S):  # and it comes to an end
        while (await post()).status == 429:  # noqa: ASYNC110 - it is time that it waits for
            await asyncio.sleep(0.05)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3)), max_size=60),
    st.integers(1, 5),
    st.floats(0.1, 5),
)
async def test_a_limiter_lets_no_address_do_more_than_its_rate_and_bounds_its_table(
    visits, burst, rate_per_s
):
    now = 0.0
    limiter = Limiter(rate_per_s=rate_per_s, burst=burst, clock=lambda: now, most=4)
    done = {}
    for who, pause_s in visits:
        now += pause_s
        if limiter.wait_s(f"10.0.0.{who}") == 0:
            done.setdefault(who, []).append(now)
        assert len(limiter._buckets) <= 4
    if len({who for who, _ in visits}) <= 4:
        for times in done.values():
            for i, first in enumerate(times):
                for j, last in enumerate(times[i:], start=1):
                    assert j <= burst + (last - first) * rate_per_s + 1e-6


async def test_addresses_of_one_ipv6_network_share_a_bucket():
    limiter = Limiter(rate_per_s=1, burst=1, clock=lambda: 0.0)
    assert limiter.wait_s("2001:db8::1") == 0
    assert limiter.wait_s("2001:db8::2") > 0
    assert limiter.wait_s("2001:db8:0:1::2") == 0


async def test_addresses_of_ipv4_are_told_apart_behind_an_ipv6_socket():
    limiter = Limiter(rate_per_s=1, burst=1, clock=lambda: 0.0)
    assert limiter.wait_s("::ffff:10.0.0.1") == 0
    assert limiter.wait_s("::ffff:10.0.0.2") == 0
    assert limiter.wait_s("10.0.0.1") > 0


async def test_our_own_pages_load_nothing_of_another_host_and_have_no_script_inside():
    static = Path(pushlab.web.__file__).parent / "static"
    pages = sorted(static.glob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text()
        assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text), page
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", text), page
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", text), page
    for script in sorted(static.glob("*.js")):
        assert "innerHTML" not in script.read_text(), script


#: Where a page or a script says where something stands; what is in a comment may say anything.
_ADDRESSED = re.compile(
    r"""(?:src|href|action)=["'](/[^"']*)["']|\bfrom\s+["'](/[^"']*)["']|\bimport\(\s*["'](/[^"']*)["']"""
    r"""|url\(\s*["']?(/[^)"']*)|["'`](/(?:web|v1|demo|_ah|race|chat|tictactoe)\b[^"'`]*)["'`]"""
)


async def test_nothing_in_our_pages_stands_at_an_absolute_path():
    """A hub may stand below any path, of which its pages know nothing."""
    static = Path(pushlab.web.__file__).parent / "static"
    looked_at = [
        path for path in sorted(static.rglob("*")) if path.suffix in (".html", ".js", ".css")
    ]
    assert len(looked_at) > 20
    for path in looked_at:
        text = re.sub(r"/\*.*?\*/|<!--.*?-->|(?m:^\s*//.*$)", "", path.read_text(), flags=re.S)
        found = ["".join(groups) for groups in _ADDRESSED.findall(text)]
        assert found == [], path
