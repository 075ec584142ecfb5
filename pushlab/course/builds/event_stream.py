"""Chapter 4's build: a parser of server-sent events that is fed in pieces."""

from pushlab.course.builds.base import Build
from pushlab.course.builds.event_stream_cases import CASES

__all__ = ["BUILDS"]

_SKELETON = """
class EventStream:
    def __init__(self):
        self.waiting = b""  # bytes of a line that has not ended

    def receive(self, piece):
        events = []
        ...  # your lines
        return events
"""

_GAPS = """
class EventStream:
    def __init__(self):
        self.waiting, self.after_cr, self.begun = bytearray(), False, False
        self.kind, self.lines, self.id = "", [], ""

    def receive(self, piece):
        events = []
        for byte in piece:
            if byte == 10 and self.after_cr:  # the LF of a CR LF
                ...
            elif byte in (10, 13):
                self.after_cr = ...
                self.line(self.waiting.decode("utf-8", "replace"), events)
                self.waiting = ...
            else:
                ...
        return events

    def line(self, text, events):
        if not self.begun:
            text, self.begun = text.removeprefix("\\ufeff"), True
        if text == "":
            if self.lines:
                events.append(...)
            self.kind, self.lines = ..., ...  # the id stays
        field, colon, value = text.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            ...
        elif field == "id":
            ...
        elif field == "event":
            ...
"""

_CODE = """
class EventStream:
    def __init__(self):
        self.waiting, self.after_cr, self.begun = bytearray(), False, False
        self.kind, self.lines, self.id = "", [], ""

    def receive(self, piece):
        events = []
        for byte in piece:
            if byte == 10 and self.after_cr:  # the LF of a CR LF
                self.after_cr = False
            elif byte in (10, 13):
                self.after_cr = byte == 13
                self.line(self.waiting.decode("utf-8", "replace"), events)
                self.waiting = bytearray()
            else:
                self.after_cr = False
                self.waiting.append(byte)
        return events

    def line(self, text, events):
        if not self.begun:
            text, self.begun = text.removeprefix("\\ufeff"), True
        if text == "":
            if self.lines:
                kind, text = self.kind or "message", "\\n".join(self.lines)
                events.append((kind, text, self.id))
            self.kind, self.lines = "", []  # the id stays
        field, colon, value = text.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self.lines.append(value)
        elif field == "id":
            self.id = value
        elif field == "event":
            self.kind = value
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="EventStream",
        question=(
            "Build it: what a browser does with the bytes of an SSE line. `receive(piece)` is"
            " called with the next bytes, as many as have just arrived: half a line, one byte, ten"
            " events. It returns a list of the events that are complete now, each as"
            " `(kind, text, id)`, and keeps the rest for the next call.\n\n"
            "A line ends with LF, CR LF or CR alone. A blank line ends the event; without any"
            " `data` line nobody is told of it.\n\n"
            "In a line `field: value` the one space behind the colon does not count. There may be"
            " none, and without a colon the value is empty.\n\n"
            "`data` is a line of the text; several are joined by a line break. `event` names the"
            " kind, for this event only; else it is `message`. `id` says where the reader stands,"
            " until another id comes.\n\n"
            "A line that begins with a colon is a comment. Pass over it, and over all other"
            " fields. All is UTF-8, and may begin with a byte order mark (`\\ufeff`), which does"
            " not count."
        ),
        skeleton=_SKELETON,
        hints=(
            "Begin with `self.waiting += piece`. As long as there is a line end in it, cut the line"
            " off and look at it; what is left over waits for the next call.",
            "Keep three things in `self` for the event that is coming: its kind, a list of its data"
            " lines, and the id. At a blank line make the event, then empty the kind and the list,"
            " but not the id.",
            "CR LF is the hard part. Go through the piece byte by byte, and remember whether the"
            " last byte was a CR (13): the LF (10) that follows it ends no line of its own.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=CASES,
        why=(
            "A network gives bytes in pieces of any size, and never asks where your lines end. So a"
            " parser keeps what is not complete, in bytes until the line is whole, and it gives the"
            " same events however the bytes are cut. This one could read any SSE server. (It leaves"
            " `retry:` out, and does not refuse an id with a zero byte in it, as browsers do.)"
        ),
    ),
)
