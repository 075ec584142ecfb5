"""Every chart is drawn for every kind of run, says what it must, and keeps its words apart."""

import subprocess
import sys

import matplotlib
import matplotlib.image
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from pushlab.analysis.cost.architectures import DEFAULT, KINDS_OF_ARCHITECTURE
from pushlab.charts import draw_charts
from pushlab.charts.draw import charts_of
from pushlab.charts.frame import PAGE, PHONE, SLIDE
from pushlab.charts.view import view_of
from pushlab.errors import RunError
from pushlab.runs import Run
from tests.longer import mostly_soak
from tests.runs.simulated import FLOOR, STANDARD, Cell, at, simulate

NAMES = ["1-latency", "2-hits", "3-staleness", "4-bytes-and-cpu", "5-cost"]

RUNS = {
    "the five, and the floor": lambda root: simulate(root, *STANDARD, FLOOR),
    "a channel each, few messages": lambda root: simulate(
        root, *STANDARD, per_channel=1, rate=0.2, duration_s=6
    ),
    "several settings": lambda root: simulate(
        root,
        *[Cell(f"short-polling {s:g} s", "short-polling", {"interval_s": s}) for s in (0.5, 1, 5)],
        *[Cell(f"mqtt QoS {q}", "mqtt", {"qos": q}) for q in (0, 1, 2)],
        Cell("carrier-pigeon", "carrier-pigeon", delay_s=0.3),
        Cell("sse", "sse", marks=("generator-bound", "swarm at 91% of a core")),
        Cell("websocket", "websocket", jitter_between_trials=0.8),
        trials=3,
    ),
    "a failed cell": lambda root: simulate(
        root, STANDARD[0], Cell("mqtt", "mqtt", fail="the broker is not installed"), STANDARD[2]
    ),
    "a failed trial": lambda root: simulate(
        root, STANDARD[0], Cell("sse", "sse", fail_once="the hub was killed"), trials=3
    ),
    "one cell": lambda root: simulate(root, STANDARD[2], trials=1),
    "only failures": lambda root: simulate(root, Cell("sse", "sse", fail="no luck")),
    "no deliveries": lambda root: simulate(root, STANDARD[0], Cell("sse", "sse", loss=1.0)),
    "stopped": lambda root: simulate(root, *STANDARD, interrupt_after=2),
    "stopped at once": lambda root: simulate(root, *STANDARD, interrupt_after=0),
    "three servers": lambda root: simulate(
        root,
        *STANDARD[:3],
        FLOOR,
        *at("nchan", *STANDARD[:3], effort=0.4),
        *at("staging.example", STANDARD[2], effort=None, loss=0.001),
        trials=3,
        clients=20,
    ),
    "a foreign server alone": lambda root: simulate(root, *at("nchan", *STANDARD[1:3])),
    "twenty thousand rows and more": lambda root: simulate(
        root, *STANDARD[:3], clients=500, per_channel=500, rate=5.0, trials=1
    ),
}


#: Drawn for the report's page and for a phone too.
ON_PAGES = ("the five, and the floor", "a failed cell", "three servers")
EACH_TIME = (ON_PAGES[0], "a failed trial", "stopped at once", "a foreign server alone")
#: Charts of runs that have not all: see `charts_of`.
FEWER = {
    "three servers": ["1-latency", "2-hits", "4-bytes-and-cpu"],
    "a foreign server alone": ["1-latency", "2-hits", "3-staleness", "4-bytes-and-cpu"],
}


def ticks_beyond(axes):
    """The labels of ticks outside an axis, which matplotlib keeps but does not draw."""
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not min(low, high) <= tick.get_loc() <= max(low, high):
                yield tick.label1


@pytest.mark.parametrize("kind", mostly_soak(RUNS, lambda kind: kind in EACH_TIME))
def test_a_run_is_drawn_well(kind, tmp_path):
    run = Run.load(RUNS[kind](tmp_path))
    view = view_of(run)
    for sheet in (SLIDE, PAGE, PHONE) if kind in ON_PAGES else (SLIDE,):
        charts = charts_of(view, sheet)
        assert [chart.name for chart in charts] == FEWER.get(kind, NAMES)
        for chart in charts:
            texts, size = measured(chart.figure)
            if kind in FEWER:
                check_servers_are_named(run, chart, sheet, texts)
            else:
                check_every_cell_is_named(run, chart.name, texts)
            check_titles_are_short_and_all_words_on_the_page(texts, size)
            check_no_text_lies_on_another(texts)


def measured(figure):
    """The texts of a chart with their boxes, and the size of its sheet."""
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    unseen = {text for axes in figure.axes for text in ticks_beyond(axes)}
    texts = [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and text not in unseen
    ]
    return texts, figure.get_size_inches() * 100


@pytest.mark.soak
def test_each_chart_is_a_slide_and_a_drawing_always_the_same(standard, tmp_path):
    before = dict(matplotlib.rcParams)
    paths = draw_charts(standard, tmp_path / "charts")
    assert dict(matplotlib.rcParams) == before  # matplotlib is left as it was
    FigureCanvasAgg(Figure())
    check_each_chart_is_a_slide_and_a_drawing(paths)
    again = draw_charts(standard, tmp_path / "again")
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]


def check_each_chart_is_a_slide_and_a_drawing(paths):
    assert [path.name for path in paths] == [
        f"{name}.{kind}" for name in NAMES for kind in ("png", "svg")
    ]
    for path in paths:
        if path.suffix == ".png":
            assert matplotlib.image.imread(path).shape[:2] == (900, 1600)
        else:
            assert path.read_text().rstrip().endswith("</svg>")


def check_every_cell_is_named(run, name, texts):
    titles = {"short-polling": "Short polling", "sse": "SSE", "mqtt": "MQTT"}
    words = [text for text, _ in texts]
    for cell in run.cells:
        transport = cell.split(" ")[0]
        wanted = cell.replace(transport, titles.get(transport, transport))
        if transport in titles and not (name == "3-staleness" and len(run.cells) > 8):
            assert wanted in words, (name, cell)


def check_servers_are_named(run, chart, sheet, texts):
    """Once where there is one; else beside each row, or in its name."""
    words = [text for text, _ in texts]
    servers = list(dict.fromkeys(run.systems[cell] for cell in run.cells if cell != "null"))
    if len(servers) == 1:
        assert any("quick on nchan: " in text for text in words) == sheet.words
        assert "SSE" in words
    elif sheet.above:
        assert {"SSE on hub", "SSE on nchan", "SSE on staging.example"} <= set(words)
    else:
        assert words.count("hub") == words.count("nchan") == 3
        assert words.count("SSE") == words.count("Long polling") == 1
    if chart.name == "4-bytes-and-cpu" and len(servers) > 1:
        assert words.count("not watched") == 2  # CPU and memory


def check_titles_are_short_and_all_words_on_the_page(texts, size):
    for text, box in texts:
        assert text.count("\n") <= 2
        assert box.x0 >= 0, text
        assert box.x1 <= size[0], text
        assert box.y0 >= 0, text
        assert box.y1 <= size[1], text


def check_no_text_lies_on_another(texts):
    for i, (one, box) in enumerate(texts):
        for other, second in texts[i + 1 :]:
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            high = min(box.y1, second.y1) - max(box.y0, second.y0)
            # Boxes have air around the letters: a touch of them is none of the letters.
            assert wide < 3 or high < 6, (one, other)


def words_of(run):
    """The words on each chart, as one string."""
    return {
        chart.name: " | ".join(
            text.get_text().replace("\n", " ") for text in chart.figure.findobj(Text)
        )
        for chart in charts_of(view_of(run))
    }


def draw_and_read(path):
    return words_of(Run.load(path))


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    return Run.load(simulate(tmp_path_factory.mktemp("runs"), *STANDARD))


@pytest.fixture(scope="module")
def standard_words(standard):
    return words_of(standard)


def test_what_is_wrong_stands_on_the_chart(tmp_path):
    path = simulate(
        tmp_path,
        Cell("short-polling", "short-polling"),
        Cell("sse", "sse", marks=("generator-bound", "swarm at 91% of a core")),
        Cell("websocket", "websocket", jitter_between_trials=0.9),
        Cell("mqtt", "mqtt", fail="the broker died"),
        Cell("long-polling", "long-polling", loss=0.5),
        trials=3,
    )
    texts = draw_and_read(path)
    assert "unstable" in texts["1-latency"]
    for name in NAMES:
        timed = name in ("1-latency", "3-staleness")  # requests are counted, however late they are
        assert ("generator-bound" in texts[name]) == timed
        assert "91%" not in texts[name]
        assert "failed: the broker died" in texts[name]
        assert "lost" in texts[name]


def test_the_footer_tells_samples_duration_and_machine(standard_words):
    for name in NAMES:
        assert "n = 4,000 deliveries each" in standard_words[name]
        assert "2 trials of 10 s" in standard_words[name]
        assert "Simulated CPU at 2.4 GHz, 2 cores" in standard_words[name]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"per_channel": 100},
            "quick: 100 clients, one channel shared by all, 2 messages/s, constant arrivals",
        ),
        (
            {"per_channel": 1, "rate": 0.2, "arrivals": "poisson"},
            "quick: 100 clients, a channel each, 0.2 messages/s per channel, Poisson arrivals",
        ),
        (
            {"per_channel": 10},
            "quick: 100 clients, channels of 10, 2 messages/s per channel, constant arrivals",
        ),
    ],
)
def test_the_subtitle_tells_the_scenario(tmp_path, settings, line):
    view = view_of(Run.load(simulate(tmp_path, STANDARD[2], trials=1, **settings)))
    assert view.scenario() == line


def test_the_subtitle_stands_on_every_chart(standard_words):
    for name in NAMES:
        assert "quick: 100 clients, channels of 5" in standard_words[name]


def test_the_prediction_stands_beside_the_measurement(standard_words):
    assert "mean, by closed form" in standard_words["1-latency"]
    assert "closed form" in standard_words["2-hits"]


def test_a_month_is_that_of_one_architecture_with_its_kind(standard_words):
    said = standard_words["5-cost"]
    assert f"{DEFAULT.title} ({KINDS_OF_ARCHITECTURE[DEFAULT.kind]})" in said
    assert said.count("USD ") > 5


def test_the_title_follows_the_data(tmp_path):
    fast, slow = 0.001, 0.2
    for sse, websocket, winner in ((fast, slow, "SSE"), (slow, fast, "WebSocket")):
        path = simulate(
            tmp_path,
            Cell("sse", "sse", delay_s=sse),
            Cell("websocket", "websocket", delay_s=websocket),
            trials=3,
        )
        texts = draw_and_read(path)
        assert f"{winner} delivers in" in texts["1-latency"]
        assert f"behind in these trials, with {winner} up to" in texts["3-staleness"]


def test_polling_wins_where_it_does(tmp_path):
    # Many messages in one answer: asking seldom needs less than being told each time.
    path = simulate(
        tmp_path,
        Cell("short-polling", "short-polling", {"interval_s": 5.0}),
        STANDARD[3],
        STANDARD[4],
        rate=5.0,
        trials=3,
    )
    texts = draw_and_read(path)
    assert "short polling needs fewer than MQTT" in texts["2-hits"]
    assert "Polling wins" not in texts["1-latency"]


LONG = "a poll every second by a client that keeps its connection, through two proxies"


@pytest.mark.soak
def test_long_labels_and_twelve_cells_fit(tmp_path):
    cells = [Cell(f"{LONG} ({i})", "short-polling", {"interval_s": 1.0}) for i in range(3)]
    cells += [Cell(f"mqtt {i}", "mqtt", marks=("generator-bound",)) for i in range(9)]
    view = view_of(Run.load(simulate(tmp_path, *cells, trials=1, duration_s=4)))
    for sheet in (SLIDE, PHONE):
        for chart in charts_of(view, sheet):
            texts, size = measured(chart.figure)
            check_titles_are_short_and_all_words_on_the_page(texts, size)
            check_no_text_lies_on_another(texts)
            assert any(text.startswith("a poll ev") for text, _ in texts)


def test_a_label_is_no_formula(tmp_path):
    path = simulate(tmp_path, Cell(r"$\nofun$ & <b>", "sse"), trials=1, duration_s=4)
    (chart, *_) = charts_of(view_of(Run.load(path)))
    texts, _ = measured(chart.figure)
    assert r"$\nofun$ & <b>" in [text for text, _ in texts]


def test_importing_charts_does_not_start_pyplot():
    code = "import sys, pushlab.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_damaged_run_is_told_by_name(tmp_path):
    path = simulate(tmp_path, STANDARD[2], trials=1)
    (path / "publishes" / "trial-000.parquet").unlink()
    with pytest.raises(RunError, match=r"trial-000\.parquet"):
        draw_charts(Run.load(path), tmp_path / "charts")
