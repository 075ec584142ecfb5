import json

from pushlab.course.measured import Figures, Measurement, Month, Row, Watched, Work
from pushlab.course.tape import measurement_from, measurement_json

FIGURES = Figures("SSE", 0.00123456, 0.5, 0.0, 0.0, None, 140.25, 0.2, 30, 0, median_s=0.001)
ROW = Row(
    cell="sse",
    name="SSE",
    short="SSE",
    transport="sse",
    colour="#56B4E9",
    options={"keep_alive_s": 15.0},
    pushes=True,
    figures=FIGURES,
    intervals={"waiting_s": (0.001, 0.002)},
    formulas={"requests_per_s": 0.0},
    samples_s=(0.001, 0.002),
    watched=Watched(3, 20, ((0.5, 0.501234),), ((0.1, 0.2, True),), 2.5),
)
WORK = Work(100, 10, 10, 0.5, 2.5, 3, machine="a processor", cores=2)


def test_a_measurement_comes_back_from_its_recording():
    month = Month("a title", "a place", {"sse": (1.0, 2.0)})
    measured = Measurement(WORK, [ROW], here=True, month=lambda: month)
    told = json.loads(json.dumps(measurement_json(measured)))
    again = measurement_from(told, day="2026-11-30")
    assert again.month == month
    assert (again.here, again.work.recorded) == (False, "2026-11-30")
    (row,) = again.rows
    assert row.figures.waiting_s == 0.001235, "four digits are enough for a chart"
    assert row.watched == ROW.watched
    assert (row.intervals, row.formulas, row.samples_s) == (
        ROW.intervals,
        ROW.formulas,
        ROW.samples_s,
    )
    assert again.bytes_per_message == 140.2
    assert "A recording with exactly these settings, of 2026-11-30: 100 clients" in str(again)


def test_without_a_price_there_is_no_month():
    told = measurement_json(Measurement(WORK, [ROW], here=True))
    assert measurement_from(told, day="").month is None
