"""Texts and names that trip a wire format which thinks that it knows what text looks like."""

from pushlab.contract.limits import MAX_CHANNEL_BYTES, MAX_CLIENT_ID_BYTES, MAX_MESSAGE_BYTES

__all__ = ["ODD_CHANNELS", "ODD_CLIENT_IDS", "ODD_TEXTS", "TOO_LONG"]

#: One byte more than a message may have.
TOO_LONG = "x" * (MAX_MESSAGE_BYTES + 1)

ODD_TEXTS: tuple[str, ...] = (
    "plain",
    " ",
    "  leading and trailing  ",
    "\ttabs\t",
    "0",
    "null",
    "{}",
    '{"seq": 1, "data": "x"}',
    "a\nb",
    "\n",
    "\n\n",
    "\nleading",
    "trailing\n",
    "trailing twice\n\n",
    "\r",
    "a\rb",
    "a\r\nb\r\n",
    "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "data: x",
    "data: x\n\ndata: y\n\n",
    ": a comment",
    "id: 5",
    "\nid: 5\n",
    "event: close",
    "x\nevent: close\ndata: {}\n\n",
    "retry: 1",
    "bye token-expired 401",
    "gap a-1 b-2",
    "4f1c9a02-17",
    "4f1c9a02-17 data",
    "\0",
    "a\0b",
    "\x01\x1b\x7f\x80\x85",
    "\ufeffa mark in front",
    "\u2028line\u2029paragraph",
    "\ufffe\uffff\U0010ffff",
    "日本語と中文와 한국어",
    "العربية עברית",
    "e\u0301 is not \u00e9",
    "🎓👩‍🔬🏳️‍🌈",
    "\\n \\u0000 %00 %0A &amp; <b> </script> ' \" `",
    "+#/$ pushlab/a",
    "x" * MAX_MESSAGE_BYTES,
    "\n" * MAX_MESSAGE_BYTES,
    "\0" * MAX_MESSAGE_BYTES,
    "漢" * (MAX_MESSAGE_BYTES // 3) + "a" * (MAX_MESSAGE_BYTES % 3),
    "🎓" * (MAX_MESSAGE_BYTES // 4) + "abc",
)

_NAMES: tuple[str, ...] = (
    "a/b",
    "a%2Fb",
    "a%252Fb",
    "a",
    "A",
    "a ",
    " a",
    "a b",
    "a+b",
    "+",
    "#",
    "a/#",
    "/",
    "//",
    ".",
    "..",
    "../messages",
    "$SYS/broker",
    "?after=1",
    "a&b=c;d",
    "a\nb",
    "a\r\nX: y",
    "\0",
    "%",
    "%00",
    "é",
    "e\u0301",
    "日本語",
    "🎓",
    "\ufeff",
    "'\"`<>",
)

#: Names of channels that a careless encoding would mix up with each other, or with a path.
ODD_CHANNELS: tuple[str, ...] = (
    *_NAMES,
    "c" * MAX_CHANNEL_BYTES,
    "漢" * (MAX_CHANNEL_BYTES // 3) + "a",
    "\0" * MAX_CHANNEL_BYTES,
)

ODD_CLIENT_IDS: tuple[str, ...] = (
    *_NAMES,
    "i" * MAX_CLIENT_ID_BYTES,
    "漢" * (MAX_CLIENT_ID_BYTES // 3) + "b",
    "\0" * MAX_CLIENT_ID_BYTES,
)
