# -*- coding: utf-8 -*-
"""What calls of App Engine's own `google.appengine.api.channel` came to.

The outcomes are those of Google's SDK 1.9.88 with its development server's stub: each row was run
through it. An outcome is the name of the exception, or "". Python 2.7 reads this too.
"""

from __future__ import unicode_literals

import pickle

CLIENT_ID, DURATION, MESSAGE = (
    "InvalidChannelClientIdError",
    "InvalidChannelTokenDurationError",
    "InvalidMessageError",
)
#: Names and values of its constants.
CONSTANTS = {
    "MAXIMUM_CLIENT_ID_LENGTH": 256,
    "MAXIMUM_MESSAGE_LENGTH": 32767,
    "MAXIMUM_TOKEN_DURATION_MINUTES": 1440,
}
#: Each exception, and of what it is one.
ERRORS = {
    "AppIdAliasRequired": "Error",
    "Error": "Exception",
    CLIENT_ID: "Error",
    DURATION: "Error",
    MESSAGE: "Error",
}
#: Client IDs, as the first argument of both functions.
IDS = [
    (None, CLIENT_ID),
    (7, CLIENT_ID),
    (1.5, CLIENT_ID),
    (True, CLIENT_ID),
    (["a"], CLIENT_ID),
    (bytearray(b"a"), CLIENT_ID),
    ("a", ""),
    (b"a", ""),
    ("é", ""),
    ("é".encode("utf-8"), ""),
    ("a b\n\0", ""),
    ("🎓", ""),
    ("a" * 256, ""),
    (b"a" * 256, ""),
    ("é" * 128, ""),
    ("a" * 257, CLIENT_ID),
    (b"a" * 257, CLIENT_ID),
    ("é" * 129, CLIENT_ID),
    (("é" * 129).encode("utf-8"), CLIENT_ID),
]
DURATIONS = [
    (None, ""),
    (1, ""),
    (1440, ""),
    (True, ""),
    (False, DURATION),
    (0, DURATION),
    (-1, DURATION),
    (1441, DURATION),
    (2**70, DURATION),
    (1.0, DURATION),
    (1.5, DURATION),
    (float("nan"), DURATION),
    ("5", DURATION),
    (b"5", DURATION),
    ("", DURATION),
    ([], DURATION),
]
MESSAGES = [
    (None, MESSAGE),
    (7, MESSAGE),
    (1.5, MESSAGE),
    (True, MESSAGE),
    ([], MESSAGE),
    (bytearray(b"m"), MESSAGE),
    ("", MESSAGE),
    (b"", MESSAGE),
    ("m", ""),
    (b"m", ""),
    ("é", ""),
    ("é".encode("utf-8"), ""),
    ("\0", ""),
    ("a" * 32767, ""),
    (b"a" * 32767, ""),
    ("é" * 16383, ""),
    ("a" * 32768, MESSAGE),
    (b"a" * 32768, MESSAGE),
    ("é" * 16384, MESSAGE),
]
#: Of two values that are both wrong, the one that is told.
BOTH = [
    ("create_channel", (None, 0), CLIENT_ID),
    ("create_channel", ("a" * 257, "x"), CLIENT_ID),
    ("create_channel", ("", None), CLIENT_ID),
    ("create_channel", (b"", 5), CLIENT_ID),
    ("create_channel", ("", 0), DURATION),
    ("create_channel", (b"\xff", 1.0), DURATION),
    ("send_message", (None, None), CLIENT_ID),
    ("send_message", ("a" * 257, ""), CLIENT_ID),
    ("send_message", ("", None), MESSAGE),
    ("send_message", ("", ""), MESSAGE),
    ("send_message", ("", "a" * 32768), MESSAGE),
    ("send_message", (b"\xff", ""), MESSAGE),
]
CASES = (
    [("create_channel", (value,), outcome) for value, outcome in IDS]
    + [("send_message", (value, "m"), outcome) for value, outcome in IDS]
    + [("create_channel", ("a", value), outcome) for value, outcome in DURATIONS]
    + [("send_message", ("a", value), outcome) for value, outcome in MESSAGES]
    + BOTH
)
#: Where this differs: what the original let pass cannot be carried over today's transports.
DIFFERENT = [
    ("create_channel", (b"\xff",), CLIENT_ID),
    ("send_message", (b"\xff", "m"), CLIENT_ID),
    ("send_message", ("a", b"\xff"), MESSAGE),
    ("create_channel", ("\ud800",), CLIENT_ID),
    ("send_message", ("a", "\ud800"), MESSAGE),
    ("send_message", ("a", b"\xed\xa0\x80"), MESSAGE),
    ("send_message", ("", "m"), CLIENT_ID),
]


def outcome(channel, function, arguments):
    """What a call comes to: the name of its exception, which is an `Error`, or ""."""
    try:
        getattr(channel, function)(*arguments)
    except channel.Error as error:
        text = str(error)  # Python 2 fails here, if it was given text beyond ASCII that is no `str`
        again = pickle.loads(pickle.dumps(error))  # into a process of a pool
        same = (type(again), str(again), vars(again)) == (type(error), text, vars(error))
        if not same or len(text.splitlines()) != 1 or len(text) > 1200:
            return "%.50r, and %.50r in another process" % (text, again)
        return type(error).__name__
    return ""


def wrong(channel, cases):
    """The cases that come to something else, as text."""
    found = []
    for function, arguments, expected in cases:
        came = outcome(channel, function, arguments)
        if came != expected:
            found.append("%s%.60r: %s, not %s" % (function, arguments, came, expected))
    return found
