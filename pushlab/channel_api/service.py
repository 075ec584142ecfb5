"""The Channel API as an application sees it, on whichever hub: its limits and its errors."""

import abc

from pushlab.contract.limits import check_client_id, check_duration, check_message
from pushlab.contract.tokens import looks_like_token
from pushlab.errors import InvalidClientId, InvalidDuration, InvalidMessage, PushlabError, Refused

__all__ = [
    "Error",
    "InvalidChannelClientIdError",
    "InvalidChannelTokenDurationError",
    "InvalidMessageError",
    "Service",
]


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

    def revoke(self, client_id: str) -> int:
        """Let the tokens given to a client count no more; its open connections end.

        Args:
            client_id: what was given to `create_channel`, for all tokens up to now; or one token.

        Returns:
            How many streams, held polls and log-ins stood on them; their clients are told
            ``token-revoked``.

        Raises:
            InvalidChannelClientIdError: outside the limits.
            Refused: the hub takes another API key, has too many revoked already (429), or could not
                write it down and so will have forgotten it after a restart (507).
            ConnectionFailed: no hub answers.
        """
        if isinstance(client_id, str) and looks_like_token(client_id):
            try:
                return self._revoke("token", client_id)
            except Refused as refusal:
                if refusal.reason != "token-invalid":  # it only looks like one of this hub's
                    raise
        return self._revoke("client_id", _client_id(client_id))

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
