from hypothesis import given
from hypothesis import strategies as st

from pushlab.lab.load.imprint import MOST, imprinted, modulus, number_of


@given(st.integers(0, 10**9), st.integers(1, 40))
def test_a_message_begins_with_its_number_and_keeps_its_length(number, size):
    payload = b"x" * size
    made = imprinted(payload, number)
    assert len(made) == size
    assert made[MOST:] == payload[MOST:]
    assert number_of(made.decode()[:MOST]) == number % modulus(size)


def test_other_texts_have_no_number():
    assert number_of("the last") == -1
    assert modulus(1) == 62
