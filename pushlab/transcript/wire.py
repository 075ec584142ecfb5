"""Bytes of a conversation as people can read them, without the token.

HTTP stands as it is, the chunks of an open answer with their sizes; WebSocket frames and MQTT
packets by name, with the bytes of their heads in hexadecimal.
"""

import re

from pushlab.transcript.mqtt import packets_in_words

__all__ = ["HIDDEN", "hide", "piece_text", "printable"]

HIDDEN = "<token>"
_HTTP = re.compile(rb"(?:[A-Z]{3,7} /\S* HTTP/1\.[01]|HTTP/1\.[01] \d{3}[^\r\n]*)\r\n")
_CHUNK = re.compile(rb"([0-9a-f]{1,8})\r\n")
_FRAMES = {0: "continued", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_HEX_BYTES = 8


def piece_text(data: bytes, *, token: str) -> str:
    """What these bytes say, printable, with `token` replaced by ``<token>`` wherever it stands.

    Args:
        data: a `Piece`'s; best one that begins where a request, an answer, a chunk, a frame or a
            packet does, as nearly all do.
    """
    return hide(_in_words(data), token)


def hide(text: str, token: str) -> str:
    """`text` without `token`, be it plain or percent-encoded in part or whole."""
    if not token:
        return text
    letters = (f"(?:{re.escape(c)}|{_percent_encoded(c)})" for c in token)
    return re.sub("".join(letters), HIDDEN, text)


def _percent_encoded(letter: str) -> str:
    return "".join(f"%(?i:{byte:02x})" for byte in letter.encode())


def printable(data: bytes) -> str:
    """Text of these bytes: line breaks stay, what cannot be shown is escaped."""
    text = data.decode("utf-8", errors="backslashreplace").replace("\r\n", "\n")
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _in_words(data: bytes) -> str:
    if _HTTP.match(data):
        return _http(data)
    chunks = _chunks(data)
    if chunks is not None:
        return chunks
    # A SUBSCRIBE begins as a binary frame does, but few binary frames read as whole packets.
    return packets_in_words(data) or _frames(data) or _unknown(data)


def _http(data: bytes) -> str:
    head, end, rest = data.partition(b"\r\n\r\n")
    text = printable(head)
    if not end or not rest:
        return text
    if head.startswith(b"HTTP/1.1 101"):
        body = _in_words(rest)
    elif b"transfer-encoding: chunked" in head.lower():
        body = _chunks(rest) or printable(rest)
    elif _HTTP.match(rest):  # one request or answer behind the other
        body = _http(rest)
    else:
        body = printable(rest)
    return f"{text}\n\n{body}"


def _chunks(data: bytes) -> str | None:
    """Chunks (RFC 9112, section 7.1); None if these are none."""
    lines = []
    while data:
        size = _CHUNK.match(data)
        if size is None:
            return None
        length, start = int(size.group(1), 16), size.end()
        body, rest = data[start : start + length], data[start + length :]
        if len(body) < length or (rest and not rest.startswith(b"\r\n")):
            return None
        last = " (the last one)" if length == 0 else ""
        lines.append(f"[chunk, {length:,} bytes]{last}\n{printable(body)}".rstrip("\n"))
        data = rest[2:]
    return "\n".join(lines) if lines else None


def _frames(data: bytes) -> str | None:
    """WebSocket frames (RFC 6455, section 5.2); None if these are none."""
    lines = []
    at = 0
    while at < len(data):
        if len(data) - at < 2:
            return None
        opcode, masked, length = data[at] & 0x0F, data[at + 1] & 0x80, data[at + 1] & 0x7F
        start = at + 2
        if opcode not in _FRAMES or data[at] & 0x70 or (opcode >= 8 and length > 125):
            return None
        if length >= 126:
            wide = 2 if length == 126 else 8
            length, start = int.from_bytes(data[start : start + wide], "big"), start + wide
        mask = data[start : start + 4] if masked else b""
        start += len(mask)
        if start + length > len(data):
            return None
        payload = data[start : start + length]
        if mask:
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        whole = "" if data[at] & 0x80 else ", more to come"
        head = data[at : start - len(mask)].hex(" ")
        lines.append(
            f"[{_FRAMES[opcode]} frame{whole}, {length:,} bytes{', masked' if mask else ''};"
            f" head {head}] {_payload(opcode, payload)}".rstrip()
        )
        at = start + length
    return "\n".join(lines) if lines else None


def _payload(opcode: int, payload: bytes) -> str:
    if opcode == 8 and len(payload) >= 2:
        return f"{int.from_bytes(payload[:2], 'big')} {printable(payload[2:])}"
    if opcode == 2:
        return packets_in_words(payload) or _some_hex(payload)
    return printable(payload) if opcode < 8 else _some_hex(payload)


def _unknown(data: bytes) -> str:
    text = printable(data)
    if "\\x" in text:
        return f"[{len(data):,} bytes] {_some_hex(data)}"
    return text


def _some_hex(data: bytes) -> str:
    return data[:_HEX_BYTES].hex(" ") + (" ..." if len(data) > _HEX_BYTES else "")
