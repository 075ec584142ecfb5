"""Where a Redis is: a URL, read with care, for it may hold a password."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Connection
from redis.asyncio.connection import parse_url

from pushlab.errors import UsageError

__all__ = ["CONNECT_S", "RedisAddress"]

CONNECT_S = 2.0
_PREFIX = "pushlab"
_READ_BYTES = 256 * 1024


class RedisAddress:
    """A Redis, and the prefix of what a service keeps there.

    Args:
        url: ``redis://`` or ``rediss://``, ``[user][:password@]host[:port][/database]``, with what
            redis-py takes in the query besides, such as ``ssl_ca_certs``; and ``prefix``.

    Attributes:
        prefix: of keys and topics; services with different ones do not know of each other.
        shown: host, port and database, without secrets.

    Raises:
        UsageError: it is no such URL. The text does not repeat it.
    """

    def __init__(self, url: str) -> None:
        try:
            options: dict[str, Any] = dict(parse_url(url))
            parts = urlsplit(url)
            query = parse_qs(parts.query)
            int(parts.path.strip("/") or 0)  # which redis-py would pass over
        except ValueError:
            raise _no_url() from None  # what it says of a wrong URL may be a part of a password
        self.prefix = query.get("prefix", [_PREFIX])[0]
        options.pop("prefix", None)
        self._class = options.pop("connection_class", Connection)
        self._options = {
            "socket_timeout": None,  # the link has its own, for several answers at a time
            "socket_connect_timeout": CONNECT_S,
            "socket_read_size": _READ_BYTES,
            **options,
            "protocol": 2,
        }
        self.database = int(options.get("db", 0))
        host, port = options.get("host", "localhost"), options.get("port", 6379)
        self.shown = f"{host}:{port}/{self.database}"
        self.connection()

    def connection(self) -> Connection:
        """A connection, not opened yet. Raises UsageError for an option that it does not know."""
        try:
            connection: Connection = self._class(**self._options)
        except Exception:
            raise _no_url("an option in its query is unknown, or has a wrong value: ") from None
        return connection

    def __repr__(self) -> str:
        return f"RedisAddress({self.shown}, prefix={self.prefix!r})"


def _no_url(why: str = "") -> UsageError:
    return UsageError(
        f"the backplane's URL cannot be used: {why}it must be like"
        " redis://:password@localhost:6379/0?prefix=pushlab (rediss:// with TLS), and / # ? @ : %"
        " in a password are written as %2F %23 %3F %40 %3A %25"
    )
