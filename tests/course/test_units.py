"""Units that stand behind a number."""

import pytest

from pushlab.course.units import factor, magnitude, unit_from


@pytest.mark.parametrize(
    ("given", "asked", "times"),
    [
        ("ms", "s", 1e-3),
        ("Minutes", "s", 60),
        ("requests per minute", "requests a second", 1 / 60),
        ("/h", "receipts an hour", 1),
        ("a day", "requests an hour", 1 / 24),
        ("requests", "requests a second", 1),
        ("polls", "requests a second", 1),
        ("writes/question", "writes a question", 1),
        ("requests", "a second", 1),  # the question's title says of what
        ("%", "%", 1),
        ("s", "%", None),
        ("pings", "requests", None),
        ("per message", "writes a question", None),
        ("servers a second", "servers", None),
    ],
)
def test_from_one_unit_to_another(given, asked, times):
    one, other = unit_from(given), unit_from(asked)
    assert one is not None
    assert other is not None
    assert factor(one, other) == (None if times is None else pytest.approx(times))


@pytest.mark.parametrize("words", ["bananas", "s/s/s", "requests a banana", "m"])
def test_what_is_no_unit(words):
    assert unit_from(words) is None


def test_magnitudes():
    assert magnitude(" million requests") == (1e6, " requests")
    assert magnitude("k") == (1e3, "")
    assert magnitude("m") == (1.0, "m"), "a minute, a milli-something, or a million?"
    assert magnitude(" s") == (1.0, " s")
