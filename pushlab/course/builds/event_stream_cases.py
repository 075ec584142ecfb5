"""The hidden tests of chapter 4: bytes in pieces, and the events that they make.

The rules are the standard's (WHATWG HTML, section 9.2.6), one by one; with each are the wrong
events that known mistakes make. Longer than 400 lines: so many rules, and what to say of each.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import eq
from random import Random
from typing import Any

from pushlab.course.builds.cases import Case, Slip, StudentError, Words

__all__ = ["CASES"]

#: Kind, text, and the last id.
Event = tuple[str, str, str]
Wrongs = Mapping[tuple[Event, ...], tuple[str, str]]
_BYTES = (
    "A letter may take several bytes, and a piece may end between them. Keep bytes, and decode a"
    " line when it is whole."
)


def _said(*texts: str, id: str = "") -> tuple[Event, ...]:
    return tuple(("message", text, id) for text in texts)


def _fed(pieces: Sequence[bytes], kind: Callable[[], Any]) -> list[Any]:
    """The events that a new parser makes of the pieces. Raises StudentError."""
    parser, events = kind(), []
    for piece in pieces:
        events += _events(parser.receive(piece))
    return events


def _events(told: Any) -> list[Any]:
    if told is None:
        raise StudentError(
            "returns nothing",
            "`receive` returns None. Let it return a list at every call: `[]` where no event is"
            " complete yet.",
        )
    if isinstance(told, tuple) and len(told) == 3 and all(isinstance(x, str) for x in told):
        raise StudentError(
            "no list",
            f"`receive` returns one event, {told!r}. One piece may complete several, or none:"
            " return a list of them.",
        )
    if not isinstance(told, list | tuple):
        raise StudentError(
            "no list", f"`receive` returns {told!r:.60}. Let it return a list of events."
        )
    for event in told:
        if not isinstance(event, list | tuple) or len(event) != 3:
            raise StudentError(
                "shape", f"An event is `(kind, text, id)`, and yours is {event!r:.60}."
            )
        if any(isinstance(part, bytes | bytearray) for part in event):
            raise StudentError(
                "bytes",
                f"Your event has bytes in it, {event!r:.60}. Give text: a line becomes text with"
                ' `.decode("utf-8", "replace")`.',
            )
    return [tuple(event) for event in told]


def _shown(pieces: Sequence[bytes]) -> str:
    if len(pieces) > 5 and all(len(piece) == 1 for piece in pieces):
        return f"each byte of {b''.join(pieces)!r}, one by one"
    return "\n".join(f"receive({piece!r})" for piece in pieces)


def _case(
    name: str,
    pieces: Sequence[bytes],
    events: tuple[Event, ...],
    wrongs: Wrongs | None = None,
    otherwise: str = "",
) -> Case:
    """One hidden test: the pieces, what they make, and what known mistakes make of them."""
    slips = [
        Slip(slip, partial(eq, list(made)), reply) for made, (slip, reply) in (wrongs or {}).items()
    ]
    slips.append(Slip("decodes pieces", lambda came: any("\ufffd" in e[1] for e in came), _BYTES))
    return Case(
        name=name,
        given=_shown(pieces),
        tries=partial(_fed, pieces),
        expected=list(events),
        slips=slips,
        raises={UnicodeDecodeError: _BYTES},
        otherwise=otherwise,
    )


def _bytes_of(text: str | bytes) -> list[bytes]:
    raw = text.encode() if isinstance(text, str) else text
    return [raw[at : at + 1] for at in range(len(raw))]


def _two_at_once(kind: Callable[[], Any]) -> dict[str, list[Any]]:
    first, second = kind(), kind()
    made: dict[str, list[Any]] = {"first": [], "second": []}
    for piece in (b"data: ", b"one\n", b"id: 1\n", b"\n"):
        made["first"] += _events(first.receive(piece))
        made["second"] += _events(second.receive(piece.replace(b"one", b"two").replace(b"1", b"2")))
    return made


CASES: tuple[Case, ...] = (
    _case(
        "One event in one piece",
        [b"data: hello\n\n"],
        _said("hello"),
        {
            (): (
                "no event",
                "A blank line, which is two line ends in a row, says that the event is complete."
                " Give it then.",
            ),
            _said(" hello"): (
                "keeps the space",
                "The one space behind the colon belongs to the format and not to the text.",
            ),
            _said("hello\n"): ("keeps the line end", "The line end belongs to the format."),
            (("", "hello", ""),): (
                "no kind",
                "An event that does not say its kind is a `message`.",
            ),
            (("data", "hello", ""),): (
                "field as kind",
                "`data` is the name of the field. The kind of event is what an `event:` line"
                " says, and `message` where there is none.",
            ),
        },
    ),
    _case(
        "The same event, byte by byte",
        _bytes_of("data: hello\n\n"),
        _said("hello"),
        {
            (): (
                "forgets the pieces",
                "Each call brings only a piece. What is no whole line yet, and no whole event yet,"
                " must be kept in `self` until the next call.",
            ),
        },
    ),
    _case(
        "Two events in one piece",
        [b"data: one\n\ndata: two\n\n"],
        _said("one", "two"),
        {
            _said("one"): (
                "stops at the first",
                "One piece may bring several events. Give all of them, and go on behind the first.",
            ),
            _said("two"): (
                "keeps the last",
                "One piece may bring several events. Collect them in a list.",
            ),
            _said("one", "one\ntwo"): (
                "lines stay",
                "The second event still has the first one's line. When an event is complete, begin"
                " the next one without lines.",
            ),
            _said("one", "onetwo"): (
                "lines stay",
                "The second event still has the first one's text. When an event is complete, begin"
                " the next one empty.",
            ),
        },
    ),
    _case(
        "Two data lines are one text",
        [b"data: one\ndata: two\n\n"],
        _said("one\ntwo"),
        {
            _said("two"): (
                "overwrites",
                "The second `data:` line has wiped out the first. Both belong to one text.",
            ),
            _said("one"): ("only the first line", "Both `data:` lines belong to one text."),
            _said("onetwo"): (
                "no line break",
                "Between the two lines of the text there is a line break.",
            ),
            _said("one two"): ("space between", "Between the two lines there is a line break."),
            _said("one\ntwo\n"): (
                "line break at the end",
                'There is a line break between two lines, and none behind the last: `"\\n".join`.',
            ),
            _said("one", "two"): (
                "an event for each line",
                "An event ends with a blank line, not with each line.",
            ),
        },
    ),
    _case(
        "A text that begins with spaces",
        [b"data:  two spaces \n\ndata:none\n\n"],
        _said(" two spaces ", "none"),
        {
            _said("two spaces", "none"): (
                "strips",
                "The text itself may begin or end with spaces. Take away one space behind the"
                " colon, and no other: not `.strip()`.",
            ),
            _said("two spaces ", "none"): (
                "strips",
                "The text itself may begin with spaces. Take away one, and no other.",
            ),
            _said(" two spaces ", "one"): (
                "cuts six",
                "There may be no space behind the colon. Look before you take it away.",
            ),
            _said("  two spaces ", "none"): (
                "keeps the space",
                "One space behind the colon belongs to the format.",
            ),
            _said(" two spaces "): (
                "needs the space",
                "There may be no space behind the colon. Cut the line at the colon alone.",
            ),
        },
    ),
    _case(
        "A text with colons",
        [b"data: at 12:30: goal\n\n"],
        _said("at 12:30: goal"),
        {
            _said("at 12"): (
                "cuts at every colon",
                "The text has colons of its own. Cut the line at the first one only:"
                ' `line.partition(":")`.',
            ),
            _said("30: goal"): ("cuts at the last colon", "Cut at the first colon of the line."),
            _said("goal"): ("cuts at the last colon", "Cut at the first colon of the line."),
        },
    ),
    _case(
        "A comment is no event",
        [b": keep-alive 15\n\ndata: x\n\n:\n\n"],
        _said("x"),
        {
            _said("", "x", ""): (
                "empty events",
                "A blank line without any `data` line before it completes nothing. A line that"
                " begins with a colon is a comment: pass over it.",
            ),
            _said("keep-alive 15", "x", ""): (
                "comment as data",
                "A line that begins with a colon is a comment: pass over it.",
            ),
        },
        "A line that begins with a colon is a comment: pass over it.",
    ),
    _case(
        "Fields that nobody knows",
        [b"retry: 1743\ncolour: red\ndata: x\ndatabase: y\n\n"],
        _said("x"),
        {
            _said("x\ny"): (
                "prefix",
                "`database` begins like `data` and is another field. Compare the whole name.",
            ),
            _said("x\nase: y"): (
                "prefix",
                "`database` begins like `data` and is another field. Compare the whole name.",
            ),
            _said("y"): ("any field is data", "Only a field `data` has text. Pass over others."),
        },
        "Of `data`, `id` and `event` take the value; pass over every other field.",
    ),
    _case(
        "The kind of an event",
        [b"event: goal\ndata: 1:0\n\ndata: go on\n\n"],
        (("goal", "1:0", ""), ("message", "go on", "")),
        {
            _said("1:0", "go on"): (
                "no kinds",
                "A line `event: goal` names the kind of this event.",
            ),
            (("goal", "1:0", ""), ("goal", "go on", "")): (
                "kind stays",
                "The kind is said for one event. The next one is a `message` again.",
            ),
        },
    ),
    _case(
        "The id stays until another comes",
        [b"id: 7\ndata: a\n\ndata: b\n\ndata: c\nid: 8\n\n"],
        (("message", "a", "7"), ("message", "b", "7"), ("message", "c", "8")),
        {
            (("message", "a", "7"), ("message", "b", ""), ("message", "c", "8")): (
                "id forgotten",
                "The id is where the reader stands. An event without an id changes nothing: it is"
                " still the last one.",
            ),
            (("message", "a", ""), ("message", "b", "7"), ("message", "c", "7")): (
                "id too late",
                "An id counts for the event in which it stands, wherever in it that is. Make the"
                " event at the blank line.",
            ),
            (("message", "a", "7"), ("message", "b", "7"), ("message", "c", "7")): (
                "id too late",
                "An id counts for the event in which it stands, even behind `data`. Make the event"
                " at the blank line.",
            ),
            _said("a", "b", "c"): ("no ids", "A line `id: 7` says where the reader stands now."),
        },
    ),
    Case(
        name="Two streams at once",
        given='two parsers in turn: "data: one", "id: 1" to the first, "data: two", "id: 2" to the'
        " second",
        tries=_two_at_once,
        expected={"first": [("message", "one", "1")], "second": [("message", "two", "2")]},
        slips=(
            Slip(
                "shared",
                lambda came: "two" in str(came["first"]) or "one" in str(came["second"]),
                "Your two parsers write into one and the same list or variable. What belongs to one"
                " of them is made in `__init__`, as `self.name = ...`, and not beside the methods.",
            ),
        ),
        otherwise="Each parser reads a stream of its own, and keeps what it needs in `self`.",
    ),
    _case(
        "An id without data",
        [b"id: 7\n\nevent: gap\n\ndata: x\n\n"],
        _said("x", id="7"),
        {
            (("message", "", "7"), ("gap", "", "7"), ("message", "x", "7")): (
                "empty events",
                "A blank line without any `data` line before it completes nothing.",
            ),
            (("gap", "x", "7"),): (
                "kind stays",
                "The blank line ends even an event that nobody is told of. Its kind is over.",
            ),
            _said("x"): (
                "id forgotten",
                "Nobody is told of an event without data, but its id counts: it says where the"
                " reader stands.",
            ),
        },
    ),
    _case(
        "A letter that is cut in two",
        [b"data: caf\xc3", b"\xa9 \xf0\x9f", b"\x98\x80\n\n"],
        _said("café 😀"),
        otherwise=_BYTES,
    ),
    _case(
        "Lines that end with CR LF",
        [b"data: a\r\ndata: b\r\n\r\n"],
        _said("a\nb"),
        {
            (): (
                "only LF",
                'Lines may end with `"\\r\\n"`, too. A blank line is then not quite empty.',
            ),
            _said("a\r\nb\r"): ("CR stays", 'The `"\\r"` belongs to the line end.'),
            _said("a\r\nb"): ("CR stays", 'The `"\\r"` belongs to the line end.'),
            _said("a", "b"): (
                "two line ends",
                '`"\\r\\n"` is one line end. It must not count as two, for two are a blank line.',
            ),
        },
    ),
    _case(
        "CR LF that is cut in two",
        [b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"],
        _said("a\nb"),
        {
            _said("a", "b"): (
                "two line ends",
                "A piece ended with CR, and the next began with LF. Together they are one line end:"
                " remember what the last byte was.",
            ),
        },
        "A piece ended with CR, and the next began with LF. Together they are one line end:"
        " remember what the last byte was.",
    ),
    _case(
        "Lines that end with CR alone",
        [b"data: a\rdata: b\r\rdata: c\r\r: end\r"],
        _said("a\nb", "c"),
        {
            (): ("no CR", "Old machines end a line with CR alone, and the standard allows it."),
            _said("a\rdata: b\r\rdata: c\r\r: end\r"): (
                "no CR",
                "Old machines end a line with CR alone, and the standard allows it.",
            ),
        },
        "Old machines end a line with CR alone, and the standard allows it.",
    ),
    _case(
        "A text that is empty",
        [b"data:\n\ndata: \ndata: \n\n"],
        _said("", "\n"),
        {
            _said("\n"): (
                "empty text",
                "A text may be empty, and is a message still. Ask whether there was a `data` line,"
                " not whether its text is empty.",
            ),
            (): (
                "empty text",
                "A text may be empty, and is a message still. Ask whether there was a `data` line,"
                " not whether its text is empty.",
            ),
        },
    ),
    _case(
        "A field without a colon",
        [b"data\n\ndata\ndata\n\nid: 7\nid\ndata: x\n\n"],
        (("message", "", ""), ("message", "\n", ""), ("message", "x", "")),
        {
            _said("x"): (
                "needs a colon",
                "A line without a colon is a field whose value is empty: `data` is a line of text"
                " that is empty.",
            ),
            _said("x", id="7"): (
                "needs a colon",
                "A line without a colon is a field whose value is empty: `data` is a line of text"
                " that is empty.",
            ),
            (("message", "", ""), ("message", "\n", ""), ("message", "x", "7")): (
                "empty id",
                "An `id` without a value wipes out the id.",
            ),
        },
        "A line without a colon is a field whose value is empty.",
    ),
    _case(
        "The mark that some files begin with",
        [b"\xef\xbb", b"\xbfdata: x\n\n"],
        _said("x"),
        {
            (): (
                "byte order mark",
                "A stream may begin with the three bytes EF BB BF, the byte order mark; decoded,"
                ' they are `"\\ufeff"`. Pass over it, there and nowhere else.',
            ),
        },
    ),
    _case(
        "The same mark further on",
        [b"data: x\n\xef\xbb\xbfdata: y\n\n"],
        _said("x"),
        {
            _said("x\ny"): (
                "byte order mark anywhere",
                "The byte order mark is passed over at the beginning of the stream alone. Further"
                " on it is a letter like any other: that line's field is another one than `data`.",
            ),
        },
    ),
    _case(
        "An event that has not ended",
        [b"data: x\n\ndata: y\n"],
        _said("x"),
        {
            _said("x", "y"): (
                "too early",
                "There was no blank line behind `data: y`: more of that event may come.",
            ),
        },
    ),
)


#: The examples of the standard, as it prints them.
_EXAMPLE = (
    b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
)
#: What pushlab's server says to a browser that comes back.
_SERVER = (
    "retry: 1743\nid: 4f1c-17\n: keep-alive 15\n\nevent: at\ndata: 4f1c-17\n\ndata: Grüße 😀\n"
    "id: 4f1c-18\n\n: keep-alive\n\ndata: 2:1\r\ndata: goal!\r\nid: 4f1c-19\r\n\r\n"
).encode()
_SERVER_EVENTS: tuple[Event, ...] = (
    ("at", "4f1c-17", "4f1c-17"),
    ("message", "Grüße 😀", "4f1c-18"),
    ("message", "2:1\ngoal!", "4f1c-19"),
)
_CUTS = 40


def _any_cuts(kind: Callable[[], Any]) -> str:
    """The first way to cut the server's bytes that makes other events; empty if none does."""
    rng, size = Random(4), len(_SERVER)
    for _ in range(_CUTS):
        at = [0, *sorted(rng.sample(range(1, size), rng.randint(1, 4))), size]
        pieces = [_SERVER[one:other] for one, other in itertools.pairwise(at)]
        made = _fed(pieces, kind)
        if made != list(_SERVER_EVENTS):
            return f"{_shown(pieces)}\nmade {made}"
    return ""


CASES += (
    _case(
        "An example of the standard",
        [_EXAMPLE],
        (("message", "first event", "1"), *_said("second event", " third event")),
        {},
        "Each of its rules has been tried alone before; here several come together.",
    ),
    Case(
        name="Bytes of pushlab's own server, cut anywhere",
        given=f"{len(_SERVER)} bytes, cut in {_CUTS} ways",
        tries=_any_cuts,
        expected=Words("the same three events each time"),
        same=lambda came, _: not came,
        shows=Words,
        otherwise="In one piece these bytes make the right events. Which of your variables does not"
        " outlive a call of `receive`?",
    ),
)
