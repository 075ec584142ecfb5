"""aiohttp as a server, see ``servers/aiohttp/``."""

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Aiohttp"]


class Aiohttp(DeclaredSystem):
    """An application of a hundred lines on uvloop, with one process."""

    packages = ("aiohttp", "uvloop")
    spec = SystemSpec(
        name="aiohttp",
        title="aiohttp",
        start="{python} {folder}/app.py --port {port}",
        ready="/healthz",
        publish=Publish(path="/rooms/{channel}", body='{"text": "{message}"}'),
        speaks={
            "short-polling": Speech(path="/rooms/{channel}?since={last_id}", last_id="$.last"),
            "long-polling": Speech(
                path="/rooms/{channel}?since={last_id}&wait=25", last_id="$.last", hold_s=25
            ),
            "sse": Speech(path="/rooms/{channel}/events", keep_alive_s=15),
            "websocket": Speech(path="/ws/{channel}", keep_alive_s=15),
        },
    )
