"""The charts of sweeps and of searches, from simulated points: every kind of grid, all words."""

from dataclasses import asdict, replace
from functools import cache

import pytest
from matplotlib.colors import same_color

from pushlab.analysis.slo.capacity import Load, Words, conclude
from pushlab.analysis.slo.search import Limits
from pushlab.charts import draw_charts
from pushlab.charts.courses import Course, Ends, grid_finding
from pushlab.charts.curves import Spot
from pushlab.charts.sweep import charts_of_sweep
from pushlab.quantities import duration
from pushlab.runs import Sweep, SweepAxis, SweepPoint, SweepWriter
from tests.charts.test_draw import (
    check_no_text_lies_on_another,
    check_titles_are_short_and_all_words_on_the_page,
    measured,
)
from tests.longer import mostly_soak
from tests.runs.simulated import FLOOR, STANDARD, Cell
from tests.runs.simulated_sweeps import make_sweep

POLL, LONG, SSE, WEBSOCKET, MQTT = STANDARD


def poll(values):
    return Cell("short-polling", "short-polling", {"interval_s": values.get("poll_interval_s", 1)})


def ill(values):
    """Cells of which each has something to be held against it somewhere."""
    many = values["clients"] > 50
    return [
        poll(values),
        Cell("sse", "sse", fail="the machine does not allow so many clients" if many else None),
        Cell("websocket", "websocket", jitter_between_trials=0.9 if many else 0.0),
        Cell("carrier-pigeon with a long name of its own", "carrier-pigeon", delay_s=0.2),
    ]


SWEEPS = {
    "one key": lambda root: make_sweep(
        root, {"clients": [10, 20, 40, 80, 160]}, lambda values: [*STANDARD, FLOOR]
    ),
    "two keys": lambda root: make_sweep(
        root,
        {"clients": [10, 40, 160], "poll_interval_s": [0.5, 2]},
        lambda values: [poll(values), LONG, SSE],
    ),
    "four panels": lambda root: make_sweep(
        root,
        {"poll_interval_s": [0.2, 0.5, 1, 2], "clients": [5, 10, 15, 20]},
        lambda values: [poll(values), SSE],
        trials=1,
    ),
    "more panels than fit": lambda root: make_sweep(
        root,
        {"rate_per_s": range(1, 11), "clients": range(10, 21)},
        lambda values: [SSE],
        trials=1,
        leave_out=range(11, 105),
    ),
    "three keys": lambda root: make_sweep(
        root,
        {"clients": [10, 20, 30], "rate_per_s": [1, 2], "payload_bytes": [100, 1000]},
        lambda values: [poll(values), MQTT],
        trials=1,
    ),
    "troubles": lambda root: make_sweep(root, {"clients": [10, 40, 160]}, ill),
    "stopped": lambda root: make_sweep(
        root, {"clients": [10, 20, 40]}, lambda values: [poll(values), SSE], leave_out=(1, 2)
    ),
}


EACH_TIME = ("two keys", "troubles")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A sweep of that kind and its charts, each made once."""

    @cache
    def made(kind):
        sweep = SWEEPS[kind](tmp_path_factory.mktemp("sweep"))
        return sweep, charts_of_sweep(sweep)

    return made


@pytest.mark.parametrize("kind", mostly_soak(SWEEPS, lambda kind: kind in EACH_TIME))
def test_a_sweep_is_drawn_well(kind, drawn):
    _, charts = drawn(kind)
    names = [chart.name for chart in charts]
    assert names == sorted(names)
    assert {"1-latency", "3-hits", "4-cpu"} <= set(names)
    for chart in charts:
        texts, size = measured(chart.figure)
        check_titles_are_short_and_all_words_on_the_page(texts, size)
        check_no_text_lies_on_another(texts)
        assert any("Short polling" in text or "SSE" in text for text, _ in texts)


def named(charts, name):
    return next(chart for chart in charts if chart.name == name)


def words_on(chart):
    return " ".join(" ".join(text.split()) for text, _ in measured(chart.figure)[0])


def test_the_words_tell_what_is_swept_and_what_is_held(drawn):
    words = words_on(named(drawn("three keys")[1], "3-hits"))
    for word in ("payload 100 B", "1 messages/s", "2 messages/s", "over clients", "closed form"):
        assert word in words
    words = words_on(named(drawn("more panels than fit")[1], "1-latency"))
    assert "8 of 10 values of messages/s per channel" in words


def test_troubles_are_marked(drawn):
    words = words_on(named(drawn("troubles")[1], "1-latency"))
    assert "failed" in words
    assert "unstable" in words
    assert "sweep not complete" in words_on(named(drawn("stopped")[1], "1-latency"))


def test_the_title_is_never_about_the_harness_floor(tmp_path):
    """Here nothing else changes."""

    def cells(values):
        slow = 4.0 if values["clients"] > 20 else 1.0  # far above the noise
        floor = Cell("harness floor", "null", delay_s=0.05 * slow, floor=True)
        return [Cell("sse", "sse", delay_s=0.5), floor]

    sweep = make_sweep(tmp_path, {"clients": [10, 40]}, cells)
    chart = named(charts_of_sweep(sweep), "1-latency")
    assert "floor" in words_on(chart)
    assert chart.title.startswith("No line's mean latency")


def test_every_point_stands_at_its_value(drawn):
    """The markers of short polling are where the summaries say."""
    sweep, charts = drawn("one key")
    (axes, _) = named(charts, "1-latency").figure.axes
    markers = {
        float(line.get_xdata()[0]): float(line.get_ydata()[0])
        for line in axes.get_lines()
        if line.get_marker() == "o" and same_color(line.get_color(), "#D55E00")
    }
    for number, point in enumerate(sweep.points):
        run = sweep.run_of(number)
        mean_s = run.summary["transports"]["short-polling"]["latency_s"]["mean"]
        assert markers[point.values["clients"]] == pytest.approx(mean_s)


def test_the_same_sweep_gives_the_same_files(drawn, tmp_path):
    sweep, _ = drawn("stopped")
    first, again = draw_charts(sweep, tmp_path / "a"), draw_charts(sweep, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert [path.suffix for path in first[:2]] == [".png", ".svg"]


def test_nothing_measured_is_nothing_drawn(tmp_path):
    sweep = make_sweep(tmp_path, {"clients": [10, 20]}, lambda values: [SSE], leave_out=(0, 1))
    assert draw_charts(sweep, tmp_path / "charts") == []


# ---- titles ----------------------------------------------------------------------------------


def course(name, *pairs, key="clients", between=(10, 100), careful=False, within=0.05):
    """A line at its two ends; its intervals reach so far to either side, or there are none."""

    def spot(at, value, **more):
        reach = None if within is None else (value * (1 - within), value * (1 + within))
        return Spot(at, value, interval=reach, **more)

    ends = [Ends("", spot(10, a, careful=careful), spot(100, b)) for a, b in pairs]
    return Course(name, key, between, ends)


def test_the_title_tells_the_steepest_line_and_one_that_stays():
    told = grid_finding(
        "mean latency",
        [course("long polling", (0.01, 0.04)), course("SSE", (0.002, 0.0021))],
        duration,
    )
    assert told == (
        "From 10 to 100 clients, the mean latency of long polling goes from 10.0 ms to 40.0 ms"
        " (4.0 times as much); SSE stays within 2.00 to 2.10 ms"
    )


def test_the_title_tells_who_needs_none():
    lines = [course("short polling", (40, 10), key="poll_interval_s", between=(0.5, 2))]
    lines += [course(name, (0, 0), key="poll_interval_s") for name in ("SSE", "WebSocket")]
    assert grid_finding("hit rate", lines, lambda v: f"{v:g}/s") == (
        "From poll interval 500 ms to 2 s, the hit rate of short polling goes from 40/s to 10/s"
        " (4.0 times less); SSE and WebSocket need none"
    )


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [course("SSE", (0.01, 0.011))],
        [course("SSE", (0.01, 0.04), careful=True)],  # unstable
        [course("SSE", (0.01, 0.04), (0.02, 0.01), (0.01, 0.03))],  # panels disagree
        [course("SSE", (0.01, 0.02), within=0.4)],  # intervals touch
        [course("SSE", (0.01, 0.04), (0.01, 0.04), within=None)],  # two that agree are too few
    ],
)
def test_the_title_claims_nothing_that_chance_could_make(lines):
    assert "changes enough" in grid_finding("mean latency", lines, duration)


def test_a_title_without_intervals_says_so_or_rests_on_many_that_agree():
    told = grid_finding("mean latency", [course("SSE", (0.01, 0.04), within=None)], duration)
    assert told.endswith("chance: too few trials at each point")
    many = course("SSE", *[(0.01, 0.04)] * 8, within=None)
    assert "goes from" in grid_finding("mean latency", [many], duration)


def test_a_line_stays_only_where_its_intervals_say_so():
    moved = course("long polling", (0.01, 0.04))
    for within, told in ((0.05, True), (0.3, False), (None, False)):
        still = course("SSE", (0.002, 0.0021), within=within)
        assert ("SSE stays" in grid_finding("latency", [moved, still], duration)) == told


def test_what_stays_is_all_of_the_line_and_the_title_says_what_its_marks_say():
    moved = course("long polling", (0.01, 0.04))
    level = course("SSE", (0.009, 0.009)).ends[0]
    dip = Spot(50, 0.005, interval=(0.0049, 0.0051))
    dipped = Course("SSE", "clients", (10, 100), [replace(level, between=[dip])])
    assert "stays" not in grid_finding("latency", [moved, dipped], duration)
    panels = course("SSE", (0.0085, 0.009), (0.009, 0.0088))
    assert grid_finding("latency", [moved, panels], duration).endswith(
        "SSE stays within 8.50 to 9.00 ms"
    )


# ---- capacity --------------------------------------------------------------------------------

GOAL = "p95<100ms"


def make_search(root, loads, *, stopped=False):
    writer = SweepWriter.create(
        root, name="sse", kind="capacity", source={}, axes=[SweepAxis(key="clients", values=[])]
    )
    with writer:
        for at in dict.fromkeys(load.at for load in loads):
            folder = f"points/{at:g}"
            point = SweepPoint(folder=folder, values={"clients": at}, scenario={}, cells=["sse"])
            writer.add_point(point)
        limits = Limits(start=100, most=20_000)
        words = Words("SSE", "clients", {GOAL: duration})
        objective = {"text": GOAL, "figure": "latency_s.p95", "operator": "<"}
        writer.set_capacity(
            {
                "transport": "sse",
                "cell": "sse",
                "vary": "clients",
                "objectives": [{**objective, "limit": 0.1, "unit": "s"}],
                "loads": [asdict(load) for load in loads],
                **asdict(conclude(loads, limits, words, stopped=stopped)),
            }
        )
        writer.finish("incomplete" if stopped else "complete")
    return Sweep.load(writer.path)


def trial(at, outcome, p95, hub, cause=None, why=""):
    broken = [GOAL] if outcome == "broke" else []
    busy = {"hub": hub, "swarm": hub / 2, "publisher": 0.1, "machine": min(1.0, hub)}
    return Load(
        at=at,
        outcome=outcome,
        values={} if p95 is None else {GOAL: p95},
        broken=broken,
        busy={} if p95 is None else busy,
        cause=cause,
        why=why,
    )


BUSY = "with the hub at 99% of a core"
SEARCHES = {
    "the server ran out": [
        *[trial(100 * 2**i, "held", 0.002 * 1.5**i, 0.03 * 2**i) for i in range(6)],
        *[trial(6400, "broke", 0.9, 1.0, "server", BUSY)] * 2,
        *[trial(4500, "broke", 0.2, 0.99, "server", BUSY)] * 2,
        trial(3800, "held", 0.06, 0.95),
        *[trial(4100, "broke", 0.15, 0.99, "server", BUSY)] * 2,
    ],
    "failures": [
        trial(100, "held", 0.002, 0.1),
        *[trial(200, "failed", None, 0, "errors", "only 150 of 200 subscribers connected")] * 2,
    ],
    "nothing broke": [trial(100, "held", 0.002, 0.1)],
    "nothing held": [trial(1, "broke", 0.9, 0.1, "nothing", "with nobody busy")] * 2,
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_search_is_drawn_well(kind, tmp_path):
    (chart,) = charts_of_sweep(make_search(tmp_path, SEARCHES[kind]))
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)
    check_no_text_lies_on_another(texts)
    assert GOAL in [text for text, _ in texts]


def test_a_search_that_measured_nothing_is_not_drawn(tmp_path):
    assert charts_of_sweep(make_search(tmp_path, [], stopped=True)) == []
