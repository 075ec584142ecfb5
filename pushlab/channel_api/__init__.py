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

A hub's notices of presence are signed; `verify_presence` reads one, and refuses what is forged.

The limits are the original's, and so are the errors, each of which is also one of
`pushlab.errors`; whatever `create_channel` and `send_message` raise is an `Error`::

    PushlabError
    └── Error
        ├── InvalidChannelClientIdError        also an InvalidClientId
        ├── InvalidChannelTokenDurationError   also an InvalidDuration
        ├── InvalidMessageError                also an InvalidMessage
        ├── AppIdAliasRequired                 never raised
        ├── HubRefused                         also a Refused: `status`, `reason`
        ├── HubUnreachable                     also a ConnectionFailed
        └── NotConfigured                      also a UsageError

`google.appengine.api.channel`, which comes with pushlab, has the original's names of all this, so
that an application's own import line need not change (docs/from-app-engine.md).
"""

import threading

from pushlab.channel_api.checks import (
    MAXIMUM_CLIENT_ID_LENGTH,
    MAXIMUM_MESSAGE_LENGTH,
    MAXIMUM_TOKEN_DURATION_MINUTES,
)
from pushlab.channel_api.errors import (
    AppIdAliasRequired,
    Error,
    HubRefused,
    HubUnreachable,
    InvalidChannelClientIdError,
    InvalidChannelTokenDurationError,
    InvalidMessageError,
    NotConfigured,
)
from pushlab.channel_api.in_process import LocalChannelService
from pushlab.channel_api.notices import PresenceNotice, verify_presence
from pushlab.channel_api.over_http import ChannelService
from pushlab.channel_api.service import Nowhere, Service

__all__ = [
    "MAXIMUM_CLIENT_ID_LENGTH",
    "MAXIMUM_MESSAGE_LENGTH",
    "MAXIMUM_TOKEN_DURATION_MINUTES",
    "AppIdAliasRequired",
    "ChannelService",
    "Error",
    "HubRefused",
    "HubUnreachable",
    "InvalidChannelClientIdError",
    "InvalidChannelTokenDurationError",
    "InvalidMessageError",
    "LocalChannelService",
    "NotConfigured",
    "PresenceNotice",
    "Service",
    "create_channel",
    "revoke",
    "send_message",
    "use",
    "verify_presence",
]

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
            try:
                _service = ChannelService()
            except NotConfigured as error:
                return Nowhere(error)
        return _service


def create_channel(client_id: str | bytes, duration_minutes: int | None = None) -> str:
    """Make a token; see `Service.create_channel`.

    Raises:
        NotConfigured: no service was chosen, and the environment names none.
    """
    return _chosen().create_channel(client_id, duration_minutes)


def revoke(client_id: str | bytes) -> int:
    """Let a token, or all of a client's, count no more; see `Service.revoke`.

    Raises:
        NotConfigured: no service was chosen, and the environment names none.
    """
    return _chosen().revoke(client_id)


def send_message(client_id: str | bytes, message: str | bytes) -> None:
    """Send a message; see `Service.send_message`.

    Raises:
        NotConfigured: no service was chosen, and the environment names none.
    """
    _chosen().send_message(client_id, message)
