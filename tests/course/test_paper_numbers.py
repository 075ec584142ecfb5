import pytest

from pushlab.analysis.forecast.calibration import calibration_of
from pushlab.analysis.forecast.sizing import sized
from pushlab.contract.registry import STANDARD, profile_of
from pushlab.course.mode import READING
from pushlab.course.paper import on_paper
from pushlab.course.paper_numbers import battery_shares, servers_for
from pushlab.course.reference import reference_run
from pushlab.course.trouble import CourseError

LIMITS = {"headroom": 0.5, "server_bytes": 4 * 2.0**30}


def test_without_numpy_there_are_as_many_servers_as_pushlab_predict_says():
    known, paper = calibration_of([reference_run()]), on_paper()
    for name in STANDARD:
        for clients in (100, 1_000_000, 10_000_000):
            traffic = paper.traffic(name, clients)
            assert servers_for(traffic, **LIMITS) == sized(traffic, known[name], **LIMITS)[1]


def test_a_battery_that_was_recorded_takes_what_it_takes(monkeypatch):
    profiles = {name: profile_of(name).retimed(interval_s=5.0) for name in STANDARD}
    asked = (profiles, ("lte", "wifi"), 1 / 60, 100)
    computed = battery_shares(*asked, battery_wh=15.0)
    monkeypatch.setenv(READING, "1")
    assert battery_shares(*asked, battery_wh=15.0) == computed
    with pytest.raises(CourseError, match="no recording with these settings; near are battery_wh"):
        battery_shares(*asked, battery_wh=16.0)
