"""Frames of a WebSocket as people write and read them."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.frames import BUILDS

_CODE = BUILDS[0].code

#: Only writes, as far as it has got.
_SHORT = """
class Frames:
    def write(self, text, key):
        return bytes([0x81, len(text)]) + text.encode()

    def read(self, data):
        return 1, data[2:].decode(), len(data)
"""

ATTEMPTS = (
    Attempt(
        name="the last bit is forgotten",
        code=but(_CODE, ("[0x81, mask | size]", "[0x01, mask | size]")),
        mistake="not final",
        says="complete in this frame",
    ),
    Attempt(
        name="decimal",
        code=but(_CODE, ("[0x81, mask | size]", "[81, mask | size]")),
        mistake="decimal 81",
        says="hexadecimal",
    ),
    Attempt(
        name="digits as letters",
        code=but(_CODE, ("head = bytes([0x81, mask | size])", 'head = f"81{size}".encode()')),
        mistake="digits",
        says="not the letters",
    ),
    Attempt(
        name="a list of numbers",
        code=but(
            _SHORT,
            ("bytes([0x81, len(text)]) + ", "[0x81, len(text)] + "),
            ("text.encode()", "[*text.encode()]"),
        ),
        mistake="a list",
        says="`bytes(...)`",
    ),
    Attempt(
        name="text",
        code=but(_SHORT, ("bytes([0x81, len(text)]) + text.encode()", '"81" + text')),
        mistake="no bytes",
        says="A frame is bytes",
    ),
    Attempt(
        name="writes nothing",
        code=but(_SHORT, ("        return bytes", "        bytes")),
        mistake="returns nothing",
        says="`write` returns None",
    ),
    Attempt(
        name="counts letters",
        code=_SHORT,
        mistake="counts letters",
        says="Encode first",
    ),
    Attempt(
        name="does not mask",
        code=but(_SHORT, ("len(text)", "len(text.encode())")),
        mistake="not masked",
        says="`key[0]`",
    ),
    Attempt(
        name="does not say that it is masked",
        code=but(_CODE, ("0x80 if key else 0", "0")),
        mistake="does not say masked",
        says="80 on top",
    ),
    Attempt(
        name="the key, and the text as it was",
        code=but(_CODE, ("head + key + self.masked(payload, key)", "head + key + payload")),
        mistake="sends it unmasked",
        says="byte ^ key[at % 4]",
    ),
    Attempt(
        name="masked without the key in front",
        code=but(_CODE, ("head + key + self", "head + self")),
        mistake="no key",
        says="The reader needs the key",
    ),
    Attempt(
        name="the key behind the text",
        code=but(
            _CODE,
            ("head + key + self.masked(payload, key)", "head + self.masked(payload, key) + key"),
        ),
        mistake="key behind",
        says="in front of the text",
    ),
    Attempt(
        name="one byte of the key",
        code=but(_CODE, ("key[at % 4]", "key[0]")),
        mistake="first byte of the key only",
        says="its own byte of the key",
    ),
    Attempt(
        name="zips text and key",
        code=but(
            _CODE,
            (
                "byte ^ key[at % 4] for at, byte in enumerate(payload)",
                "a ^ b for a, b in zip(payload, key)",
            ),
        ),
        mistake="four bytes only",
        says="begin anew",
    ),
    Attempt(
        name="the key is not long enough",
        code=but(_CODE, ("key[at % 4]", "key[at]")),
        mistake="raises",
        says="IndexError",
    ),
    Attempt(
        name="126 as a length",
        code=but(_CODE, ("size < 126", "size < 128")),
        mistake="126 is no length",
        says="in the next two bytes",
    ),
    Attempt(
        name="the lower byte first",
        code=but(_CODE, ('size.to_bytes(2, "big")', 'size.to_bytes(2, "little")')),
        mistake="upside down",
        says="The higher of the two",
    ),
    Attempt(
        name="127 at once",
        code=but(_CODE, ("size < 65_536", "size < 0")),
        mistake="127 too early",
        says="The shortest form",
    ),
    Attempt(
        name="a long frame that does not say that it is masked",
        code=but(_CODE, ("mask | 126", "126")),
        mistake="does not say masked",
        says="126 | 80",
    ),
    Attempt(
        name="four bytes for a very long one",
        code=but(_CODE, ("to_bytes(8", "to_bytes(4")),
        mistake="four bytes",
        says="takes eight bytes",
    ),
    Attempt(
        name="reads the first byte as the kind",
        code=but(_CODE, ("data[0] & 0x0F", "data[0]")),
        mistake="first byte as kind",
        says="lower four bits",
    ),
    Attempt(
        name="takes the mask for a part of the length",
        code=but(_CODE, ("data[1] & 0x7F", "data[1]")),
        mistake="mask as length",
        says="no part of the length",
    ),
    Attempt(
        name="counts the text alone",
        code=but(_CODE, ("payload.decode(), end", "payload.decode(), size")),
        mistake="used without the head",
        says="with its head",
    ),
    Attempt(
        name="gives bytes",
        code=but(_CODE, ("payload.decode()", "payload")),
        mistake="bytes",
        says="`.decode()`",
    ),
    Attempt(
        name="gives the text alone",
        code=but(_CODE, ("return kind, payload.decode(), end", "return payload.decode()")),
        mistake="shape",
        says="`(kind, text, used)`",
    ),
    Attempt(
        name="believes that all is there",
        code=but(_CODE, ("        if len(data) < end:\n            return None\n", "")),
        mistake="too early",
        says="not all there yet",
    ),
    Attempt(
        name="reads the head of nothing",
        code=but(_CODE, ("        if len(data) < 2:\n            return None\n", "")),
        mistake="raises",
        says="`len(data)` first",
    ),
    Attempt(
        name="uses all that is there",
        code=but(_CODE, ("payload.decode(), end", "payload.decode(), len(data)")),
        mistake="uses all",
        says="would be lost",
    ),
    Attempt(
        name="reads to the end of all",
        code=but(_CODE, ("data[at:end]\n", "data[at:]\n")),
        mistake="raises",
        says="begin and end where the text does",
    ),
    Attempt(
        name="all is text",
        code=but(_CODE, ("return kind,", "return 1,")),
        mistake="all is text",
        says="89 is a ping",
    ),
    Attempt(
        name="empty is nothing",
        code=but(
            _CODE,
            (
                "        payload = self",
                "        if not size:\n            return None\n        payload = self",
            ),
        ),
        mistake="empty is nothing",
        says="may be empty",
    ),
    Attempt(
        name="a method is missing",
        code="class Frames:\n    def write(self, text, key):\n        return b''",
        mistake="no method",
        says="`read`",
    ),
)
