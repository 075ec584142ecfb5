import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pushlab.contract.cursor import Cursor
from pushlab.contract.frames import (
    Bye,
    Position,
    decode_frame,
    encode_bye,
    encode_frame,
    encode_gap,
)
from pushlab.errors import InvalidCursor

epochs = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=16)
seqs = st.integers(0, 10**18)
cursors = st.builds(Cursor, epochs, seqs)


@given(epochs, seqs, st.text(min_size=1))
@example("gap", 1, "a-1 b-2")
@example("bye", 1, "token-expired 401")
@example("a", 1, " leading and trailing ")
@example("a", 1, "\n")
@example("a", 1, "\0")
@example("a", 1, " ")
def test_any_text_survives_its_frame(epoch, seq, data):
    assert decode_frame(encode_frame(epoch, seq, data)) == (epoch, seq, data)


@given(cursors)
def test_a_frame_without_data_is_a_position(cursor):
    assert decode_frame(encode_frame(cursor.epoch, cursor.seq, "")) == Position(cursor)


@given(cursors, cursors)
def test_a_gap_survives_its_frame(after, resumed):
    assert decode_frame(encode_gap(after, resumed)) == Position(resumed, after)


@given(st.from_regex(r"[a-z]+(-[a-z]+)*", fullmatch=True), st.integers(400, 599))
def test_a_goodbye_survives_its_frame(reason, status):
    assert decode_frame(encode_bye(reason, status)) == Bye(reason, status)


@pytest.mark.parametrize(
    "wrong",
    ["", " ", "a", "a-", "-1", "a-1 ", "gap", "gap a-1", "gap a-1 b", "bye", "hello world",
     "a-x data", "a-١ data", "a--1 data", "a-" + "9" * 5_000 + " data"],
)  # fmt: skip
def test_what_is_no_frame_is_refused(wrong):
    with pytest.raises(InvalidCursor):
        decode_frame(wrong)


@given(st.one_of(st.text(), st.text("gapbye019- ", max_size=30)))
@example("bye x " + "9" * 5_000)
@example("bye x ٤٠١")
def test_no_text_breaks_the_reader(text):
    try:
        frame = decode_frame(text)
    except InvalidCursor:
        return
    assert isinstance(frame, tuple | Position | Bye)
