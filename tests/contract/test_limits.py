import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.limits import (
    MAX_CHANNEL_BYTES,
    MAX_CLIENT_ID_BYTES,
    MAX_MESSAGE_BYTES,
    check_channel,
    check_client_id,
    check_duration,
    check_message,
)
from pushlab.errors import (
    InvalidChannel,
    InvalidClientId,
    InvalidDuration,
    InvalidMessage,
    UsageError,
)

CHECKS = [
    pytest.param(check_client_id, MAX_CLIENT_ID_BYTES, InvalidClientId, id="client ID"),
    pytest.param(check_channel, MAX_CHANNEL_BYTES, InvalidChannel, id="channel"),
    pytest.param(check_message, MAX_MESSAGE_BYTES, InvalidMessage, id="message"),
]


def test_the_limits_are_those_of_the_channel_api():
    assert MAX_CLIENT_ID_BYTES == MAX_CHANNEL_BYTES == 256
    assert MAX_MESSAGE_BYTES == 32_767


@pytest.mark.parametrize(("check", "limit", "error"), CHECKS)
@pytest.mark.parametrize("letter", ["a", "é", "漢", "🎓", "\0", "\n"])
def test_the_limit_counts_bytes_of_utf8_and_is_inclusive(check, limit, error, letter):
    width = len(letter.encode())
    fits = letter * (limit // width) + "a" * (limit % width)
    assert len(fits.encode()) == limit
    assert check(fits) == fits
    with pytest.raises(error, match=f"{limit + 1:,} bytes.*limit is {limit:,}"):
        check(fits + "a")


@pytest.mark.parametrize(("check", "limit", "error"), CHECKS)
@pytest.mark.parametrize("wrong", ["", None, 7, b"bytes", ["a"], "\ud800", "a\udfffb"])
def test_what_is_not_text_is_refused_with_its_own_error(check, limit, error, wrong):
    with pytest.raises(error) as caught:
        check(wrong)
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, ValueError)


@given(st.text(min_size=1, max_size=64))
def test_any_characters_make_a_client_id_and_a_channel(text):
    if len(text.encode()) <= 256:
        assert check_client_id(text) == text
        assert check_channel(text) == text
        assert check_message(text) == text


@given(st.integers(1, 1_440))
def test_a_token_lives_from_a_minute_to_a_day(minutes):
    assert check_duration(minutes) == minutes


@given(st.one_of(st.integers(max_value=0), st.integers(min_value=1_441)))
def test_another_life_is_refused(minutes):
    with pytest.raises(InvalidDuration, match="between 1 and 1440"):
        check_duration(minutes)


@pytest.mark.parametrize("wrong", [True, 1.0, "60", None])
def test_a_life_is_a_whole_number(wrong):
    with pytest.raises(InvalidDuration, match="whole number"):
        check_duration(wrong)
