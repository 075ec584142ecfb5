"""Titles that claim no more than their intervals, in the words of their labels."""

import pytest

from pushlab.course.findings import Found, comparison, finding, kind_of, why_apart
from pushlab.course.trouble import CourseError

WAIT = kind_of("waiting_s")
SHORT = Found("short polling", 0.503, (0.49, 0.515))
SSE, SOCKET = Found("SSE", 0.001, (0.0009, 0.0012)), Found("WebSocket", 0.0011, (0.001, 0.0013))
SLOW = Found("WebSocket", 0.074, (0.06, 0.09))


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([SHORT], "A message waited 503 ms on average"),
        (
            [SHORT, SSE, SOCKET],
            "1 to 1.1 ms with SSE and WebSocket; 503 ms with short polling",
        ),
        ([SHORT, SSE], "1 ms with SSE; 503 ms with short polling"),
        ([SSE, SOCKET], "1 to 1.1 ms, and no difference can be told"),
        (
            [Found("SSE", 0.001), Found("WebSocket", 0.0012)],
            "1 ms with SSE; 1.2 ms with WebSocket in what was measured here",
        ),
        (
            [SSE, SHORT, Found("WebSocket", 0.012, (1.44e-6, 101.0))],
            "1 ms with SSE; 503 ms with short polling (not placed: WebSocket)",
        ),
        ([], "nothing was measured"),
    ],
)
def test_a_title_names_whom_the_intervals_allow(rows, title):
    assert finding(WAIT, rows).endswith(title)


def test_nought_is_none():
    kind = kind_of("requests_per_message")
    rows = [
        Found("SSE", 0.0, (0, 0)),
        Found("MQTT", 1.0, (1, 1)),
        Found("short polling", 2.0, (2, 2)),
    ]
    assert finding(kind, rows).endswith(": none with SSE; 2 requests with short polling")
    assert finding(kind, [*rows[:1], Found("WebSocket", 0.0, (0, 0))]).endswith("none with each")


def test_a_comparison_follows_what_was_measured():
    alike = comparison(WAIT, [SSE, SOCKET])
    assert "tells no difference" in alike
    apart = comparison(WAIT, [SSE, SLOW])
    assert "These stand apart" in apart
    assert "SSE: 1 ms; WebSocket: 74 ms" in apart
    assert "no difference" not in apart
    wide = comparison(WAIT, [SSE, SHORT, Found("WebSocket", 0.012, (1.44e-6, 101.0))])
    assert "WebSocket overlaps with both" in wide
    assert "nobody can say" in comparison(WAIT, [Found("SSE", 0.001), SLOW])


def test_where_formula_and_measurement_differ_it_is_said_why():
    agrees = Found("short polling", 0.503, (0.49, 0.515), 0.5)
    off = Found("long polling", 0.0014, (0.0013, 0.0015), 0.0005)
    assert why_apart(WAIT, [agrees], ["Short polling"]) == ""
    said = why_apart(WAIT, [agrees, off], ["Short polling", "Long polling"])
    assert said.startswith("Formula and measurement differ (Long polling): ")


def test_an_unknown_figure_is_told_with_those_that_are_known():
    with pytest.raises(CourseError, match=r"no figure 'speed' .*waiting_s"):
        kind_of("speed")
