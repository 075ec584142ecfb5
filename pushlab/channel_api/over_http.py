"""The Channel API on a hub at a URL, by its HTTP API."""

import contextlib
import http.client
import json
import os
import re
import selectors
import ssl
import time
from typing import Any, NoReturn
from urllib.parse import quote

from pushlab.channel_api.errors import NotConfigured, channel_errors
from pushlab.channel_api.service import Service
from pushlab.contract.reasons import reason_of
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import looks_like_token
from pushlab.errors import ConnectionFailed, Refused

__all__ = ["ChannelService"]

_DEFAULT_HUB = "http://127.0.0.1:8000"
_ORIGIN = r"(https?)://(?:[^/?#]*@)?((?:\[[\w:.%]+\]|[\w.-]+)(?::[0-9]{1,5})?)"
_ADDRESS = re.compile(_ORIGIN + r"((?:/[\w.~!$&'()*+,;=:@%-]*)*)", re.ASCII | re.IGNORECASE)
_MAX_ANSWER_BYTES = 1024 * 1024
_MAX_DETAIL = 1_000
_MOST_KNOWN_TOKENS = 1_000
# It needs no descriptor of its own; there are systems, and libraries that patch this one, without.
_Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)


class ChannelService(Service):
    """The Channel API on a hub at a URL, over connections that are kept open.

    Args:
        url: of the hub, ``http`` or ``https``; None: ``PUSHLAB_HUB``, or where `pushlab serve` is.
        api_key: of the hub; None: ``PUSHLAB_API_KEY``.
        timeout_s: how long the hub may be silent.
        context: what TLS trusts; None: whom this machine trusts.

    Raises:
        NotConfigured: no such URL, or no API key.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 10.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        found = _ADDRESS.fullmatch(url or os.environ.get("PUSHLAB_HUB") or _DEFAULT_HUB)
        key = api_key or os.environ.get("PUSHLAB_API_KEY")
        if found is None:  # nor is it shown: it may have a password
            raise NotConfigured(
                f"the hub's address (PUSHLAB_HUB) is not one such as {_DEFAULT_HUB}"
            )
        if not key:
            raise NotConfigured("the Channel API needs the hub's API key: set PUSHLAB_API_KEY")
        if not (key.isascii() and key.isprintable()):
            raise NotConfigured("the hub's API key must be printable ASCII")
        self.url = f"{found[1]}://{found[2]}{found[3].rstrip('/')}"
        with channel_errors():
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
        token = told.get("token")
        if not isinstance(token, str) or not looks_like_token(token):
            self._no_hub("it gave no token")
        return token

    def _publish(self, channel: str, message: str) -> None:
        self._ask("POST", f"/v1/publish?channel={quote(channel, safe='')}", message.encode())

    def _revoke(self, what: str, value: str) -> int:
        self._known.clear()
        told = self._ask("DELETE", "/v1/tokens", json.dumps({what: value}).encode())
        if not isinstance(ended := told.get("ended"), int):
            self._no_hub("it did not say how much stood on that")
        return ended

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
        connection = None
        try:
            connection = self._take()
            connection.request(
                method,
                self._endpoint.below(path).path,
                body,
                {"Authorization": f"Bearer {secret or self._key}"},
            )
            response = connection.getresponse()
            raw = response.read(_MAX_ANSWER_BYTES + 1)
            if len(raw) > _MAX_ANSWER_BYTES:
                raise http.client.HTTPException(f"an answer of over {_MAX_ANSWER_BYTES:,} bytes")
            if response.length:
                raise http.client.IncompleteRead(raw, response.length)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if not isinstance(error, OSError | http.client.HTTPException | UnicodeError):
                raise
            why = " ".join(str(error).split())[:_MAX_DETAIL] or type(error).__name__
            raise ConnectionFailed(f"the hub at {self.url} did not answer: {why}") from error
        if connection.sock is not None:  # else the answer said that it is the last one
            self._idle.append((os.getpid(), connection))
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError):
            told = None
        if response.status >= 300:
            told = told if isinstance(told, dict) else {}
            reason = reason_of(response.status, told.get("error"))
            raise Refused(response.status, reason, self._detail(response, told.get("detail")))
        if not isinstance(told, dict):
            self._no_hub("its answer is no JSON object")
        return told

    def _detail(self, response: http.client.HTTPResponse, said: object) -> str:
        """Why the hub refuses, in a line that is fit to be shown."""
        there = re.match(_ORIGIN, response.headers.get("Location") or "", re.ASCII | re.IGNORECASE)
        if response.status < 400 and there:  # the key goes to no address but its own
            place = f"{there[1]}://{there[2]}"
            return f"{self.url} sends its clients to {place}; give the hub's address there"
        if isinstance(said, str) and 0 < len(said) <= _MAX_DETAIL and said.isprintable():
            return said
        return f"{self.url} answered {response.status}"

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
    with _Selector() as waiting:
        waiting.register(connection.sock, selectors.EVENT_READ)
        return bool(waiting.select(0))
