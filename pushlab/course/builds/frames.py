"""Chapter 5's build: the frame of a WebSocket, both ways."""

from pushlab.course.builds.base import Build
from pushlab.course.builds.frames_cases import CASES

__all__ = ["BUILDS"]

_SKELETON = """
class Frames:
    def write(self, text, key):
        # your lines: the bytes of a frame
        ...

    def read(self, data):
        # your lines: (kind, text, used), or None
        ...
"""

_GAPS = """
class Frames:
    def write(self, text, key):
        payload = text.encode()
        size, mask = len(payload), 0x80 if key else 0
        if size < 126:
            head = bytes([0x81, mask | size])
        elif size < 65_536:
            head = bytes([0x81, mask | ...]) + size.to_bytes(..., "big")
        else:
            head = ...
        if key is None:
            return head + payload
        return head + key + self.masked(payload, key)

    def masked(self, payload, key):
        return bytes(byte ^ key[...] for at, byte in enumerate(payload))

    def read(self, data):
        if len(data) < 2:
            return None
        kind, masked = data[0] & ..., data[1] & ...
        size, at = data[1] & ..., 2
        if size >= 126:
            more = 2 if size == 126 else 8
            size, at = int.from_bytes(data[at : at + more], "big"), at + more
        key = ...
        end = ...
        if len(data) < end:
            return None
        payload = data[...:end]
        return kind, ..., end
"""

_CODE = """
class Frames:
    def write(self, text, key):
        payload = text.encode()
        size, mask = len(payload), 0x80 if key else 0
        if size < 126:
            head = bytes([0x81, mask | size])
        elif size < 65_536:
            head = bytes([0x81, mask | 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([0x81, mask | 127]) + size.to_bytes(8, "big")
        if key is None:
            return head + payload
        return head + key + self.masked(payload, key)

    def masked(self, payload, key):
        return bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))

    def read(self, data):
        if len(data) < 2:
            return None
        kind, masked = data[0] & 0x0F, data[1] & 0x80
        size, at = data[1] & 0x7F, 2
        if size >= 126:
            more = 2 if size == 126 else 8
            if len(data) < at + more:
                return None
            size, at = int.from_bytes(data[at : at + more], "big"), at + more
        key = data[at : at + 4] if masked else None
        at += 4 if masked else 0
        end = at + size
        if len(data) < end:
            return None
        payload = self.masked(data[at:end], key) if masked else data[at:end]
        return kind, payload.decode(), end
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="Frames",
        question=(
            "Build it: the frame of a WebSocket, both ways. `write(text, key)` returns its bytes;"
            " `key` is four bytes where a client speaks, and None where the server does."
            " `read(data)` takes what has arrived so far, and returns `(kind, text, used)`: `used`"
            " says how many bytes of `data` this frame took. If it is not all there yet, it"
            " returns `None`.\n\n"
            "The first byte is `0x80` (the message is complete) plus the kind: 1 for text, 9 for a"
            " ping.\n\n"
            "The second byte is the length of the text in bytes, plus `0x80` if the frame is"
            " masked. From 126 bytes on 126 stands there, and the length comes in the next 2"
            " bytes; from 65,536 on 127, and it comes in the next 8. Its highest byte comes"
            " first.\n\n"
            "Then comes the key, if there is one, and then the text in UTF-8. Masked means: byte"
            " number `at` of the text is sent as `byte ^ key[at % 4]`. The same sum undoes it."
        ),
        skeleton=_SKELETON,
        hints=(
            "Begin with `write` without a key: `payload = text.encode()`, then"
            ' `bytes([0x81, len(payload)]) + payload`. `size.to_bytes(2, "big")` makes two bytes of'
            " a number.",
            "To mask is one line: `bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))`."
            " The order of a frame is: first byte, length, key, text.",
            "In `read`, keep a variable `at` for where you are. Before each part ask whether"
            " `data` is long enough. `data[0] & 0x0F` is the kind, `data[1] & 0x7F` the length"
            " without the bit"
            ' for the mask, `int.from_bytes(data[2:4], "big")` a number of two bytes.',
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=CASES,
        why=(
            "Two bytes of head for what a request says in 200: that is all there is to a frame."
            " Real WebSockets have more rules: a long message may come in several frames,"
            " the first of them without the `0x80`; a `close` (8) is answered with a `close`; and"
            " a client draws a new key for every frame, so that nobody can choose what the bytes"
            " on the wire look like."
        ),
    ),
)
