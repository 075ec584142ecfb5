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
            "short-polling": Speech(
                path="/rooms/{channel}?since={last_id}", last_id="$.last", first_id="0"
            ),
            "long-polling": Speech(
                path="/rooms/{channel}?since={last_id}&wait=25", last_id="$.last", first_id="0"
            ),
            "sse": Speech(path="/rooms/{channel}/events", last_id="id", keep_alive_s=15),
            "websocket": Speech(path="/ws/{channel}", keep_alive_s=15),
        },
    )
