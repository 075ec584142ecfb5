"""The client's scripts: what an application's own pages load from its hub, from any origin.

A script is public, and nothing of it is anybody's secret. So every page may load it, as a classic
script and as a module, under whatever policy of its own; who may use a channel is for the hub's
other checks to say.
"""

import contextlib
from collections.abc import AsyncIterator

from pushlab.contract.serving import Receive, Scope, Send
from pushlab.web.file_answers import answer_file
from pushlab.web.files import ASSETS, JSAPI, PRODUCTION_JSAPI, Files

__all__ = ["MODULE", "SCRIPTS", "ScriptSite"]

_CLASSIC = (JSAPI, PRODUCTION_JSAPI)
#: Where the module stands, of which the classic script is made.
MODULE = f"{ASSETS}channel.js"
#: Where all of them do: also its conversation over MQTT, and the library beneath that.
SCRIPTS = frozenset({*_CLASSIC, MODULE, f"{ASSETS}channel_mqtt.js", f"{ASSETS}vendor/mqtt.esm.js"})

_HEADERS = (
    (b"access-control-allow-origin", b"*"),  # modules are loaded as CORS has it
    (b"cross-origin-resource-policy", b"cross-origin"),  # for pages that isolate themselves
)


class ScriptSite:
    """All that the site of a hub without pages has; see `pushlab.hub.app.Site`.

    Args:
        files: what is served; this package's unless given.
    """

    def __init__(self, files: Files | None = None) -> None:
        self._files = files or Files()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run nothing beside the hub."""
        yield

    def has(self, path: str) -> bool:
        """Whether a script stands at this path."""
        return path in SCRIPTS

    async def serve(self, scope: Scope, _receive: Receive, send: Send) -> bool:
        """Serve a request if its path is a script's."""
        path = scope["path"]
        if path not in SCRIPTS:
            return False
        files = self._files
        script = files.jsapi() if path in _CLASSIC else files.asset(path.removeprefix(ASSETS))
        await answer_file(script, _HEADERS, scope, send)
        return True
