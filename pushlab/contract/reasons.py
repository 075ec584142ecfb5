"""Why a server ends or refuses a connection: the words, and their numbers on HTTP and WebSocket.

A WebSocket close code is the HTTP status plus 4000 (RFC 6455, section 7.4.2 leaves 4000 to 4999
to applications), so that browsers, which cannot see a refused handshake's status, learn the same.
"""

__all__ = [
    "SERVER_RESTART",
    "SLOW_READER",
    "is_final",
    "reason_of",
    "status_of_close_code",
    "to_close_code",
]

SLOW_READER = ("slow-reader", 408)
SERVER_RESTART = ("server-restart", 503)

_MAX_REASON = 150
#: A reader may come back by itself after these; any other 4xx is the end.
_PASSING = {408, 429}


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


def is_final(status: int) -> bool:
    """Whether trying again with the same token and cursor is pointless."""
    return 400 <= status < 500 and status not in _PASSING
