import pytest

from pushlab.course.recordings import canonical, find, needed, place_of
from pushlab.course.trouble import CourseError


def test_the_same_settings_find_the_same_recording_however_they_are_written():
    one = place_of("measure", {"clients": 100, "rows": [1, 2.5], "more": {"b": 1, "a": "x"}})
    same = place_of("measure", {"more": {"a": "x", "b": 1.0}, "rows": (1.0, 2.5), "clients": 100.0})
    assert one == same
    for other in (
        {"clients": 101, "rows": [1, 2.5], "more": {"b": 1, "a": "x"}},
        {"clients": 100, "rows": [2.5, 1], "more": {"b": 1, "a": "x"}},
        {"clients": 100, "rows": [1, 2.5], "more": {"b": True, "a": "x"}},
    ):
        assert place_of("measure", other) != one
    assert place_of("race", {}) != place_of("measure", {})


def test_what_is_no_setting_is_refused_in_a_line():
    with pytest.raises(CourseError, match="no number and no text"):
        canonical({"clients": print})


def test_without_a_recording_there_is_none_and_a_line_says_which_are_near():
    asked = {"transports": ["short-polling", "websocket"], "clients": 7}
    assert find("measure", asked) is None
    with pytest.raises(CourseError, match="no servers, and there is no recording with these"):
        needed("measure", asked, "no servers")
