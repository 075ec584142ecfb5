"""The site of `pushlab serve`: pages and their files, the old client script, the demonstrations.

Every page comes with a policy under which a browser runs no script and loads nothing that is not
this server's, sends no address of ours to anybody, and puts the page into no other.
"""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace

from pushlab.channel_api import LocalChannelService
from pushlab.contract.serving import Receive, Scope, Send
from pushlab.errors import Refused
from pushlab.hub.core import Hub
from pushlab.web.chat import Chat
from pushlab.web.demo import Demo, Post
from pushlab.web.files import PAGES, File, Files
from pushlab.web.lesson import Lesson
from pushlab.web.members import small
from pushlab.web.race import Race
from pushlab.web.tictactoe import TicTacToe
from pushlab.wire.asgi import header, refusal_answer, respond

__all__ = ["WebSite"]

_JSAPI = "/_ah/channel/jsapi"
_ASSETS = "/web/"
_DEMO = "/demo/"
_HOST = re.compile(rb"[A-Za-z0-9.\-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?")


class WebSite:
    """The site of one hub; see `pushlab.hub.app.Site`.

    Args:
        authority: whom to trust where the hub is encrypted, as a PEM certificate.
        files: what is served; this package's unless given.
    """

    def __init__(
        self, hub: Hub, *, authority: str | None = None, files: Files | None = None
    ) -> None:
        self._files = files or Files()
        channels = LocalChannelService(hub, settings=small(hub.settings))
        self._chat = Chat(channels)
        self._games = TicTacToe(channels)
        self.race = Race(hub, authority=authority)
        lesson = Lesson(hub, authority=authority)
        self._demo = Demo(
            posts={
                "/demo/lesson": Post(lesson.converse, dear=True),
                "/demo/race/join": Post(self.race.join, dear=True),
                "/demo/race/settings": Post(self.race.change),
                "/demo/race/publish": Post(self.race.publish),
                "/demo/race/reset": Post(self.race.reset),
                "/demo/chat/join": Post(self._chat.join, dear=True),
                "/demo/chat/say": Post(self._chat.say),
                "/demo/chat/leave": Post(self._chat.leave),
                "/demo/tictactoe/join": Post(self._games.join, dear=True),
                "/demo/tictactoe/move": Post(self._games.move),
                "/demo/tictactoe/again": Post(self._games.again),
                "/demo/tictactoe/leave": Post(self._games.leave),
            },
            reads={"/demo/race/state": self.race.state},
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the race while the body runs."""
        async with self.race.running():
            try:
                yield
            finally:
                self._chat.members.close()
                self._games.members.close()

    def has(self, path: str) -> bool:
        """Whether something of the site stands at this path."""
        if path in PAGES or path == _JSAPI or self._demo.has(path):
            return True
        return (
            path.startswith(_ASSETS) and self._files.asset(path.removeprefix(_ASSETS)) is not None
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve a request if its path is the site's."""
        path = scope["path"]
        if path.startswith(_DEMO):
            await self._demo.serve(scope, receive, send)
            return True
        if path in PAGES:
            found = self._files.page(PAGES[path][0])
        elif path == _JSAPI:
            found = self._files.jsapi()
        elif path.startswith(_ASSETS):
            found = self._files.asset(path.removeprefix(_ASSETS))
        else:
            return False
        if found is None:
            nothing = Refused(404, "not-found", "there is no such page or file")
            await respond(send, refusal_answer(nothing))
        elif scope["method"] not in ("GET", "HEAD"):
            await _refuse_method(scope, send)
        else:
            await _answer(found, scope, send)
        return True


async def _refuse_method(scope: Scope, send: Send) -> None:
    detail = f"{scope['path']} does not answer to {scope['method']}"
    answer = refusal_answer(Refused(405, "bad-method", detail))
    await respond(send, replace(answer, headers=((b"allow", b"GET, HEAD"),)))


async def _answer(file: File, scope: Scope, send: Send) -> None:
    headers = [
        (b"content-type", file.content_type.encode()),
        (b"etag", file.etag.encode()),
        (b"cache-control", b"no-cache"),
        *_policy(scope),
    ]
    if _has_it(file.etag.encode(), scope):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers.append((b"content-length", b"%d" % len(file.body)))
    body = b"" if scope["method"] == "HEAD" else file.body
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _has_it(etag: bytes, scope: Scope) -> bool:
    """Whether the client has this already (RFC 9110, section 13.1.2: weak comparison)."""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags = [tag.strip().removeprefix(b"W/") for tag in value.split(b",")]
            if etag in tags or b"*" in tags:
                return True
    return False


def _policy(scope: Scope) -> list[tuple[bytes, bytes]]:
    host, sockets = header(scope, b"host"), b""
    if _HOST.fullmatch(host):
        sockets = b" ws://%b wss://%b" % (host, host)  # older browsers' 'self' has none
    policy = (
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'%b;"
        b" img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ) % sockets
    return [
        (b"content-security-policy", policy),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]
