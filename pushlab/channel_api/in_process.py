"""The Channel API on a hub in this process."""

import asyncio
import concurrent.futures
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pushlab.channel_api.service import Service
from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings
from pushlab.errors import ConnectionFailed, Refused

if TYPE_CHECKING:
    from pushlab.hub.channel import Channel
    from pushlab.hub.core import Hub
    from pushlab.hub.presence.presence import PresenceEvent

__all__ = ["LocalChannelService"]

_Value = TypeVar("_Value")


class LocalChannelService(Service):
    """The Channel API on a hub in this process; make it on the hub's event loop.

    A call on that loop does its work at once. A call in another thread waits until the loop has
    done it.

    An application in the hub's process is also told who comes and goes, by callbacks on the loop.

    Args:
        settings: the dials of the channels that it makes; the hub's unless given.
        timeout_s: how long another thread waits for the loop.
    """

    def __init__(
        self, hub: "Hub", *, settings: HubSettings | None = None, timeout_s: float = 10.0
    ) -> None:
        self._hub = hub
        self._settings = settings or hub.settings
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s

    # ---- what only the hub's own process can ask ---------------------------------------------

    def on_presence(
        self, connected: Callable[[str], None], disconnected: Callable[[str], None]
    ) -> None:
        """Call these with the client ID whose channel has opened, or has gone."""

        def tell(event: "PresenceEvent") -> None:
            if event.channel == event.client_id:
                (connected if event.connected else disconnected)(event.client_id)

        self._hub.presence.listen(tell)

    def position(self, client_id: str) -> Cursor:
        """From where a page shall read that opens its channel later than now."""
        channel = self._do(lambda: self._channel(client_id))
        return Cursor(channel.epoch, channel.head)

    def held(self) -> list[str]:
        """The channels that the hub holds; after a restart, those that it has kept."""
        return self._do(lambda: self._hub.channel_names())

    def holder(self, token: str, *, expired_too: bool = False) -> str | None:
        """The client ID to which a token was given; None for one that has expired or is revoked."""
        try:
            grant = self._hub.keys.verify(token, now=0.0 if expired_too else time.time())
        except Refused:
            return None
        if self._hub.grants.revoked.covers(grant):
            return None
        return grant.client_id if grant.channel == grant.client_id else None

    def forget(self, client_id: str) -> None:
        """Drop what the channel of a client holds that does not come back."""

        def drop() -> None:
            channel = self._channel(client_id)
            channel.settings = replace(self._settings, retain_messages=0)
            channel.trim(time.monotonic_ns())

        self._do(drop)

    # ---- the three requests -----------------------------------------------------------------

    def _channel(self, name: str) -> "Channel":
        channel = self._hub.channel(name)
        channel.settings = self._settings
        return channel

    def _make_token(self, client_id: str, duration_minutes: int | None) -> str:
        def make() -> str:
            token, _ = self._hub.make_token(client_id, None, duration_minutes)
            self._channel(client_id)
            return token

        return self._do(make)

    def _publish(self, channel: str, message: str) -> None:
        def publish() -> None:
            self._channel(channel)
            self._hub.publish(channel, message)

        self._do(publish)

    def _revoke(self, what: str, value: str) -> int:
        grants = self._hub.grants
        if what == "token":
            return self._do(lambda: grants.revoke(value))
        return self._do(lambda: grants.revoke_all(value, None))

    def _grant_of(self, token: str) -> tuple[str, float]:
        grant = self._do(lambda: self._hub.verify(token))
        return grant.channel, grant.expires_at

    def _do(self, work: Callable[[], _Value]) -> _Value:
        """Do it on the hub's loop, which is perhaps where we are."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            return work()
        done: concurrent.futures.Future[_Value] = concurrent.futures.Future()

        def do() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(work())
                except Exception as error:
                    done.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(do)
        except RuntimeError as error:  # it is closed
            raise ConnectionFailed("the hub in this process does not run any more") from error
        if not concurrent.futures.wait([done], self._timeout_s).done and done.cancel():
            raise ConnectionFailed(f"the hub in this process is silent for {self._timeout_s:g} s")
        return done.result()
