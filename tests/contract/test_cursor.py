import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pushlab.contract.cursor import Cursor
from pushlab.errors import InvalidCursor

epochs = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=16)
seqs = st.integers(0, 10**18)


@given(epochs, seqs)
def test_a_cursor_survives_its_text(epoch, seq):
    cursor = Cursor(epoch, seq)
    assert Cursor.parse(str(cursor)) == cursor


@given(epochs, seqs)
def test_a_cursor_needs_no_escaping_in_a_url_or_a_header(epoch, seq):
    assert set(str(Cursor(epoch, seq))) <= set("0123456789abcdefghijklmnopqrstuvwxyz-")


@pytest.mark.parametrize(
    "wrong",
    [
        "", "-", "17", "4f1c9a02", "4f1c9a02-", "-17", "4f1c9a02-017", "4f1c9a02--1",
        "4f1c9a02-1.5", "4F1C9A02-17", "4f1c9a02-17 ", " 4f1c9a02-17", "4f1c9a02-17\n",
        "4f1c9a02-١٧", "é-1", "a b-1", "a-1-2", "0123456789abcdef0-1", "a-" + "9" * 20,
    ],
)  # fmt: skip
def test_what_no_server_gave_out_is_refused_and_the_error_shows_the_form(wrong):
    with pytest.raises(InvalidCursor, match="such as"):
        Cursor.parse(wrong)


def test_a_long_wrong_cursor_is_shown_short():
    with pytest.raises(InvalidCursor) as caught:
        Cursor.parse("x" * 10_000)
    assert len(str(caught.value)) < 200


@given(st.text())
@example("a-0\x00")
def test_any_text_is_a_cursor_or_refused(text):
    try:
        cursor = Cursor.parse(text)
    except InvalidCursor:
        return
    assert str(cursor) == text
