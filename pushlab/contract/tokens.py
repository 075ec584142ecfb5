"""Tokens: a signed, expiring grant that lets one client ID read one channel.

A token is ``<key id>.<payload>.<signature>``: the payload is JSON in unpadded base64url, the
signature HMAC-SHA256 over key id and payload (RFC 2104). It is a secret: nothing here puts one
into an error's text, and a `Grant`, which may be logged, does not hold it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pushlab.contract.limits import check_channel, check_client_id, check_duration
from pushlab.contract.reasons import TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_REVOKED
from pushlab.errors import UsageError

__all__ = ["Grant", "TokenKeys", "channel_in", "looks_like_token"]

#: A client ID and a channel of 256 control characters each make a token of about 4,250.
_MAX_TOKEN_CHARS = 6_144
#: Hexadecimal digits of a grant ID that hold its order: microseconds since 1970, until 2112.
_ORDER_CHARS = 13
_LAST_ORDER = 16**_ORDER_CHARS * 9 // 10  # in 2098; what is larger was not given out by a clock
_FORM = re.compile(r"[A-Za-z0-9]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")


def looks_like_token(text: str) -> bool:
    """Whether `text` has a token's form; others' tokens (JWT) may have the same."""
    return len(text) <= _MAX_TOKEN_CHARS and _FORM.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: `client_id` may read `channel` until `expires_at` (Unix seconds).

    `grant_id` names this grant; it is no secret and opens nothing. It begins with the grant's place
    in the order in which a server gave them out (`order`). `key_id` names the key that signs it.
    """

    client_id: str
    channel: str
    expires_at: float
    grant_id: str
    key_id: str = field(default="", compare=False)

    @property
    def order(self) -> int:
        """Grants that a server gave out later have a larger one; microseconds, roughly."""
        try:
            return int(self.grant_id[:_ORDER_CHARS], 16)
        except ValueError:
            return 0


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _b64(raw) != text:  # one spelling for each value, so that a token cannot be varied
        raise binascii.Error("not canonical")
    return raw


def channel_in(token: str) -> str | None:
    """The channel that a token names, signed and expired or not; None for what is no token."""
    try:
        return str(json.loads(_unb64(token.split(".")[1]))[1])
    except (LookupError, TypeError, ValueError):
        return None


def _secrets_of(exported: Mapping[str, str]) -> dict[str, bytes]:
    try:
        return {key_id: bytes.fromhex(secret) for key_id, secret in exported.items()}
    except (AttributeError, TypeError, ValueError):
        raise UsageError(
            "keys for tokens are a JSON object of key id to secret, the secret in hexadecimal"
        ) from None


class TokenKeys:
    """Signs tokens with the newest key and accepts those of every key it holds.

    To rotate: put a new key first, keep the old one until its last token has expired, then drop
    it. Dropping a key revokes its tokens at once.

    Args:
        keys: key id (letters and digits) to secret (at least 16 bytes), newest first.

    Raises:
        UsageError: no key, a key id that is not letters and digits, or a short secret.
    """

    __slots__ = ("_keys", "_newest", "_order")

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._order = 0
        self._take(keys)

    def _take(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise UsageError("TokenKeys needs at least one key")
        for key_id, secret in keys.items():
            if not (key_id.isascii() and key_id.isalnum()):
                raise UsageError(f"the key id {key_id!r} must be ASCII letters and digits")
            if len(secret) < 16:
                raise UsageError(f"the secret of key {key_id!r} must have at least 16 bytes")
        self._keys = dict(keys)
        self._newest = next(iter(self._keys))

    @classmethod
    def fresh(cls) -> "TokenKeys":
        """One new random key."""
        return cls({"k" + secrets.token_hex(3): secrets.token_bytes(32)})

    def __repr__(self) -> str:
        return f"TokenKeys({', '.join(self._keys)})"

    def export(self) -> dict[str, str]:
        """The keys as hexadecimal text, for handing to a child process over a private pipe."""
        return {key_id: secret.hex() for key_id, secret in self._keys.items()}

    @classmethod
    def restore(cls, exported: Mapping[str, str]) -> "TokenKeys":
        """The inverse of `export`.

        Raises:
            UsageError: no key, or one that cannot be used; the text does not show it.
        """
        return cls(_secrets_of(exported))

    def replace(self, exported: Mapping[str, str]) -> None:
        """Hold these keys from now on, in place of the others. Raises UsageError as `restore`."""
        self._take(_secrets_of(exported))

    def __contains__(self, key_id: object) -> bool:
        """Whether the key of that id is held."""
        return key_id in self._keys

    @property
    def last_order(self) -> int:
        """The largest number that was given out, or seen."""
        return self._order

    def next_order(self, now: float) -> int:
        """A number that is larger than those before it, whatever the clock does."""
        self._order = max(self._order + 1, int(now * 1e6))
        return self._order

    def saw(self, grant: Grant, now: float) -> None:
        """Number behind this grant: who gave it out had a clock that was ahead of ours."""
        if self._order < grant.order < (now + 2 * 86_400) * 1e6:
            self._order = grant.order

    def number_behind(self, order: int) -> None:
        """Number behind this, which was given out before: a later one shall be larger."""
        if self._order < order < _LAST_ORDER:
            self._order = order

    def new_grant_id(self, now: float) -> str:
        """A name for a grant that is given out now."""
        order = min(max(0, self.next_order(now)), 16**_ORDER_CHARS - 1)
        return f"{order:0{_ORDER_CHARS}x}{secrets.randbits(12):03x}"

    def _signature(self, key_id: str, payload: str) -> bytes:
        signed = f"{key_id}.{payload}".encode()
        return hmac.digest(self._keys[key_id], signed, hashlib.sha256)

    def issue(
        self, *, client_id: str, channel: str, duration_minutes: int, now: float
    ) -> tuple[str, Grant]:
        """Make a token.

        Args:
            now: the time of issue, in Unix seconds.

        Raises:
            InvalidClientId, InvalidChannel, InvalidDuration: outside the contract's limits.
        """
        check_duration(duration_minutes)
        return self.sign(
            Grant(
                client_id=check_client_id(client_id),
                channel=check_channel(channel),
                expires_at=now + duration_minutes * 60,
                grant_id=self.new_grant_id(now),
            )
        )

    def sign(self, grant: Grant) -> tuple[str, Grant]:
        """Make the token of a grant that is complete already; no limit on its life is checked."""
        body = [grant.client_id, grant.channel, round(grant.expires_at, 3), grant.grant_id]
        payload = _b64(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        token = f"{self._newest}.{payload}.{_b64(self._signature(self._newest, payload))}"
        return token, replace(grant, key_id=self._newest)

    def verify(self, token: str, *, now: float) -> Grant:
        """Read a token that was signed with one of the keys and has not expired.

        Args:
            now: the present, in Unix seconds.

        Raises:
            Refused: 401 with the reason ``token-invalid``, ``token-revoked`` (signed with a key
                that is no longer held) or ``token-expired``.
        """
        key_id, payload, signature = [*token[: _MAX_TOKEN_CHARS + 1].split("."), "", ""][:3]
        if token.count(".") != 2 or len(token) > _MAX_TOKEN_CHARS or not token.isascii():
            raise TOKEN_INVALID()
        if key_id not in self._keys:
            raise TOKEN_REVOKED("the token's key is not held by this server")
        try:
            given = _unb64(signature)
        except (ValueError, binascii.Error):
            given = b""
        if not hmac.compare_digest(given, self._signature(key_id, payload)):
            raise TOKEN_INVALID("the token's signature does not fit")
        client_id, channel, expires_at, grant_id = json.loads(_unb64(payload))
        if expires_at <= now:
            raise TOKEN_EXPIRED()
        return Grant(client_id, channel, expires_at, grant_id, key_id)
