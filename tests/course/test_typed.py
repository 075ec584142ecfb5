"""Numbers as people type them: read, or asked back; never guessed, never a crash."""

import contextlib
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.course.typed import Reading, Unclear, in_words, read, untouched


@pytest.mark.parametrize(
    ("typed", "unit", "value"),
    [
        (0.5, "s", 0.5),
        ("0.5", "s", 0.5),
        ("0,5", "s", 0.5),
        ((0, 5), "s", 0.5),  # what Python makes of 0,5
        ((2, 25), "s", 2.25),
        ((-1, 5), "s", -1.5),
        ((2,), "s", 2),
        (".5", "s", 0.5),
        ("500 ms", "s", 0.5),
        ("500ms", "s", 0.5),
        ("500 milliseconds", "s", 0.5),
        ("500 000 µs", "s", 0.5),
        ("2s", "s", 2),
        ("2 sec.", "s", 2),
        ("about 2 seconds", "s", 2),
        ("~2 s", "s", 2),
        ("4 min 19 s", "s", 259),
        ("1 hour and 5 minutes", "s", 3900),
        ("0,500", "s", 0.5),
        ("-1", "s", -1),
        ("−1", "s", -1),
        ("٢", "s", 2),
        ("82%", "%", 82),
        ("82 percent", "%", 82),
        ("82 per cent", "%", 82),
        ("81,9 %", "%", 81.9),
        ("8 640 000", "requests a day", 8_640_000),
        ("8\u202f640\u00a0000", "requests a day", 8_640_000),
        ("8,640,000", "requests a day", 8_640_000),
        ("8.640.000", "requests a day", 8_640_000),
        ("8'640'000", "requests a day", 8_640_000),
        ("8’640’000", "requests a day", 8_640_000),
        ("86,40,000", "requests a day", 8_640_000),
        ("8_640_000", "requests a day", 8_640_000),
        ("8.64 million", "requests a day", 8_640_000),
        ("8.64M requests", "requests a day", 8_640_000),
        ("8,64e6", "requests a day", 8_640_000),
        ("8.64 * 10^6", "requests a day", 8_640_000),
        ("8.64 × 10⁶", "requests a day", 8_640_000),
        ("10^6", "", 1_000_000),
        ("2,000", "requests a second", 2_000),  # as the course writes it
        ("1,234.5", "", 1234.5),
        ("1.234,5", "", 1234.5),
        ("50/s", "requests a second", 50),
        ("3000/min", "requests a second", 50),
        ("50 rps", "requests a second", 50),
        ("50 polls per second", "requests a second", 50),
        ("2 per minute", "requests a minute", 2),
        ("5 requests per message", "requests a message", 5),
        ("8.5x", "times", 8.5),
        ("8.5 times", "times", 8.5),
        ("40 servers", "servers", 40),
        ("$1,000", "USD", 1000),
        (Fraction(1, 2), "s", 0.5),
        (Decimal("0.5"), "s", 0.5),
    ],
)
def test_read_as_people_write_them(typed, unit, value):
    assert read(typed, unit).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "unit", "words"),
    [
        ("1,500", "s", "Do you mean 1500, or 1.500?"),
        ("8,462", "times", "Do you mean 8462, or 8.462?"),
        ((1, 500), "s", "Write 1500 or 1.500, without a comma"),
        ((1, 0), "s", "Write 1000 or 1.0, without a comma"),  # of 1,000 and of 1,0
        ((8, 640, 0), "requests a day", "Write 8640000, without a comma"),
        ((1, 2, 3), "s", "Python takes `1, 2, 3` for 3 numbers"),
        ((0.5, 2), "s", "Python takes `0.5, 2` for 2 numbers"),
        ("1,23.4", "", "more than one way"),
        ("12,34,56", "", "more than one way"),
        ("1 5", "", "more than one way"),
        ("1.2.3", "", "more than one way"),
        ("5m", "s", "what does the m stand for"),
        ("2 requests", "s", "You wrote `requests`. Give one number in seconds."),
        ("50 s", "requests a second", "You wrote `s`"),
        ("82%", "s", "You wrote `%`"),
        ("50 messages/s", "requests a second", "You wrote `messages/s`"),
        ("5 bananas", "requests a second", "a unit that I do not know"),
        ("2 or 3", "s", "more than one number"),
        ("2-3", "s", "more than one number"),
        ("500/5*86400", "requests", "Take the quotes away"),
        ("two", "s", "`two` is no number. Give one in seconds, in digits."),
        ("½", "s", "no number"),
        ("nan", "s", "`nan` is none"),
        ("1e400", "s", "`inf` is none"),
        (math.nan, "s", "`nan` is none"),
        (math.inf, "s", "`inf` is none"),
        (10**400, "s", "Give one number in seconds"),
        (True, "s", "Give one number in seconds"),
        (1 + 2j, "s", "Give one number"),
        ([1, 2], "s", "Give one number"),
        (b"2", "s", "Give one number"),
        (float, "s", "Give one number"),
    ],
)
def test_asked_back_in_one_line(typed, unit, words):
    with pytest.raises(Unclear) as caught:
        read(typed, unit)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


GROUPS = {"": "", ",": ".", ".": ",", " ": ",", "'": ".", "_": "."}


@given(
    whole=st.integers(0, 10**9),
    part=st.sampled_from(["", "5", "25", "0125"]),
    group=st.sampled_from(sorted(GROUPS)),
    sign=st.sampled_from(["", "-", "+", "−"]),
    unit=st.sampled_from(["", " s", "s", " seconds", " sec"]),
)
def test_every_country_means_the_same_number(whole, part, group, sign, unit):
    point = GROUPS[group] or "."
    text = f"{whole:,}".replace(",", group) + (point + part if part else "")
    value = float(f"{'-' if sign in ('-', '−') else ''}{whole}.{part or 0}")
    if group in (",", ".") and not part and 1_000 <= whole < 1_000_000:
        if group == ",":
            with pytest.raises(Unclear):
                read(f"{sign}{text}{unit}", "s")
        return  # one point: Python's own
    assert read(f"{sign}{text}{unit}", "s").value == pytest.approx(value)


@given(
    st.one_of(
        st.text(max_size=20),
        st.text("0123456789,. '_-+eE%smhx*^/", max_size=12),
        st.tuples(st.integers(), st.integers()),
        st.floats(),
        st.integers(),
        st.binary(max_size=3),
        st.lists(st.floats(), max_size=3),
        st.complex_numbers(),
    ),
    st.sampled_from(["", "s", "%", "requests a second", "times", "servers", "bytes"]),
)
def test_whatever_is_typed_is_a_number_or_is_asked_back(typed, unit):
    with contextlib.suppress(Unclear):
        assert math.isfinite(read(typed, unit).value)


def test_somebodys_own_object_may_raise_what_it_likes():
    class Odd:
        def __float__(self):
            raise RuntimeError("no")

    with pytest.raises(Unclear):
        read(Odd(), "s")


def test_dots_and_nothing_are_no_attempt():
    assert all(untouched(each) for each in (..., None, "", "...", " … ", "?", ()))
    assert not any(untouched(each) for each in (0, 0.0, "0", False, [], (0, 5)))


def test_it_is_said_how_it_was_read_where_that_is_news():
    assert in_words(Reading(0.5, "0,5"), "s") == "I read `0,5` as 0.5 s."
    assert in_words(Reading(2000, "2,000"), "requests a second") == ""
    assert in_words(Reading(82, "82%"), "%") == ""
    assert in_words(Reading(2.0), "s") == ""
