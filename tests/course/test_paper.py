"""Scale on paper, a measurement beside the reference, and the teacher's answers; no server."""

import math

import pytest

from pushlab.course import answers, beside_reference, check_transport, month_of, on_paper
from pushlab.course.exercises import CHAPTERS, all_exercises
from pushlab.course.guesses import predict
from pushlab.course.measurement_charts import measured_from
from pushlab.course.mode import READING
from pushlab.course.reference import reference_run
from pushlab.course.trouble import CourseError
from tests.course.student_transports import Adaptive


def test_ten_million_clients_on_paper_grow_in_proportion():
    paper = on_paper(clients=10_000_000, message_every_s=60, interval_s=5)
    assert paper.requests_per_s("short-polling") == 2_000_000
    assert paper.requests_per_s("sse") == 0
    assert paper.requests_per_s("short-polling", 100) == 20
    assert paper.servers("short-polling", 100) == 1
    few, many = (paper.servers("short-polling", n) for n in (1_000_000, 10_000_000))
    assert 9 * few < many < 11 * few
    assert paper.servers("sse") < paper.servers("mqtt") < many
    guess = predict("How many?", 7, unit="a second", gentle=1)
    picture = paper.growth("requests_per_s", guess)
    assert "Short polling: 2,000,000 requests a second" in str(picture)
    assert picture.svg.startswith("<svg")
    with pytest.raises(CourseError, match="no figure 'waiting'"):
        paper.growth("waiting")
    with pytest.raises(CourseError, match="above 0"):
        on_paper(clients=0)


def test_money_and_the_interval_from_which_polling_is_cheaper():
    paper = on_paper()
    for by_request, push in ((False, "sse"), (True, "websocket")):
        if math.isnan(paper.usd(push, by_request=by_request)):
            continue
        level = paper.usd(push, by_request=by_request)
        even = paper.break_even_s(push, by_request=by_request)
        at = {
            factor: paper.usd("short-polling", by_request=by_request, interval_s=even * factor)
            for factor in (0.5, 1.0, 2.0)
        }
        assert at[0.5] > level > at[2.0]
        assert at[1.0] == pytest.approx(level, rel=0.05)
    shown = str(paper.month(predict("A month?", ..., unit="USD", gentle=3)))
    assert "no guess yet 3 USD" in shown
    assert "by the request" in shown
    assert paper.battery().svg.startswith("<svg")
    assert "rented servers: polling is cheaper than SSE" in str(paper.break_even())


def test_a_measurement_stands_beside_the_reference():
    measured = measured_from(reference_run(), here=True, transports=["sse", "mqtt"])
    shown = str(beside_reference(measured, "requests_per_message"))
    assert "SSE: here 0 requests, reference 0 requests" in shown
    assert "MQTT: here 1 request, reference 1 request" in shown
    assert "SSE: likely" in str(month_of(measured))
    with pytest.raises(CourseError, match="no figure 'hits'"):
        beside_reference(measured, "hits")


def test_a_teacher_finds_every_answer():
    told = "".join(str(answers(name.replace("_", "-"))) for name in CHAPTERS)
    for id, each in all_exercises().items():
        assert f"{id}: {each.shown_answer()}" in " ".join(told.split()).replace("  ", " ")
    with pytest.raises(CourseError, match="short-polling, polling-cost"):
        answers("short")


async def test_nobody_judges_where_the_course_is_only_read(monkeypatch):
    monkeypatch.setenv(READING, "1")
    report = await check_transport(Adaptive)
    assert not report
    assert "only read" in report.sentence
