"""How quantities read, and that what is shown can be typed in again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab import quantities as q
from pushlab.errors import UsageError


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (q.number, 0, "0"),
        (q.number, 0.5, "0.50"),
        (q.number, 0.0523, "0.052"),
        (q.number, 0.00523, "0.0052"),
        (q.number, 9.996, "10.0"),
        (q.number, 10.4, "10.4"),
        (q.number, 999.6, "1,000"),
        (q.number, 1037.2, "1,037"),
        (q.number, -1037.2, "-1,037"),
        (q.number, 3e-9, "3e-09"),
        (q.exact, 2, "2"),
        (q.exact, 0.25, "0.25"),
        (q.exact, 1e15, "1,000,000,000,000,000"),
        (q.whole, -0.4, "0"),
        (q.whole, 1036.6, "1,037"),
        (q.brief, 1.5, "1.5"),
        (q.brief, 1234.5, "1,234"),
        (q.duration, 0, "0 s"),
        (q.duration, 0.00000065, "0.65 µs"),
        (q.duration, 0.0009, "900 µs"),
        (q.duration, 0.0016, "1.60 ms"),
        (q.duration, 0.0503, "50.3 ms"),
        (q.duration, 0.503, "503 ms"),
        (q.duration, 0.9996, "1.00 s"),
        (q.duration, 12.34, "12.3 s"),
        (q.duration, -0.002, "-2.00 ms"),
        (q.duration, math.inf, "no end"),
        (q.exact_duration, 0.0005, "500 µs"),
        (q.exact_duration, 0.5, "500 ms"),
        (q.exact_duration, 5.0, "5 s"),
        (q.interval, 0.02, "20 ms"),
        (q.interval, 48, "48 s"),
        (q.interval, 60, "1 min"),
        (q.interval, 90, "90 s"),
        (q.interval, 1224, "20.4 min"),
        (q.interval, 11160, "3.1 h"),
        (q.interval, 1e9, "11,574 d"),
        (q.size, 512, "512 B"),
        (q.size, 45.27, "45.3 B"),
        (q.size, 999.9, "1.00 kB"),
        (q.size, 3.4e9, "3.40 GB"),
        (q.size, 5.423e16, "54.2 PB"),
        (q.memory, 42.1 * 2**20, "42.1 MiB"),
        (q.share, 0.375, "37.5 %"),
        (q.share, 0.00012, "0.012 %"),
        (q.usd, 0.0012, "USD 0.0012"),
        (q.usd, 0.43, "USD 0.43"),
        (q.usd, 17.2, "USD 17.20"),
        (q.usd, 963.12, "USD 963"),
        (q.usd, 1037.4, "USD 1,037"),
        (q.ratio, 0, "none"),
        (q.ratio, 1 / 326, "1/326"),
        (q.ratio, 3.7, "3.70 ×"),
        (q.times, 1.83, "1.8 times"),
        (q.times, 31.4, "31 times"),
        (q.times, 311, "310 times"),
        (q.times, 1412, "1,400 times"),
        (q.message_rate, 2, "2 messages a second"),
        (q.message_rate, 1 / 60, "1 message a minute"),
        (q.message_rate, 1 / 7200, "12 messages a day"),
        (q.message_rate, 1 / 86_400, "1 message a day"),
        (q.message_rate, 0, "0 messages a day"),
    ],
)
def test_shown(show, value, text):
    assert show(value) == text


def test_intervals_say_their_unit_once():
    assert q.span((0.0012, 0.0034), q.duration) == "1.20 to 3.40 ms"
    assert q.span((0.0009, 0.0034), q.duration) == "900 µs to 3.40 ms"
    assert q.span((3, 4), q.number) == "3.00 to 4.00"
    assert q.span((1.0001, 1.0002), q.number) == q.span(None, q.number) == ""


@pytest.mark.parametrize(
    ("text", "per_s"),
    [
        ("2", 2),
        ("2/s", 2),
        ("6/min", 0.1),
        ("3/h", 1 / 1200),
        ("1/10s", 0.1),
        ("1 / 2.5 min", 1 / 150),
        ("1/day", 1 / 86_400),
        ("1,000/s", 1000),
    ],
)
def test_rates(text, per_s):
    assert q.parse_rate_per_s(text) == pytest.approx(per_s)


@pytest.mark.parametrize("text", ["1/", "/s", "1/0s", "1/5", "1/-5s", "2s", "1/s/s", "1e308/1ns"])
def test_what_is_no_rate_is_refused_with_one(text):
    with pytest.raises(UsageError, match="is not a rate such as 2/s, 6/min, 3/h or 1/10s"):
        q.parse_rate_per_s(text)


def test_counted_and_signed():
    assert q.counted(1, "trial") == "1 trial"
    assert q.large(518_400_000) == "518.4 million"
    assert q.large(1_234_567_890, 3) == "1.23 billion"
    assert q.large(999.5) == "999.5"
    assert q.counted(1000, "client") == "1,000 clients"
    assert q.signed(0.0012, q.duration) == "+1.20 ms"
    assert q.signed(-0.0012, q.duration) == "-1.20 ms"
    assert q.signed(0.3, q.whole) == "0"


MEASURED = st.floats(1e-6, 1e12)


@given(MEASURED)
def test_what_is_shown_is_within_half_a_per_cent_and_reads_back(value):
    assert q.parse_number(q.number(value)) == pytest.approx(value, rel=0.06)
    assert float(q.number(value).replace(",", "")) == pytest.approx(
        value, rel=0.0051 if value >= 0.995 else 0.051
    )


@given(st.floats(1e-6, 1e9))
def test_a_duration_and_a_size_read_back(value):
    least = 0.051  # below 1 there are two digits
    assert q.parse_seconds(q.duration(value)) == pytest.approx(value, rel=least)
    assert q.parse_seconds(q.exact_duration(value)) == pytest.approx(value, rel=1e-5)
    assert q.parse_seconds(q.interval(value)) == pytest.approx(value, rel=0.0051)
    assert q.parse_bytes(q.size(value)) == pytest.approx(value, rel=least)
    assert q.parse_bytes(q.memory(math.ceil(value))) == pytest.approx(math.ceil(value), rel=least)
