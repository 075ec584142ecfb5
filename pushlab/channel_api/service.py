"""The Channel API as an application sees it, on whichever hub: its limits and its errors."""

import abc
from typing import NoReturn

from pushlab.channel_api.checks import (
    client_id_bytes,
    client_id_text,
    message_text,
    minutes,
    token_in,
)
from pushlab.channel_api.errors import NotConfigured, channel_errors
from pushlab.contract.tokens import channel_in
from pushlab.errors import Refused

__all__ = ["Nowhere", "Service"]


class Service(abc.ABC):
    """The Channel API on one hub; safe to use from several threads.

    Client IDs and messages are text, or bytes of UTF-8. Whatever fails is an `Error`.
    """

    @channel_errors()
    def create_channel(self, client_id: str | bytes, duration_minutes: int | None = None) -> str:
        """Make a token with which a client may read the messages sent to `client_id`.

        Args:
            client_id: the application's name for the client.
            duration_minutes: the token's life, from 1 to 1440; 120 unless given.

        Raises:
            InvalidChannelClientIdError, InvalidChannelTokenDurationError: outside the limits.
            HubRefused: the hub holds too many channels, or takes another API key.
            HubUnreachable: no hub answers.
        """
        client_id_bytes(client_id)
        life = minutes(duration_minutes)
        return self._make_token(client_id_text(client_id), life)

    @channel_errors()
    def send_message(self, client_id: str | bytes, message: str | bytes) -> None:
        """Send a message to whoever reads the channel of `client_id`, or comes for it in time.

        Args:
            client_id: what was given to `create_channel`, or a token that came of it, even one that
                has expired: it still names its client.

        Raises:
            InvalidChannelClientIdError, InvalidMessageError: outside the limits.
            HubRefused: the hub holds too many channels, or takes another API key.
            HubUnreachable: no hub answers. If the connection broke while it did, the message
                may have been taken.
        """
        token = token_in(client_id)
        if token is None:
            client_id_bytes(client_id)
        text = message_text(message)
        channel = None if token is None else self._channel_of_token(token)
        self._publish(client_id_text(client_id) if channel is None else channel, text)

    @channel_errors()
    def revoke(self, client_id: str | bytes) -> int:
        """Let the tokens given to a client count no more; its open connections end.

        Args:
            client_id: what was given to `create_channel`, for all tokens up to now; or one token.

        Returns:
            How many streams, held polls and log-ins stood on them; their clients are told
            ``token-revoked``.

        Raises:
            InvalidChannelClientIdError: outside the limits.
            HubRefused: the hub takes another API key, has too many revoked already (429), or could
                not write it down and so will have forgotten it after a restart (507).
            HubUnreachable: no hub answers.
        """
        if (token := token_in(client_id)) is not None:
            try:
                return self._revoke("token", token)
            except Refused as refusal:
                if refusal.reason != "token-invalid":  # it only looks like one of this hub's
                    raise
        return self._revoke("client_id", client_id_text(client_id))

    @abc.abstractmethod
    def _revoke(self, what: str, value: str) -> int:
        """Revoke a ``token``, or all of a ``client_id``. Raises Refused."""

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
            if refusal.reason in ("token-invalid", "token-revoked"):
                return None
            if refusal.reason != "token-expired":
                raise
        return channel_in(token)  # one that an application keeps still names its client


class Nowhere(Service):
    """No hub is known: what a call was given is looked at as ever, and then it fails.

    Args:
        why: what is wrong, and what would be right.
    """

    def __init__(self, why: NotConfigured) -> None:
        self._why = why

    def _revoke(self, what: str, value: str) -> NoReturn:
        raise self._why

    def _make_token(self, client_id: str, duration_minutes: int | None) -> NoReturn:
        raise self._why

    def _publish(self, channel: str, message: str) -> NoReturn:
        raise self._why

    def _grant_of(self, token: str) -> NoReturn:
        raise self._why
