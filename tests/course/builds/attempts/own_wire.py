"""Wires that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.own_wire import BUILDS

_CODE = BUILDS[0].code
_LINES = """
class Wire:
    def __init__(self):
        self.rest, self.last = b"", 0

    def pack(self, number, text):
        return f"{number}:{text}\\n".encode()

    def feed(self, data):
        self.rest += data
        *whole, self.rest = self.rest.split(b"\\n")
        found = []
        for line in whole:
            number, _, text = line.decode().partition(":")
            found.append((int(number), text))
        return found
"""

ATTEMPTS = (
    Attempt(
        name="takes each piece for a message",
        code=but(
            _LINES,
            ("self.rest += data", "self.rest = b''"),
            ("*whole, self.rest = self.rest.split", "whole = data.split"),
            ("found.append((int(number), text))", "found += [(int(number), text)] if text else []"),
        ),
        mistake="a piece for a message",
        says="it may cut them anywhere",
    ),
    Attempt(
        name="only the first message of a piece",
        code=but(_CODE, ("while b", "if b"), ("break", "return found")),
        mistake="only the first",
        says="several messages",
    ),
    Attempt(
        name="bytes for a text",
        code=but(_CODE, (".decode()", "")),
        mistake="bytes for a text",
        says="`data.decode()`",
    ),
    Attempt(
        name="the text alone",
        code=but(_CODE, ("(number, rest[:size].decode())", "rest[:size].decode()")),
        mistake="the text alone",
        says="give pairs",
    ),
    Attempt(
        name="a text for a number",
        code=but(_LINES, ("int(number)", "number")),
        mistake="a text for a number",
        says="`int(...)`",
    ),
    Attempt(
        name="does not drop what comes twice",
        code=but(_CODE, ("number > self.last", "True")),
        mistake="twice",
        says="drops what has a number",
    ),
    Attempt(
        name="counts letters",
        code=but(_CODE, ("len(body)", "len(text)")),
        mistake="raises",
        says="more bytes than letters",
    ),
    Attempt(
        name="packs a text",
        code=but(_CODE, ('\\n".encode() + body', '\\n" + text')),
        mistake="no bytes",
        says="makes bytes of a text",
    ),
    Attempt(
        name="returns nothing",
        code=but(_CODE, ("        return found\n", "")),
        mistake="no list",
        says="returns NoneType",
    ),
    Attempt(
        name="broken: a line end in the text",
        code=_LINES,
        mistake="raises",
        says="may hold your own mark",
    ),
    Attempt(
        name="goes round",
        code=but(_CODE, ("            self.rest = rest[size:]\n", "")),
        mistake="endless loop",
        says="was stopped",
    ),
)
