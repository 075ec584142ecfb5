"""Parsers of server-sent events that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.event_stream import BUILDS

_CODE = BUILDS[0].code

#: Keeps text and splits it at line feeds: the usual first attempt, which is nearly right.
_SPLITS = """
class EventStream:
    def __init__(self):
        self.waiting, self.kind, self.lines, self.id = b"", "message", [], ""

    def receive(self, piece):
        events = []
        self.waiting += piece
        while b"\\n" in self.waiting:
            line, self.waiting = self.waiting.split(b"\\n", 1)
            text = line.decode()
            if not text:
                if self.lines:
                    events.append((self.kind, "\\n".join(self.lines), self.id))
                self.kind, self.lines = "message", []
            field, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                self.lines.append(value)
            elif field == "id":
                self.id = value
            elif field == "event":
                self.kind = value
        return events
"""

#: Takes each piece for whole events.
_WHOLE = """
class EventStream:
    def __init__(self):
        self.id = ""

    def receive(self, piece):
        events = []
        for block in piece.decode().split("\\n\\n")[:-1]:
            text = "\\n".join(line[6:] for line in block.split("\\n") if line.startswith("data: "))
            events.append(("message", text, self.id))
        return events
"""

ATTEMPTS = (
    Attempt(
        name="takes each piece for whole events",
        code=_WHOLE,
        mistake="forgets the pieces",
        says="must be kept in `self`",
    ),
    Attempt(
        name="gives nothing at the blank line",
        code=but(_CODE, ('if text == "":', 'if text == "END":')),
        mistake="no event",
        says="A blank line",
    ),
    Attempt(
        name="prints instead of returning",
        code=but(_CODE, ("return events", "print(events)")),
        mistake="returns nothing",
        says="`receive` returns None",
    ),
    Attempt(
        name="returns one event",
        code=but(_CODE, ("return events", "return events[0] if events else []")),
        mistake="no list",
        says="return a list of them",
    ),
    Attempt(
        name="gives the text alone",
        code=but(_CODE, ("append((kind, text, self.id))", "append(text)")),
        mistake="shape",
        says="`(kind, text, id)`",
    ),
    Attempt(
        name="does not empty the lines",
        code=but(_CODE, ('self.kind, self.lines = "", []', 'self.kind = ""')),
        mistake="lines stay",
        says="begin the next one",
    ),
    Attempt(
        name="keeps the last data line",
        code=but(_CODE, ("self.lines.append(value)", "self.lines = [value]")),
        mistake="overwrites",
        says="Both belong to one text",
    ),
    Attempt(
        name="joins without a line break",
        code=but(_CODE, ('"\\n".join', '"".join')),
        mistake="no line break",
        says="there is a line break",
    ),
    Attempt(
        name="strips all spaces",
        code=but(_CODE, ('value.removeprefix(" ")', "value.strip()")),
        mistake="strips",
        says="not `.strip()`",
    ),
    Attempt(
        name="keeps the space",
        code=but(_CODE, ('value.removeprefix(" ")', "value")),
        mistake="keeps the space",
        says="belongs to the format",
    ),
    Attempt(
        name="cuts at every colon",
        code=but(
            _CODE, ('text.partition(":")', 'text.split(":")[0], 0, (text + ":").split(":")[1]')
        ),
        mistake="cuts at every colon",
        says="at the first one only",
    ),
    Attempt(
        name="tells of every blank line",
        code=but(_CODE, ("if self.lines:", "if True:")),
        mistake="empty events",
        says="completes nothing",
    ),
    Attempt(
        name="takes what begins with data for data",
        code=but(_CODE, ('field == "data"', 'field.startswith("data")')),
        mistake="prefix",
        says="Compare the whole name",
    ),
    Attempt(
        name="the kind stays",
        code=but(_CODE, ('self.kind, self.lines = "", []', "self.lines = []")),
        mistake="kind stays",
        says="a `message` again",
    ),
    Attempt(
        name="forgets the id",
        code=but(
            _CODE, ('self.kind, self.lines = "", []', 'self.kind, self.lines, self.id = "", [], ""')
        ),
        mistake="id forgotten",
        says="it is still the last one",
    ),
    Attempt(
        name="decodes the pieces",
        code=but(
            _CODE,
            ("bytearray()", '""'),
            ("for byte in piece:", 'for byte in map(ord, piece.decode("utf-8", "replace")):'),
            ('self.waiting.decode("utf-8", "replace")', "self.waiting"),
            ("self.waiting = bytearray()", 'self.waiting = ""'),
            ("self.waiting.append(byte)", "self.waiting += chr(byte)"),
        ),
        mistake="decodes pieces",
        says="decode a line when it is whole",
    ),
    Attempt(
        name="decodes the pieces strictly",
        code=but(
            _SPLITS,
            ('b""', '""'),
            ("+= piece", "+= piece.decode()"),
            ('while b"', 'while "'),
            ('split(b"', 'split("'),
            ("line.decode()", "line"),
        ),
        mistake="raises",
        says="A letter may take several bytes",
    ),
    Attempt(
        name="knows LF alone",
        code=_SPLITS,
        mistake="only LF",
        says="Lines may end with",
    ),
    Attempt(
        name="CR LF, but not when it is cut",
        code=but(
            _SPLITS, ("+= piece", '+= piece.replace(b"\\r\\n", b"\\n").replace(b"\\r", b"\\n")')
        ),
        mistake="two line ends",
        says="remember what the last byte was",
    ),
    Attempt(
        name="waits for the LF behind a CR",
        code=but(
            _SPLITS,
            (
                'while b"\\n" in',
                'self.waiting = self.waiting.replace(b"\\r\\n", b"\\n")\n        while b"\\n" in',
            ),
        ),
        mistake="no CR",
        says="CR alone",
    ),
    Attempt(
        name="an empty text is none",
        code=but(_CODE, ("if self.lines:", 'if "".join(self.lines):')),
        mistake="empty text",
        says="A text may be empty",
    ),
    Attempt(
        name="needs a colon",
        code=but(
            _CODE,
            ('if field == "data"', 'if not colon:\n            return\n        if field == "data"'),
        ),
        mistake="needs a colon",
        says="whose value is empty",
    ),
    Attempt(
        name="does not know the byte order mark",
        code=but(_CODE, ('text.removeprefix("\\ufeff")', "text")),
        mistake="byte order mark",
        says="EF BB BF",
    ),
    Attempt(
        name="passes over every byte order mark",
        code=but(
            _CODE, ('text.removeprefix("\\ufeff"), True', 'text.removeprefix("\\ufeff"), False')
        ),
        mistake="byte order mark anywhere",
        says="at the beginning of the stream alone",
    ),
    Attempt(
        name="does not wait for the blank line",
        code=but(
            _CODE,
            (
                '        if field == "data":\n            self.lines.append(value)',
                '        if field == "data":\n'
                '            events.append(("message", value, self.id))',
            ),
        ),
        mistake="an event for each line",
        says="not with each line",
    ),
    Attempt(
        name="all parsers share one list",
        code=but(
            _CODE,
            ("    def __init__(self):\n", "    lines = []\n\n    def __init__(self):\n"),
            ('self.kind, self.lines, self.id = "", [], ""', 'self.kind, self.id = "", ""'),
            ('self.kind, self.lines = "", []', 'self.kind = self.lines.clear() or ""'),
        ),
        mistake="shared",
        says="made in `__init__`",
    ),
    Attempt(
        name="a loop that never ends",
        code=but(
            _SPLITS, ('split(b"\\n", 1)', 'split(b"\\n", 1)\n            self.waiting += b"\\n"')
        ),
        mistake="endless loop",
        says="of your cell",
    ),
    Attempt(
        name="a method is missing",
        code=but(_SPLITS, ("def receive", "def feed")),
        mistake="no method",
        says="`receive`",
    ),
    Attempt(
        name="broken: compares bytes with text",
        code=but(_SPLITS, ('while b"\\n" in', 'while "\\n" in')),
        mistake="raises",
        says="TypeError",
    ),
)
