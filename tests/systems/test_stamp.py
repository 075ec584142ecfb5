"""A stamp is found in whatever a server wraps it in, and nothing else is taken for one."""

import html
import json
from random import Random
from urllib.parse import quote_plus

from hypothesis import example, given
from hypothesis import strategies as st

from pushlab.systems.stamp import (
    FILLING,
    STAMP_BYTES,
    beginning,
    make_stamp,
    modulus,
    number_of,
    stamps_in,
)

KEY = 0xC0FFEE
channels = st.integers(0, 36**4 - 1)
numbers = st.integers(1, 36**5 - 1)
keys = st.integers(0, 2**32 - 1)


@given(channels, numbers, keys)
def test_a_stamp_says_what_it_was_made_of(channel, number, key):
    made = make_stamp(channel, number, key)
    assert len(made) == STAMP_BYTES
    assert made.isalnum()
    assert made.isascii()
    assert list(stamps_in(made, key)) == [(channel, number)]


ENVELOPES = {
    "as it is": lambda text: text,
    "a JSON text": json.dumps,
    "a JSON member": lambda text: json.dumps({"data": text, "id": "QZ0123"}),
    "JSON within JSON": lambda text: json.dumps(json.dumps({"d": text})),
    "XML": lambda text: f"<message id='4'>{html.escape(text)}</message>",
    "a URL": lambda text: f"/publish?message={quote_plus(text)}&at=7",
    "an event": lambda text: f"id: 3:0\ndata: {text}\n\n",
    "behind letters": lambda text: f"QZ{text}",
}


@given(
    st.lists(st.tuples(channels, numbers), max_size=5),
    st.sampled_from(sorted(ENVELOPES)),
    st.text(FILLING, max_size=40),
    st.sampled_from(["", ",", "\n", " "]),
)
def test_stamps_are_found_in_what_servers_wrap_them_in(told, envelope, filling, between):
    """Several in one answer, with filling behind each, in their order."""
    texts = [make_stamp(*one, KEY).decode() + filling for one in told]
    wrapped = between.join(ENVELOPES[envelope](text) for text in texts)
    assert list(stamps_in(wrapped.encode(), KEY)) == told


@given(channels, numbers, keys, keys)
@example(0, 1, 1, 2)
def test_a_stamp_of_another_trial_is_not_taken(channel, number, key, other):
    found = list(stamps_in(make_stamp(channel, number, other), key))
    assert found == ([(channel, number)] if other == key else [])


@given(channels, numbers, st.integers(0, STAMP_BYTES - 1), st.sampled_from(FILLING + "0"))
def test_a_stamp_of_which_a_letter_is_another_is_none(channel, number, place, letter):
    made = bytearray(make_stamp(channel, number, KEY))
    if made[place] != ord(letter):
        made[place] = ord(letter)
        assert not stamps_in(bytes(made), KEY)


@given(st.integers(0, 2**64))
def test_filling_makes_no_stamp(seed):
    letters = "".join(Random(seed).choices(FILLING, k=2_000))
    assert not stamps_in(letters.encode(), KEY)


@given(numbers, st.integers(1, 40))
def test_a_message_begins_with_its_number_as_far_as_there_is_room(number, size):
    made = beginning(3, number, KEY, size)
    assert len(made) == min(size, STAMP_BYTES if size >= STAMP_BYTES else 5)
    whole = (made + b"x" * size)[:size].decode()
    found = number_of(whole[:STAMP_BYTES], 3, KEY)
    if size in (1, 2, 3, 4, 5, *range(STAMP_BYTES, 41)):
        assert found == number % modulus(size)
    if size >= STAMP_BYTES:
        assert number_of(whole, 4, KEY) == -1


def test_other_texts_have_no_number():
    assert number_of("the last", 0, KEY) == -1
    assert number_of("x" * STAMP_BYTES, 0, KEY) == -1
    assert modulus(1) == 36
    assert modulus(5) == modulus(1_000) == 36**5
