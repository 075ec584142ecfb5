"""The event-stream parser against a small reading of the standard, at every split of the bytes."""

import contextlib
import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.wire.event_stream import MAX_EVENT_BYTES, EventStream


def by_the_standard(raw: bytes) -> list[tuple[str, str, str]]:
    """WHATWG HTML, section 9.2.6, step by step: what is dispatched as type, data, last event ID."""
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, _ = re.split("\r\n|\n|\r", text)
    events = []
    kind = data = last_id = ""
    for line in lines:
        if line == "":
            if data != "":
                events.append((kind or "message", data.removesuffix("\n"), last_id))
            kind = data = ""
            continue
        if line.startswith(":"):
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
    return events


def read(raw: bytes, *cuts: int) -> list[tuple[str, str, str]]:
    stream, events = EventStream(), []
    for start, stop in pairwise(sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})):
        for block in stream.blocks(raw[start:stop]):
            event = stream.read(block)
            if event.data is not None:
                events.append((event.kind, event.data, event.id))
    return events


PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b":", b" ", b"\xef\xbb\xbf", b"\0"),
        *(b"data: a\n", b"data", b"data:", b"data:b\r", b"data : c\n", b" data: d\n", b"DATA: e\n"),
        *(b"id: 1\n", b"id\n", b"id:\r\n", b"id: 2\0\n", b"id: 3", b"ID: 4\n"),
        *(b"event: x\n", b"event\n", b"event:y\r", b"retry: 1\n", b"other: z\n", b": comment\n"),
        *(b"\xff", b"\xe2\x82", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xc2\x85"),
        "\u2028".encode(),
    ]
)
STREAMS = st.lists(PIECES | st.binary(max_size=4), max_size=25).map(b"".join)


@given(raw=STREAMS, cuts=st.lists(st.integers(1, 120), max_size=6))
def test_it_is_the_standards_reading_wherever_the_bytes_are_cut(raw, cuts):
    assert read(raw, *cuts) == by_the_standard(raw)
    assert read(raw, *range(len(raw))) == by_the_standard(raw)


#: The examples of the standard, and what is hardest to cut.
CASES = [
    b"data: YHOO\ndata: +2\ndata: 10\n\n",
    b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
    b"data\n\ndata\ndata\n\ndata:\n",
    b"data:test\n\ndata: test\n\n",
    b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\r\rid: 7\rdata: c\n\r\ndata: \xe2\x82\xac\xff\n\n",
    b"\xef\xbb\xbf\xef\xbb\xbfdata: two marks\n\ndata: x\n\n",
    b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\nevent: x\n\ndata: d\n\n",
]


@pytest.mark.parametrize("raw", CASES)
def test_the_standards_examples_at_every_split(raw):
    expected = by_the_standard(raw)
    assert len(expected) > 0
    for cut in range(len(raw) + 1):
        assert read(raw, cut) == expected, cut


@pytest.mark.parametrize(
    ("said", "retry_ms"),
    [
        (b"1500", 1_500),
        (b" 1500", 1_500),
        (b"0", 0),
        (b"007", 7),
        (b"59999", 59_999),
        (b"99999", 60_000),
        (b"9" * 30, 60_000),
        (b"9" * 10_000, 60_000),
        (b"1e3", 1),
        (b"+5", 1),
        (b"-5", 1),
        (b"1 ", 1),
        (b"1.5", 1),
        (b"", 1),
        ("\u0661".encode(), 1),  # a digit of Arabic
        ("\u00b2".encode(), 1),
    ],
)
def test_retry_is_digits_and_at_most_a_minute(said, retry_ms):
    stream = EventStream()
    for block in stream.blocks(b"retry:1\n\nretry:" + said + b"\n\n"):
        stream.read(block)
    assert stream.retry_ms == retry_ms


@pytest.mark.parametrize("piece", [b"x" * 16, b": c\n", b"data: x\n", b"x" * 100_000])
def test_an_event_without_an_end_is_given_up_in_bounded_memory_and_time(piece):
    stream, fed = EventStream(), 0
    stream.blocks(b"data: a\n\ndata: ")
    begun = time.process_time()
    with contextlib.suppress(ValueError):
        while fed < 3 * MAX_EVENT_BYTES:
            fed += len(piece)
            stream.blocks(piece)
    assert fed <= MAX_EVENT_BYTES + len(piece)
    assert time.process_time() - begun < 20, "the work grows with the square of the event"


def test_others_fields_and_comments_are_told_and_change_nothing():
    stream = EventStream()
    (block,) = stream.blocks(b": one\n:two\njson: 1\nid: 5\nwhat\n\n")
    event = stream.read(block)
    assert (event.kind, event.data, event.id, event.gives_id) == ("message", None, "5", True)
    assert list(event.comments) == ["one", "two"]
    assert dict(event.others) == {"json": "1", "what": ""}
