"""Where presence is posted, and what a post says: the URL taken apart, the request, the answer."""

import base64
import socket
import ssl
import time
import urllib.parse
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property

from pushlab.contract.authority import without_login
from pushlab.contract.presence_signature import (
    HUB_HEADER,
    NOTICES_PATH,
    SIGNATURE_HEADER,
    sign_presence,
)
from pushlab.errors import UsageError
from pushlab.wire.http1 import BadResponse, request_bytes
from pushlab.wire.http_client import fetch
from pushlab.wire.tls import client_context

__all__ = ["Outcome", "PresenceTarget"]

_ANSWER_DUE_S = 30.0  # App Engine gave a handler that long at first
_LONGEST_RETRY_AFTER_S = 300.0
_TRY_AGAIN = {408, 425, 429}
_NOT_TAKEN = {408, 425, 429, 503}  # whoever answers so has not done the work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a post.

    Attributes:
        status: 0 when there was no answer.
        heard: the application answered it for good, be it with a refusal.
        doubtful: it failed, and yet the application may have acted on it.
        retry_after_s: for how long the application asked to be left alone.
    """

    status: int
    heard: bool
    doubtful: bool = False
    retry_after_s: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether the application said no for good."""
        return self.heard and self.status >= 300


class PresenceTarget:
    """An application that is told.

    Args:
        url: ``http`` or ``https``, perhaps with a path in front, and with ``user:password@``.
        key: signs every notice; see `pushlab.contract.presence_signature`.
        hub: names this life of the hub.

    Raises:
        UsageError: `url` is not such a URL; the text has no password.
    """

    def __init__(self, url: str, *, key: str, hub: str) -> None:
        shown = f"the presence URL {without_login(url)!r}"
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError as error:
            # The library's own text may quote what is in front of the port.
            raise UsageError(f"{shown} is not a URL; such as http://127.0.0.1:8080") from (
                None if "@" in url else error
            )
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{shown} is not one such as http://127.0.0.1:8080")
        if parts.query or parts.fragment:
            raise UsageError(f"{shown} must end with a path: no query, no fragment")
        self._host = parts.hostname
        self._port = port or (443 if parts.scheme == "https" else 80)
        login, at, self._authority = parts.netloc.rpartition("@")
        self._login = _basic(login) if at else None
        self._path = parts.path.rstrip("/")
        if not f"{self._authority}{self._path}".isascii() or any(c <= " " for c in url):
            raise UsageError(
                f"{shown} must be ASCII without blanks; encode its path with percent signs"
            )
        self._encrypted = parts.scheme == "https"
        self._key = key
        self.hub = hub

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        return client_context() if self._encrypted else None

    async def tell(self, what: str, form: dict[str, str]) -> Outcome:
        """Post to ``<url>/_ah/channel/<what>/``."""
        try:
            answer = await fetch(
                self._host,
                self._port,
                self._request(what, form),
                tls=self._tls,
                within_s=_ANSWER_DUE_S,
                head_only=True,
            )
        except (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError):
            return Outcome(0, heard=False)
        except (OSError, ValueError, BadResponse):  # no answer in time, or no HTTP
            return Outcome(0, heard=False, doubtful=True)
        status = answer.status
        if 200 <= status < 500 and status not in _TRY_AGAIN:
            return Outcome(status, heard=True)
        return Outcome(
            status,
            heard=False,
            doubtful=status >= 500 and status not in _NOT_TAKEN,
            retry_after_s=_seconds((answer.header(b"retry-after") or "").strip()),
        )

    def _request(self, what: str, form: dict[str, str]) -> bytes:
        path = f"{self._path}{NOTICES_PATH}{what}/"
        body = urllib.parse.urlencode(form).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Connection": "close",
            HUB_HEADER: self.hub,
            SIGNATURE_HEADER: sign_presence(
                self._key, at_s=int(time.time()), hub=self.hub, path=path, body=body
            ),
        }
        if self._login is not None:
            headers["Authorization"] = self._login
        return request_bytes(self._authority, "POST", path, headers=headers, body=body)


def _basic(login: str) -> str:
    """RFC 7617, in UTF-8; the URL has its parts percent-encoded."""
    user, _, password = login.partition(":")
    plain = f"{urllib.parse.unquote(user)}:{urllib.parse.unquote(password)}"
    return f"Basic {base64.b64encode(plain.encode()).decode()}"


def _seconds(header: str) -> float:
    """``Retry-After`` (RFC 9110, section 10.2.3): seconds or a date; 0 for anything else."""
    if header.isascii() and header.isdigit():
        wanted_s = float(header[:9])
    else:
        try:
            wanted_s = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(max(0.0, wanted_s), _LONGEST_RETRY_AFTER_S)
