"""The Channel API's errors: the original's, and those of a hub that one starts oneself."""

import contextlib
from collections.abc import Iterator

from pushlab.errors import (
    ConnectionFailed,
    InvalidClientId,
    InvalidDuration,
    InvalidMessage,
    PushlabError,
    Refused,
    UsageError,
)

__all__ = [
    "AppIdAliasRequired",
    "Error",
    "HubRefused",
    "HubUnreachable",
    "InvalidChannelClientIdError",
    "InvalidChannelTokenDurationError",
    "InvalidMessageError",
    "NotConfigured",
    "channel_errors",
]


class Error(PushlabError):
    """Whatever the Channel API raises: catch this, as on App Engine."""


class InvalidChannelClientIdError(Error, InvalidClientId):
    """Not text, empty, or over 256 bytes of UTF-8."""


class InvalidChannelTokenDurationError(Error, InvalidDuration):
    """Not a whole number of minutes from 1 to 1440."""


class InvalidMessageError(Error, InvalidMessage):
    """Not text, empty, or over 32,767 bytes of UTF-8."""


class AppIdAliasRequired(Error):
    """Never raised: only App Engine asked for an alias of an application's name."""


class HubRefused(Error, Refused):
    """The hub said no: another API key, too many channels, a disk that is full."""


class HubUnreachable(Error, ConnectionFailed):
    """No hub answers."""


class NotConfigured(Error, UsageError):
    """No service was chosen, and the environment names none that can be used."""


@contextlib.contextmanager
def channel_errors() -> Iterator[None]:
    """Let what fails within be an `Error`, and still what it is in `pushlab.errors`."""
    try:
        yield
    except Error:
        raise
    except Refused as error:
        raise HubRefused(error.status, error.reason, error.detail) from error
    except ConnectionFailed as error:
        raise HubUnreachable(str(error)) from error
    except UsageError as error:
        raise NotConfigured(str(error)) from error
    except PushlabError as error:
        raise Error(str(error)) from error
