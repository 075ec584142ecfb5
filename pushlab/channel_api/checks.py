"""What `create_channel` and `send_message` take, looked at in the original's order.

It took Python 2's ``str``, which is bytes, and ``unicode``. It looked at each value's type and
length in turn, and left it to the server whether there was anything in it:
``create_channel("", 0)`` is refused for its duration.
"""

from pushlab.channel_api.errors import (
    Error,
    InvalidChannelClientIdError,
    InvalidChannelTokenDurationError,
    InvalidMessageError,
)
from pushlab.contract.limits import (
    MAX_CLIENT_ID_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_TOKEN_MINUTES,
    check_duration,
)
from pushlab.contract.tokens import looks_like_token
from pushlab.errors import InvalidDuration

__all__ = [
    "MAXIMUM_CLIENT_ID_LENGTH",
    "MAXIMUM_MESSAGE_LENGTH",
    "MAXIMUM_TOKEN_DURATION_MINUTES",
    "client_id_bytes",
    "client_id_text",
    "message_text",
    "minutes",
    "token_in",
]

MAXIMUM_CLIENT_ID_LENGTH = MAX_CLIENT_ID_BYTES
MAXIMUM_MESSAGE_LENGTH = MAX_MESSAGE_BYTES
MAXIMUM_TOKEN_DURATION_MINUTES = MAX_TOKEN_MINUTES


def client_id_bytes(value: object) -> bytes:
    """A client ID of whatever bytes, even none. Raises InvalidChannelClientIdError."""
    return _bytes(value, "the client ID", MAXIMUM_CLIENT_ID_LENGTH, InvalidChannelClientIdError)


def client_id_text(value: object) -> str:
    """A client ID. Raises InvalidChannelClientIdError."""
    return _text(client_id_bytes(value), "the client ID", InvalidChannelClientIdError)


def message_text(value: object) -> str:
    """A message. Raises InvalidMessageError."""
    raw = _bytes(value, "the message", MAXIMUM_MESSAGE_LENGTH, InvalidMessageError)
    return _text(raw, "the message", InvalidMessageError)


def minutes(value: object) -> int | None:
    """A token's life; True is a minute, as it was. Raises InvalidChannelTokenDurationError."""
    if value is None:
        return None
    try:
        return check_duration(int(value) if isinstance(value, bool) else value)
    except InvalidDuration as error:
        raise InvalidChannelTokenDurationError(str(error)) from error


def token_in(value: object) -> str | None:
    """What has a token's form; it may be longer than a client ID."""
    if isinstance(value, bytes) and value.isascii():
        value = value.decode()
    return value if isinstance(value, str) and looks_like_token(value) else None


def _bytes(value: object, what: str, most: int, error: type[Error]) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if not isinstance(value, bytes):
        raise error(f"{what} must be text, or UTF-8 in bytes, not {type(value).__name__}")
    if len(value) > most:
        raise error(f"{what} has {len(value):,} bytes of UTF-8; the limit is {most:,}")
    return value


def _text(raw: bytes, what: str, error: type[Error]) -> str:
    if not raw:
        raise error(f"{what} is empty")
    try:
        return raw.decode()
    except UnicodeDecodeError as problem:
        raise error(f"{what} is not UTF-8: {problem.reason}") from problem
