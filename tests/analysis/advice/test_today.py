"""The owner's own figures of polling, as they are typed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.advice.today import Today, parse_today
from pushlab.errors import UsageError


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("poll 5s", {"interval_s": 5}),
        ("polls every 500 ms", {"interval_s": 0.5}),
        (
            "poll 5s, 3 servers at 40% CPU, 2ms CPU per poll",
            {"interval_s": 5, "servers": 3, "busy": 0.4, "cpu_s_per_poll": 0.002},
        ),
        (
            "3 servers of 4 vCPUs at 40 % CPU,polling 1min",
            {"interval_s": 60, "servers": 3, "cores_each": 4, "busy": 0.4},
        ),
        (
            "Poll 5s; 3,013 B per poll, USD 1,200 a month",
            {"interval_s": 5, "bytes_per_poll": 3013, "usd": 1200},
        ),
        ("poll 5s, $900", {"interval_s": 5, "usd": 900}),
        ("poll 5s, 900 USD per month, 3kB a poll", {"usd": 900, "bytes_per_poll": 3000}),
        ("poll 5s, 1 server", {"servers": 1}),
    ],
)
def test_phrases_in_any_order(text, fields):
    told = parse_today(text)
    assert told.said == text
    for name, value in fields.items():
        assert getattr(told, name) == pytest.approx(value)
    assert told.interval_s > 0


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", "poll 5s"),
        ("3 servers", "poll 5s"),
        ("poll", "'poll 5s', '3 servers"),
        ("poll 5 parsecs", "a time such as 5s"),
        ("poll 0s", "above 0"),
        ("poll 5s, poll 6s", "once more"),
        ("poll 5s, 3 servers at 140% CPU", "'3 servers of 4 cores at 40% CPU'"),
        ("poll 5s, 3 servers at 40% CPU", "of how many cores"),
        ("poll 5s, 0 servers", "above 0"),
        ("poll 5s, -3 servers", "'3 servers of 4 cores at 40% CPU'"),
        ("poll 5s, 2 per poll", "'2ms CPU per poll'"),
        ("poll 5s, lots of money", "'USD 900 a month'"),
        ("poll 5s, 1e400 servers", "'3 servers"),
    ],
)
def test_nonsense_is_told_in_a_line(text, right):
    with pytest.raises(UsageError) as caught:
        parse_today(text)
    told = str(caught.value)
    assert told.startswith("--today")
    assert right in told
    assert "\n" not in told


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    with suppress(UsageError):
        assert parse_today(f"poll 5s, {text}").interval_s == 5


def test_the_cpu_of_a_poll_lies_between_what_both_figures_say():
    two = parse_today("poll 5s, 3 servers of 4 cores at 50% CPU, 2ms CPU per poll")
    assert two.cpu_of_a_poll(1_000) == pytest.approx((0.002, 0.006))
    one = parse_today("poll 5s, 2ms CPU per poll")
    assert one.cpu_of_a_poll(1_000) == (0.002, 0.002)
    assert Today(interval_s=5).cpu_of_a_poll(1_000) is None


def test_what_servers_must_have_by_the_other_figures():
    told = parse_today("poll 5s, 3 servers at 40% CPU, 2ms CPU per poll")
    assert told.cores_implied(10_000) == pytest.approx(20 / 1.2)
    assert parse_today("poll 5s, 2ms CPU per poll").cores_implied(10_000) is None
