import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from pushlab.contract.frame_schemas import GAP_FRAME, MESSAGE_FRAME, POSITION_FRAME, bye_frames
from pushlab.contract.frames import encode_bye, encode_frame, encode_gap
from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.reasons import SERVER_RESTART, TOKEN_EXPIRED
from tests.contract.test_frames import cursors, epochs, seqs

REASONS = (TOKEN_EXPIRED, SERVER_RESTART)
SCHEMAS = {
    "message": MESSAGE_FRAME,
    "position": POSITION_FRAME,
    "gap": GAP_FRAME,
    "bye": bye_frames(REASONS),
}


def kinds_of(text):
    return [name for name, schema in SCHEMAS.items() if Draft7Validator(schema).is_valid(text)]


@given(epochs, seqs, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@example("gap", 1, "e-1 e-2")
@example("bye", 0, "token-expired 401")
@example("e", 1, "\n")
def test_a_frame_with_a_cursor_fits_its_own_schema_alone(epoch, seq, data):
    assert kinds_of(encode_frame(epoch, seq, data)) == ["message" if data else "position"]


@given(cursors, cursors)
def test_a_gap_fits_its_own_schema_alone(after, resumed):
    assert kinds_of(encode_gap(after, resumed)) == ["gap"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_goodbye_fits_its_own_schema_alone(reason):
    assert kinds_of(encode_bye(*reason.ending)) == ["bye"]


def test_the_longest_message_fits():
    longest = encode_frame("z" * 16, 10**19 - 1, "x" * MAX_MESSAGE_BYTES)
    assert kinds_of(longest) == ["message"]
    assert kinds_of(longest + "x") == []
