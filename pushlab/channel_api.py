"""App Engine's Channel API on a pushlab hub: `create_channel` and `send_message`.

::

    from pushlab import channel_api as channel

    token = channel.create_channel("ada")       # goes into Ada's page
    channel.send_message("ada", "hello, Ada")   # or the token in place of the client ID

Which hub that is: `use` says it, else the environment, ``PUSHLAB_HUB`` (the address of `pushlab
serve`, unless it is set) and ``PUSHLAB_API_KEY``. What to use where:

- In an application beside a hub: the two functions, or a `ChannelService` of your own. Their calls
  block until the hub has answered; a coroutine awaits them with ``asyncio.to_thread``.
- In the hub's own process: a `LocalChannelService`. Its calls never wait on the hub's event loop,
  and may be made in other threads too.

The limits are the original's (`pushlab.contract.limits`), and so are the errors, which are also
those of `pushlab.errors`::

    PushlabError
    └── Error
        ├── InvalidChannelClientIdError        also an InvalidClientId
        ├── InvalidChannelTokenDurationError   also an InvalidDuration
        └── InvalidMessageError                also an InvalidMessage

A hub that is not there is a `ConnectionFailed`, and one that says no a `Refused`, as everywhere.
"""

import abc
import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import os
import select
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import quote

from pushlab.contract.limits import check_client_id, check_duration, check_message
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import looks_like_token
from pushlab.errors import (
    ConnectionFailed,
    InvalidClientId,
    InvalidDuration,
    InvalidMessage,
    PushlabError,
    Refused,
    UsageError,
)

if TYPE_CHECKING:
    from pushlab.hub.core import Hub

__all__ = [
    "ChannelService",
    "Error",
    "InvalidChannelClientIdError",
    "InvalidChannelTokenDurationError",
    "InvalidMessageError",
    "LocalChannelService",
    "Service",
    "create_channel",
    "send_message",
    "use",
]

_DEFAULT_HUB = "http://127.0.0.1:8000"
_MOST_KNOWN_TOKENS = 1_000

_Value = TypeVar("_Value")


class Error(PushlabError):
    """What the Channel API itself raises."""


class InvalidChannelClientIdError(Error, InvalidClientId):
    """Not text, empty, over 256 bytes of UTF-8; or a token that has expired."""


class InvalidChannelTokenDurationError(Error, InvalidDuration):
    """Not a whole number of minutes from 1 to 1440."""


class InvalidMessageError(Error, InvalidMessage):
    """Not text, empty, or over 32,767 bytes of UTF-8."""


class Service(abc.ABC):
    """The Channel API on one hub; safe to use from several threads."""

    def create_channel(self, client_id: str, duration_minutes: int | None = None) -> str:
        """Make a token with which a client may read the messages sent to `client_id`.

        Args:
            client_id: the application's name for the client.
            duration_minutes: the token's life, from 1 to 1440; 120 unless given.

        Raises:
            InvalidChannelClientIdError, InvalidChannelTokenDurationError: outside the limits.
            Refused: the hub holds too many channels, or takes another API key.
            ConnectionFailed: no hub answers.
        """
        client_id = _client_id(client_id)
        if duration_minutes is not None:
            try:
                check_duration(duration_minutes)
            except InvalidDuration as error:
                raise InvalidChannelTokenDurationError(str(error)) from error
        return self._make_token(client_id, duration_minutes)

    def send_message(self, client_id: str, message: str) -> None:
        """Send a message to whoever reads the channel of `client_id`, or comes for it in time.

        Args:
            client_id: what was given to `create_channel`, or a token that came of it.

        Raises:
            InvalidChannelClientIdError, InvalidMessageError: outside the limits.
            Refused: the hub holds too many channels, or takes another API key.
            ConnectionFailed: no hub answers. If the connection broke while it did, the message
                may have been taken.
        """
        channel = None
        if isinstance(client_id, str) and looks_like_token(client_id):
            channel = self._channel_of_token(client_id)
        if channel is None:
            channel = _client_id(client_id)
        try:
            check_message(message)
        except InvalidMessage as error:
            raise InvalidMessageError(str(error)) from error
        self._publish(channel, message)

    @abc.abstractmethod
    def _make_token(self, client_id: str, duration_minutes: int | None) -> str: ...

    @abc.abstractmethod
    def _publish(self, channel: str, message: str) -> None: ...

    @abc.abstractmethod
    def _grant_of(self, token: str) -> tuple[str, float]:
        """A token's channel and when it expires. Raises Refused (401)."""

    def _channel_of_token(self, token: str) -> str | None:
        """The channel that a token reads; None for what only looks like a token of the hub's."""
        try:
            return self._grant_of(token)[0]
        except Refused as refusal:
            if refusal.reason == "token-expired":
                raise InvalidChannelClientIdError(
                    "the token in place of the client ID has expired"
                ) from refusal
            if refusal.reason in ("token-invalid", "token-revoked"):
                return None
            raise


def _client_id(value: object) -> str:
    try:
        return check_client_id(value)
    except InvalidClientId as error:
        raise InvalidChannelClientIdError(str(error)) from error


class ChannelService(Service):
    """The Channel API on a hub at a URL, over connections that are kept open.

    Args:
        url: of the hub, ``http`` or ``https``; None: ``PUSHLAB_HUB``, or where `pushlab serve` is.
        api_key: of the hub; None: ``PUSHLAB_API_KEY``.
        timeout_s: how long the hub may take to answer.
        context: what TLS trusts; None: whom this machine trusts.

    Raises:
        UsageError: no such URL, or no API key.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 10.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url or os.environ.get("PUSHLAB_HUB") or _DEFAULT_HUB
        key = api_key or os.environ.get("PUSHLAB_API_KEY")
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"the hub's address {self.url!r} is not one such as {_DEFAULT_HUB}")
        if not key:
            raise UsageError("the Channel API needs the hub's API key: set PUSHLAB_API_KEY")
        if not (key.isascii() and key.isprintable()):
            raise UsageError("the hub's API key must be printable ASCII")
        self._endpoint = Endpoint.from_url(self.url)
        self._key = key
        self._timeout_s = timeout_s
        self._context = context
        self._idle: list[tuple[int, http.client.HTTPConnection]] = []
        self._known: dict[str, tuple[str, float]] = {}

    def __repr__(self) -> str:
        return f"ChannelService({self.url!r})"

    def __enter__(self) -> "ChannelService":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the next call opens one again."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop()[1].close()

    # ---- the three requests -----------------------------------------------------------------

    def _make_token(self, client_id: str, duration_minutes: int | None) -> str:
        body = {"client_id": client_id, "duration_minutes": duration_minutes}
        told = self._ask("POST", "/v1/channels", json.dumps(body).encode())
        if not isinstance(token := told.get("token"), str):
            self._no_hub("it gave no token")
        return token

    def _publish(self, channel: str, message: str) -> None:
        self._ask("POST", f"/v1/channels/{quote(channel, safe='')}/messages", message.encode())

    def _grant_of(self, token: str) -> tuple[str, float]:
        known = self._known.get(token)
        if known is None or known[1] <= time.time():
            told = self._ask("GET", "/v1/endpoints", secret=token)
            try:
                known = str(told["channel"]), float(told["expires_at"])
            except (LookupError, TypeError, ValueError) as error:
                self._no_hub("it did not say what the token is for", error)
            if len(self._known) >= _MOST_KNOWN_TOKENS:
                self._known.clear()
            self._known[token] = known
        return known

    # ---- connections ------------------------------------------------------------------------

    def _ask(
        self, method: str, path: str, body: bytes | None = None, *, secret: str | None = None
    ) -> dict[str, Any]:
        connection = self._take()
        try:
            connection.request(
                method,
                self._endpoint.path + path,
                body,
                {"Authorization": f"Bearer {secret or self._key}"},
            )
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ConnectionFailed(
                f"the hub at {self.url} did not answer: {str(error) or type(error).__name__}"
            ) from error
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # else the answer said that it is the last one
            self._idle.append((os.getpid(), connection))
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError):
            told = None
        if response.status >= 300:
            told = told if isinstance(told, dict) else {}
            reason = str(told.get("error", f"http-{response.status}"))
            detail = str(told.get("detail", f"{self.url} answered {response.status}"))
            raise Refused(response.status, reason, detail)
        if not isinstance(told, dict):
            self._no_hub("its answer is no JSON object")
        return told

    def _no_hub(self, why: str, cause: Exception | None = None) -> NoReturn:
        raise ConnectionFailed(f"what answers at {self.url} is no pushlab hub: {why}") from cause

    def _take(self) -> http.client.HTTPConnection:
        """A connection that nobody uses: one that was kept and still stands, or a new one."""
        while True:
            try:
                owner, kept = self._idle.pop()
            except IndexError:
                break
            if owner == os.getpid() and not _has_ended(kept):  # a fork shares its parent's
                return kept
            kept.close()
        place = self._endpoint
        if place.tls:
            return http.client.HTTPSConnection(
                place.host, place.port, timeout=self._timeout_s, context=self._context
            )
        return http.client.HTTPConnection(place.host, place.port, timeout=self._timeout_s)


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether an idle connection has something to say, which can only be the server's goodbye."""
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))


class LocalChannelService(Service):
    """The Channel API on a hub in this process; make it on the hub's event loop.

    A call on that loop does its work at once. A call in another thread waits until the loop has
    done it.

    Args:
        timeout_s: how long another thread waits for the loop.
    """

    def __init__(self, hub: "Hub", *, timeout_s: float = 10.0) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s

    def _make_token(self, client_id: str, duration_minutes: int | None) -> str:
        return self._do(lambda: self._hub.make_token(client_id, None, duration_minutes)[0])

    def _publish(self, channel: str, message: str) -> None:
        self._do(lambda: self._hub.publish(channel, message))

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


_service: Service | None = None
_choosing = threading.Lock()


def use(service: Service | None) -> None:
    """Let `create_channel` and `send_message` speak to this service; None: to the environment's."""
    global _service
    with _choosing:
        _service = service


def _chosen() -> Service:
    global _service
    with _choosing:
        if _service is None:
            _service = ChannelService()
        return _service


def create_channel(client_id: str, duration_minutes: int | None = None) -> str:
    """Make a token; see `Service.create_channel`.

    Raises:
        UsageError: no service was chosen, and the environment names none.
    """
    return _chosen().create_channel(client_id, duration_minutes)


def send_message(client_id: str, message: str) -> None:
    """Send a message; see `Service.send_message`.

    Raises:
        UsageError: no service was chosen, and the environment names none.
    """
    _chosen().send_message(client_id, message)
