"""A hub that serves one page besides, a student's own.

``python -m pushlab.course.page_process FILE`` reads the page from the file each time somebody opens
it. In place of `EVENTS` comes the address of its channel's events, with a token for this reader; so
no token is in the notebook. Page and events have one origin, so the browser lets the page read
them, and every address is relative, so that a proxy may put a path in front of both.
"""

import contextlib
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from pushlab.contract.serving import Receive, Response, Scope, Send
from pushlab.course.own_page import CHANNEL, EVENTS, PATH
from pushlab.hub.core import Hub
from pushlab.hub.reasons import bad_method
from pushlab.hub.served_child import serve_as_child
from pushlab.transports.sse import ServerSentEvents
from pushlab.wire.asgi import refusal_answer, respond

__all__ = ["OwnPage"]

_HTML = b"text/html; charset=utf-8"
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class OwnPage:
    """The site of that hub; see `pushlab.hub.app.Site`."""

    def __init__(self, hub: Hub, file: Path) -> None:
        self._hub = hub
        self._file = file

    def has(self, path: str) -> bool:
        """Whether it is the page's path."""
        return path == f"/{PATH}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Nothing runs."""
        yield

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve the page, if it is asked for."""
        if not self.has(scope["path"]):
            return False
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, refusal_answer(bad_method(scope)))
            return True
        client_id = f"page-{secrets.token_hex(3)}"
        token, _ = self._hub.make_token(client_id, CHANNEL)
        # From the beginning, so that a page that is loaded anew has all that was said.
        start = f"{self._hub.channel(CHANNEL).epoch}-0"
        path = ServerSentEvents.path.removeprefix("/")
        address = f"{path}?token={quote(token)}&after={start}"
        text = self._file.read_text(encoding="utf-8").replace(EVENTS, address)
        await respond(send, Response(200, text.encode(), _HEADERS, _HTML))
        return True


if __name__ == "__main__":
    page = Path(sys.argv[1])
    sys.exit(serve_as_child(lambda config: lambda hub: OwnPage(hub, page)))
