import pytest

from pushlab.course.from_run import _typical, measurement_of
from pushlab.course.reference import reference_run


@pytest.fixture(scope="module")
def measured():
    return measurement_of(reference_run(), here=False)


def test_figures_have_intervals_over_trials_that_hold_them(measured):
    for row in measured.rows:
        for name, (low, high) in row.intervals.items():
            assert low <= getattr(row.figures, name) <= high, (row.cell, name)
        assert {"waiting_s", "requests_per_s", "bytes_per_message"} <= row.intervals.keys()
    polling = measured.row("short-polling")
    assert polling.intervals["wasted"][1] <= 1
    assert polling.figures.median_s < polling.figures.p95_s < polling.figures.worst_s


def test_a_day_is_told_where_it_was_not_measured_here(measured):
    assert measured.work.recorded.startswith("20")
    assert measured.work.trials >= 3


def test_samples_are_thinned_evenly_and_sorted(measured):
    for row in measured.rows:
        assert 100 < len(row.samples_s) <= 900
        assert list(row.samples_s) == sorted(row.samples_s)
        mean = sum(row.samples_s) / len(row.samples_s)
        assert mean == pytest.approx(row.figures.waiting_s, rel=0.1)


def test_a_typical_client_has_its_questions_and_messages(measured):
    watched = measured.row("short-polling").watched
    assert watched.client >= 1
    assert watched.of > 1
    interval_s = measured.row("short-polling").options["interval_s"]
    asked = [at for at, _, _ in watched.asks]
    assert len(asked) == pytest.approx(watched.span_s / interval_s, abs=2)
    for written, arrived in watched.messages:
        assert written < arrived
    assert measured.row("websocket").watched.asks == (), "nobody asks"


def test_the_middle_one_of_those_with_most_messages_is_typical():
    clients = {
        1: [(0.0, 0.9), (1.0, 1.9)],
        2: [(0.0, 0.1), (1.0, 1.1)],
        3: [(0.0, 0.5), (1.0, 1.5)],
        4: [(0.0, 0.3)],
        5: [],
    }
    assert _typical(clients) == 3
    assert _typical({7: [], 8: []}) == 7, "where nothing came, any"


def test_a_month_is_priced_when_it_is_asked_for(measured):
    month = measured.month
    assert month.usd.keys() == set(measured.cells)
    assert all(likely <= most for likely, most in month.usd.values())
