"""The course's engine: guesses, measuring, reading without a server, sliders, the wire."""

import asyncio
import os
import signal

import psutil
import pytest

import pushlab.course
from pushlab.course import explore, measure, measuring_live, predict, ready, show_wire
from pushlab.course.mode import FAST, PICTURES, READING
from pushlab.course.step import Step
from pushlab.course.trouble import CourseError
from pushlab.course.wire import fold
from pushlab.errors import HubFailed
from tests.patience import PATIENCE_S


def test_names_of_the_course_are_there():
    for name in pushlab.course.__all__:
        assert getattr(pushlab.course, name) is not None
    with pytest.raises(AttributeError):
        pushlab.course.nothing  # noqa: B018


def test_a_guess_is_kept_and_its_absence_is_said():
    mine = predict("How long?", "0.8", unit="s", gentle=1.0)
    assert (mine.value, mine.own, mine.name) == (0.8, True, "your guess")
    for absent, word in (
        (..., "not guessed"), (None, "not guessed"), ("soon", "is no number"), (-1, "below zero"),
        ("-1", "below zero"), (float("nan"), "Give one number"), ("1,500", "1500, or 1.500"),
    ):  # fmt: skip
        none = predict("How long?", absent, unit="s", gentle=1.0)
        assert (none.value, none.own, none.name) == (1.0, False, "no guess yet")
        assert word in str(none)
        assert word in none._repr_mimebundle_()["text/html"]


async def test_a_real_measurement_leaves_numbers_charts_and_no_process(tmp_path, monkeypatch):
    monkeypatch.setenv(PICTURES, str(tmp_path))
    before = set(psutil.Process().children(recursive=True))
    run = await measure("short-polling", clients=20, interval_s=0.2, duration_s=0.5, rate_per_s=20)
    assert set(psutil.Process().children(recursive=True)) <= before
    assert run.here
    assert run.deliveries > 0
    assert run.lost == 0
    assert run["short-polling"].requests_per_s > 0
    guess = predict("How long?", 0.3, unit="s", gentle=1.0)
    data, _ = run.chart("waiting_s", guess)._repr_mimebundle_()
    assert data["image/svg+xml"].startswith("<svg")
    for word in ("your guess 300 ms", "the formula 100 ms", "measured "):
        assert word in data["text/plain"]
        assert word in data["image/svg+xml"]
    assert "questions" in str(run.timeline(seconds=0.5))
    assert len(list(tmp_path.glob("*.svg"))) == 1


async def test_fast_all_five_have_the_shape_of_a_real_run(monkeypatch):
    monkeypatch.setenv(FAST, "1")
    five = ("short-polling", "long-polling", "sse", "websocket", "mqtt")
    run = await measure(*five, interval_s=0.5, broker="embedded")
    assert run.cells == list(five)
    for name in five:
        assert run[name].deliveries > 0
        assert run[name].bytes_per_message > 0
    assert run["long-polling"].requests_per_message == pytest.approx(1, abs=0.5)
    assert run["sse"].requests_per_s == 0
    said = {name: run.formula(name, "requests_per_message") for name in five}
    assert (said["sse"], said["websocket"]) == (0, 0)
    assert said["mqtt"] == pytest.approx(1, abs=1e-3), "a receipt for each message, however many"
    with pytest.raises(CourseError, match="say which"):
        run.waiting_s  # noqa: B018
    for figure in ("waiting_s", "requests_per_s", "wasted", "bytes_per_message"):
        assert run.chart(figure).svg
    with pytest.raises(CourseError, match="there is no figure"):
        run.chart("speed")


@pytest.mark.parametrize("reading", [True, False], ids=["reading", "no server starts"])
async def test_without_a_server_a_recording_of_exactly_these_settings_is_shown(
    monkeypatch, reading
):
    if reading:
        monkeypatch.setenv(READING, "1")
    else:

        async def fails(*_, **__):
            raise HubFailed("sockets are forbidden here")

        monkeypatch.setattr(measuring_live, "run_scenario", fails)
    asked = {"clients": 100, "interval_s": 1.0, "duration_s": 2.0}  # as in 00_start_here
    run = await measure("short-polling", "websocket", **asked)
    assert not run.here
    assert run.cells == ["short-polling", "websocket"]
    assert "A recording with exactly these settings, of 20" in run.sentence()
    assert "short polling" in str(run.chart("requests_per_s")).lower()
    assert run.timeline("websocket").svg
    why = "only read" if reading else "sockets are forbidden here"
    with pytest.raises(CourseError, match=rf"{why}.* no recording .*; near are clients=100"):
        await measure("short-polling", "websocket", **{**asked, "clients": 101})
    if reading:
        assert "Recorded earlier" in str(await show_wire("sse"))
        assert "Ready for reading" in str(await ready())
        with pytest.raises(CourseError, match="no recording"):
            await show_wire("sse", messages=7)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("short-poling",), "did you mean short-polling"),
        ((), "name at least one transport"),
    ],
)
async def test_a_slip_is_one_line_and_no_traceback(asked, words):
    with pytest.raises(CourseError, match=words) as caught:
        await measure(*asked)
    assert caught.value._render_traceback_() == [str(caught.value)]


async def test_the_wire_is_real_and_hides_the_token(monkeypatch):
    monkeypatch.setenv(FAST, "1")
    wire = await show_wire("short-polling", interval_s=0.2)
    text = str(wire)
    assert "GET /v1/poll" in text
    assert "hello number 1" in text
    assert "Bearer <token>" in text
    assert "Recorded" not in text
    assert "the server says" in wire._repr_mimebundle_()["text/html"]
    with pytest.raises(CourseError, match="no option"):
        await show_wire("sse", interval_s=3)


def test_an_exchange_that_repeats_is_said_once():
    pair = [Step(0.0, "client", "news?", 5), Step(0.1, "server", "no", 2)]
    told = fold([*pair * 3, Step(0.7, "client", "bye", 3)])
    assert [(step.text, step.times) for step in told] == [("news?", 3), ("no", 3), ("bye", 1)]


def test_sliders_stand_beside_a_picture():
    shown = explore(clients=100, rate_per_s=0.1)
    data, _ = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/svg+xml"].startswith("<svg")
    assert "5 s: 61 %" in data["text/plain"]
    box = shown._box
    slider, picture = box.children[0].children[0], box.children[1]
    before = picture.value
    slider.value = 50.0
    assert picture.value != before


async def test_a_stop_ends_the_measurement_and_its_processes():
    before = set(psutil.Process().children(recursive=True))
    task = asyncio.ensure_future(measure("short-polling", clients=10, duration_s=30.0))
    while not set(psutil.Process().children(recursive=True)) - before:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)  # as the button that interrupts a kernel does
    with pytest.raises(CourseError, match="was stopped"):
        await asyncio.wait_for(task, PATIENCE_S)
    assert set(psutil.Process().children(recursive=True)) <= before
