"""Times as logs write them are one clock; what is none is no number."""

import math

import pytest

from pushlab.analysis.log.moments import size_of, status_of, time_of

AT_S = 1772366400.0  # 2026-03-01T12:00:00Z


@pytest.mark.parametrize(
    "text",
    [
        "[01/Mar/2026:12:00:00 +0000]",
        "[01/Mar/2026:04:00:00 -0800]",
        "[01/Mar/2026 12:00:00]",
        "01/Mar/2026:12:00:00 +0000",
        "2026-03-01T12:00:00Z",
        "2026-03-01T13:30:00.000+01:30",
        "2026-03-01 12:00:00,000",
        "2026-03-01 12:00:00",
        "1772366400",
        "1772366400.000",
        "1772366400000",
        "1772366400000000000",
    ],
)
def test_a_time_is_read(text):
    assert time_of(text.encode()) == AT_S


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "nan", "-5", "inf", "yesterday", "2026-03-01"),
        *("[32/Mar/2026:12:00:00 +0000]", "[01/Mai/2026:12:00:00]"),
        *("2026-13-01T00:00:00Z", "2026-03-01T25:00:00Z", "2026-03-01T12.00.00Z"),
    ],
)
def test_what_is_none_is_no_number(text):
    assert not math.isfinite(time_of(text.encode()))


def test_status_and_size():
    assert [status_of(one) for one in (b"200", b"000", b"20", b"-", b"2000", b"2x0")] == [
        *(200, 0),
        *(-1, -1, -1, -1),
    ]
    assert [size_of(one) for one in (b"0", b"13", b"-", b"", b"1.5", b"9" * 30)] == [0, 13] + [
        -1
    ] * 4
