"""The site of `pushlab serve`: pages and their files, the client's scripts, the demonstrations.

Every page comes with a policy under which a browser runs no script and loads nothing that is not
this server's, sends no address of ours to anybody, and puts the page into no other.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable
from functools import partial
from typing import Any

from pushlab.channel_api import LocalChannelService
from pushlab.contract.reasons import Reason
from pushlab.contract.serving import Receive, Scope, Send
from pushlab.hub.core import Hub
from pushlab.web.chat import Chat
from pushlab.web.demo import Act, Demo, LocalPost, Post
from pushlab.web.file_answers import answer_file
from pushlab.web.files import ASSETS, PAGES, Files
from pushlab.web.lesson import Lesson
from pushlab.web.members import small
from pushlab.web.race import Race
from pushlab.web.scripts import ScriptSite
from pushlab.web.tictactoe import TicTacToe
from pushlab.wire.asgi import header

__all__ = ["WebSite"]

_DEMO = "/demo/"
ONE_HUB_ONLY = Reason(
    503,
    "one-hub-only",
    "who talks and plays here is in one hub's memory, and this server may have several hubs; serve"
    " without --backplane for this page",
)
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
        self._scripts = ScriptSite(self._files)
        channels = LocalChannelService(hub, settings=small(hub.settings))
        self._chat = Chat(channels)
        self._games = TicTacToe(channels)
        self.race = Race(hub, authority=authority)
        lesson = Lesson(hub, authority=authority)
        here = partial(_at_one_hub, hub)
        self._demo = Demo(
            posts={
                "/demo/lesson": Post(lesson.converse, dear=True),
                "/demo/race/join": Post(self.race.join, dear=True),
                "/demo/race/settings": Post(self.race.change),
                "/demo/race/publish": Post(self.race.publish),
                "/demo/race/reset": Post(self.race.reset),
                "/demo/race/lock": LocalPost(self.race.lock),
                "/demo/chat/join": Post(here(self._chat.join), dear=True),
                "/demo/chat/say": Post(here(self._chat.say)),
                "/demo/chat/leave": Post(here(self._chat.leave)),
                "/demo/tictactoe/join": Post(here(self._games.join), dear=True),
                "/demo/tictactoe/move": Post(here(self._games.move)),
                "/demo/tictactoe/again": Post(here(self._games.again)),
                "/demo/tictactoe/leave": Post(here(self._games.leave)),
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
        if path in PAGES or self._scripts.has(path) or self._demo.has(path):
            return True
        return path.startswith(ASSETS) and self._files.asset(path.removeprefix(ASSETS)) is not None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve a request if its path is the site's."""
        path = scope["path"]
        if path.startswith(_DEMO):
            await self._demo.serve(scope, receive, send)
            return True
        if await self._scripts.serve(scope, receive, send):
            return True
        if path in PAGES:
            found = self._files.page(PAGES[path][0])
        elif path.startswith(ASSETS):
            found = self._files.asset(path.removeprefix(ASSETS))
        else:
            return False
        await answer_file(found, _policy(scope), scope, send)
        return True


def _at_one_hub(hub: Hub, act: Act) -> Act:
    """What is done in the memory of one hub; a server of several would do it at any of them."""

    def do(body: dict[str, Any]) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        if hub.backplane.shared:
            raise ONE_HUB_ONLY()
        return act(body)

    return do


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
    ]
