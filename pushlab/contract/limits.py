"""The sizes and spans of the contract, and the checks that hold them.

The figures are those of App Engine's Channel API: client IDs of up to 256 bytes, messages of up
to 32,767 bytes ("32K"), tokens that live from 1 minute to a day, two hours unless asked otherwise.
"""

from pushlab.errors import (
    InvalidChannel,
    InvalidClientId,
    InvalidDuration,
    InvalidMessage,
    UsageError,
)

__all__ = [
    "BACK_WITHIN_S",
    "DEFAULT_TOKEN_MINUTES",
    "MAX_BATCH_MESSAGES",
    "MAX_CHANNELS",
    "MAX_CHANNEL_BYTES",
    "MAX_CLIENT_ID_BYTES",
    "MAX_MESSAGE_BYTES",
    "MAX_TOKEN_MINUTES",
    "MIN_TOKEN_MINUTES",
    "check_channel",
    "check_client_id",
    "check_duration",
    "check_message",
]

MAX_CLIENT_ID_BYTES = 256
MAX_CHANNEL_BYTES = 256
MAX_MESSAGE_BYTES = 32_767
MAX_BATCH_MESSAGES = 1_000
MAX_CHANNELS = 200_000  #: of one hub
DEFAULT_TOKEN_MINUTES = 120
MIN_TOKEN_MINUTES = 1
MAX_TOKEN_MINUTES = 1_440
#: App Engine's development server heard no more of a client for so long before it had gone: who is
#: back by then, with a new token say, has been there all the while.
BACK_WITHIN_S = 2.0


def _text(value: object, what: str, limit: int, error: type[UsageError]) -> str:
    """Return `value` if it is text of 1 to `limit` bytes of UTF-8."""
    if not isinstance(value, str):
        raise error(f"{what} must be text, not {type(value).__name__}")
    if not value:
        raise error(f"{what} is empty; it must have 1 to {limit:,} bytes of UTF-8")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as problem:
        raise error(f"{what} has a lone surrogate, which UTF-8 cannot carry") from problem
    if size > limit:
        raise error(f"{what} has {size:,} bytes of UTF-8; the limit is {limit:,}")
    return value


def check_client_id(value: object) -> str:
    """Return `value` if it is a client ID: 1 to 256 bytes of UTF-8, any characters.

    Raises:
        InvalidClientId: it is not.
    """
    return _text(value, "the client ID", MAX_CLIENT_ID_BYTES, InvalidClientId)


def check_channel(value: object) -> str:
    """Return `value` if it is a channel name: 1 to 256 bytes of UTF-8, any characters.

    Raises:
        InvalidChannel: it is not.
    """
    return _text(value, "the channel", MAX_CHANNEL_BYTES, InvalidChannel)


def check_message(value: object) -> str:
    """Return `value` if it is a message: text of 1 to 32,767 bytes of UTF-8.

    Raises:
        InvalidMessage: it is not.
    """
    return _text(value, "the message", MAX_MESSAGE_BYTES, InvalidMessage)


def check_duration(minutes: object) -> int:
    """Return `minutes` if it is a token's life: a whole number from 1 to 1440.

    Raises:
        InvalidDuration: it is not.
    """
    if isinstance(minutes, bool) or not isinstance(minutes, int):
        raise InvalidDuration(
            f"duration_minutes must be a whole number, not {type(minutes).__name__}"
        )
    if not MIN_TOKEN_MINUTES <= minutes <= MAX_TOKEN_MINUTES:
        raise InvalidDuration(
            f"duration_minutes is {minutes}; it must lie between"
            f" {MIN_TOKEN_MINUTES} and {MAX_TOKEN_MINUTES}"
        )
    return minutes
