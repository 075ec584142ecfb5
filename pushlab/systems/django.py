"""Django Channels under Daphne, with a Redis of its own, see ``servers/channels/``."""

from collections.abc import Mapping
from typing import ClassVar

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Channels"]


class Channels(DeclaredSystem):
    """A Django project of rooms; its Redis is watched with it."""

    needs: ClassVar[Mapping[str, str]] = {"redis-server": "on Debian: apt-get install redis-server"}
    packages = ("channels", "daphne", "channels_redis", "django")
    spec = SystemSpec(
        name="channels",
        title="Django Channels",
        start="sh {folder}/start.sh {port} {port2} {python}",
        ready="/healthz",
        publish=Publish(path="/rooms/{channel}", body='{"text": "{message}"}'),
        speaks={
            "long-polling": Speech(
                path="/rooms/{channel}?since={last_id}&wait=25", last_id="$.last", hold_s=25
            ),
            "websocket": Speech(path="/ws/{channel}", keep_alive_s=20),
        },
    )
