"""Why a server ends or refuses a connection: the words, and their numbers on HTTP and WebSocket.

A WebSocket close code is the HTTP status plus 4000 (RFC 6455, section 7.4.2 leaves 4000 to 4999
to applications), so that browsers, which cannot see a refused handshake's status, learn the same.
"""

from dataclasses import dataclass, replace

from pushlab.contract.limits import MAX_CHANNELS
from pushlab.errors import Refused

__all__ = [
    "BAD_ORIGIN",
    "CHANNEL_API_PHRASES",
    "ENDINGS",
    "INVALID_CURSOR",
    "SERVER_RESTART",
    "SLOW_READER",
    "TOKEN_EXPIRED",
    "TOKEN_INVALID",
    "TOKEN_MISSING",
    "TOKEN_REVOKED",
    "TOO_MANY_CHANNELS",
    "Reason",
    "is_final",
    "reason_of",
    "reason_of_phrase",
    "status_of_close_code",
    "to_close_code",
]

_MAX_REASON = 150
#: A reader may come back by itself after these; any other 4xx is the end.
_PASSING = {408, 429}


@dataclass(frozen=True, slots=True)
class Reason:
    """One kind of refusal or end.

    Attributes:
        status: of HTTP.
        word: for programs, such as ``token-expired``.
        detail: for people; an example, where it depends on what was asked.
        phrase: what App Engine's Channel API said: its development server in the status line, its
            script as an error's ``description``. Applications compare it letter by letter.
    """

    status: int
    word: str
    detail: str
    phrase: str = ""

    def __call__(self, detail: str = "") -> Refused:
        """The error to raise, in these words or in others."""
        return Refused(self.status, self.word, detail or self.detail)

    def such(self, detail: str) -> "Reason":
        """The same in other words."""
        return replace(self, detail=detail)

    @property
    def ending(self) -> tuple[str, int]:
        """Word and status, as what ends a connection takes them."""
        return self.word, self.status


_NOT_GOOD = "Invalid+token."
TOKEN_MISSING = Reason(
    401,
    "token-missing",
    "send the token as 'Authorization: Bearer <token>' or '?token='",
    _NOT_GOOD,
)
TOKEN_INVALID = Reason(401, "token-invalid", "the token is not one of this server's", _NOT_GOOD)
TOKEN_REVOKED = Reason(401, "token-revoked", "the token has been revoked", _NOT_GOOD)
TOKEN_EXPIRED = Reason(
    401, "token-expired", "the token has expired; ask for a new one", "Token+timed+out."
)
INVALID_CURSOR = Reason(
    400,
    "invalid-cursor",
    "'17' is not a cursor; give back one that the server sent, such as '4f1c9a02-17', or none to"
    " start from now",
)
TOO_MANY_CHANNELS = Reason(
    429, "too-many-channels", f"this hub holds {MAX_CHANNELS:,} channels already"
)
BAD_ORIGIN = Reason(
    403,
    "bad-origin",
    "the hub does not know this page's origin as its own; if it is, start pushlab serve with"
    " --public-url and the address that browsers use (or --trust-forwarded and the proxy's); if"
    " pages of another site may speak to this hub, with --allow-origin",
)
SLOW_READER = Reason(408, "slow-reader", "you read too slowly; come back and resume")
SERVER_RESTART = Reason(503, "server-restart", "the server is stopping")

#: What ends a connection that stands.
ENDINGS = (TOKEN_EXPIRED, TOKEN_REVOKED, SLOW_READER, SERVER_RESTART)


#: By a reason's word, for those of which the Channel API knew.
CHANNEL_API_PHRASES = {
    each.word: each.phrase for each in (TOKEN_MISSING, TOKEN_REVOKED, TOKEN_INVALID, TOKEN_EXPIRED)
}
_PHRASED = {phrase: word for word, phrase in CHANNEL_API_PHRASES.items()}


def to_close_code(status: int) -> int:
    """The WebSocket close code that says what this HTTP status says."""
    return 4000 + status


def status_of_close_code(code: int) -> int:
    """The HTTP status in a WebSocket close code; 503 for codes that pushlab does not send."""
    return code - 4000 if 4400 <= code < 4600 else 503


def reason_of(status: int, said: object) -> str:
    """What a server said as its reason, if it is fit to be shown; else its status.

    It may come to a terminal or a log, and a stranger's server may say anything.
    """
    fits = isinstance(said, str) and 0 < len(said) <= _MAX_REASON and said.isprintable()
    return str(said) if fits else f"http-{status}"


def reason_of_phrase(status: int, phrase: str) -> str:
    """The word that a phrase of the Channel API stands for; ``http-<status>`` for another."""
    return _PHRASED.get(phrase, f"http-{status}")


def is_final(status: int) -> bool:
    """Whether trying again with the same token and cursor is pointless."""
    return 400 <= status < 500 and status not in _PASSING
