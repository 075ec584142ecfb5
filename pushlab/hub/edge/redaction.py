"""No secret in what libraries log of a request: its place is kept, and what stood there is not.

uvicorn and `websockets` log request lines and headers, at DEBUG and in access logs. Whoever turns
those on shall see handshakes, but no token: in an address, in ``Authorization``, wherever.
"""

import logging
import re

__all__ = ["redact", "redact_logs"]

#: Those that the hub's libraries write what a client sent into.
_LOGGERS = (
    "asyncio",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.asgi",
    "uvicorn.error",
    "websockets",
    "websockets.server",
)
_HIDDEN = "<secret>"
_DOT = r"(?:\.|%2[Ee])"
_SECRETS = re.compile(
    # what a parameter or a header of such a name says, and the form of a token anywhere
    r"(?i:(?<=[?&;]token=)|(?<=[?&;]key=)|(?<=[?&;]api_key=)|(?<=[?&;]password=))[^&;#\s\"']+"
    r"|(?i:(?<=bearer )|(?<=basic ))\S[^\s\"',]*"
    rf"|[0-9A-Za-z]{{1,16}}{_DOT}[\w-]{{16,}}{_DOT}[\w-]{{16,}}"
)


def redact(text: str) -> str:
    """The text without secrets that a request may carry."""
    return _SECRETS.sub(_HIDDEN, text)


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # a library's mistake; `logging` tells of it
            return True
        if redact(text) != text:
            if isinstance(record.args, tuple):  # formatters take them apart
                record.args = tuple(
                    redact(each) if isinstance(each, str) else each for each in record.args
                )
            if redact(text := record.getMessage()) != text:
                record.msg, record.args = redact(text), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


_redaction = _Redaction()


def redact_logs() -> None:
    """From now on, and once however often it is called."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_redaction)  # a filter that is there is not added again
