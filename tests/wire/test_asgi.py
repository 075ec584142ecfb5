"""Reading a request, and refusing one."""

import pytest

from pushlab.contract.operation import Parameter
from pushlab.errors import Refused
from pushlab.wire.asgi import number_parameter, parameters, refusal_headers

ONE_TO_TEN = Parameter("n", {"type": "number", "minimum": 1, "maximum": 10}, "A number.")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", {}),
        (b"a=1&a=2&b=", {"a": "2", "b": ""}),
        (b"a=%C3%A9+x&%20=y", {"a": "é x", " ": "y"}),
        (b"&&=&a", {"": "", "a": ""}),
    ],
)
def test_parameters(query, expected):
    assert parameters({"query_string": query}) == expected


@pytest.mark.parametrize("text", ["0.9", "10.1", "x", "", "nan", "inf", "-inf"])
def test_a_number_out_of_bounds_is_refused(text):
    with pytest.raises(Refused, match="n must be a number from 1 to 10") as caught:
        number_parameter({"n": text}, ONE_TO_TEN)
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ["1", "10", "1e0", " 5 "])
def test_a_number_within_bounds(text):
    assert number_parameter({"n": text}, ONE_TO_TEN) == float(text)


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_turned_away_for_now_is_told_when_to_come_back_and_not_all_the_same(status):
    refusal = Refused(status, "too-many-channels", "for now")
    told = {dict(refusal_headers(refusal))[b"retry-after"] for _ in range(200)}
    assert told == {b"1", b"2", b"3", b"4", b"5"}


def test_a_restart_takes_no_time_that_is_known():
    assert refusal_headers(Refused(503, "server-restart", "")) == ()
