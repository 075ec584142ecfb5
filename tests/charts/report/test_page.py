"""The report says what the run says, needs nothing from elsewhere, and trusts no label."""

from itertools import pairwise

import pytest

from pushlab.charts import view_of
from pushlab.charts.report import page as page_module
from pushlab.charts.report.tables import baseline_of, ratio_table
from pushlab.errors import NotWritten, UsageError
from pushlab.lab.scenario.toml_reader import parse_scenario
from pushlab.runs import Run
from tests.charts.report.report_page import LONG, NASTY, Page, mixed, written
from tests.runs.simulated import STANDARD, Cell, at, simulate


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return mixed(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def page(run_folder):
    return Page(written(run_folder))


def test_the_finding_comes_first(page):
    (heading,) = [i for i, (tag, _) in enumerate(page.tags) if tag == "h1"]
    assert heading < next(i for i, (tag, _) in enumerate(page.tags) if tag == "h2")
    assert "delivers in" in page.text or "deliver in" in page.text


def test_nothing_comes_from_elsewhere(page):
    assert [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "embed")] == []
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, value)
        assert not [name for name in attributes if name.startswith("on")]
    assert "@import" not in page.source
    assert "url(" not in page.source.replace("url(#", "")


def test_headings_are_in_order_and_tables_have_headers(page):
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    heads = [attributes for tag, attributes in page.tags if tag == "th"]
    assert heads
    assert all(attributes.get("scope") in ("row", "col") for attributes in heads)
    assert [tag for tag, _ in page.tags].count("caption") == [t for t, _ in page.tags].count(
        "table"
    )


def test_ids_are_unique_and_links_lead_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        for name in ("href", "xlink:href", "aria-labelledby"):
            value = attributes.get(name) or ""
            if name == "aria-labelledby" and value:
                assert value in ids
            elif value.startswith("#"):
                assert value[1:] in ids, value


def test_every_figure_is_told_in_words(page):
    told = [a["aria-label"] for _, a in page.tags if a.get("role") == "img"]
    assert len(told) == 10
    for text in told[:5]:
        assert "Short polling: " in text
        assert "failed: the broker is not installed" in text


def test_what_went_wrong_is_said(page):
    for words in (
        "MQTT: failed: the broker is not installed.",
        "SSE: 1 of 3 trials failed (the hub was killed)",
        "generator-bound",
        "do not blame the transport",
        "swarm at 91% of a core",
        "unstable",
        "deliveries were lost",
        "95 % interval",
        "Measuring itself takes",
    ):
        assert words in page.text, words
    assert LONG in page.text


def test_the_table_has_the_figures_of_the_summary(page, run_folder):
    from pushlab.analysis import summarise

    cells = summarise(Run.load(run_folder)).cells
    polling = cells["short-polling"]
    assert f"{polling.count('delivered'):,}" in page.text
    assert f"{polling['latency_s.mean'] * 1e3:.0f} ms" in page.text
    assert f"{polling['hits_per_delivery']:.2f}" in page.text
    residual = polling["hits_total"] - polling["predicted.hits"]
    assert residual == 0  # the simulation polls as the model does
    assert "T/2 + d (F1)" in page.text
    assert "clients × duration / T" in page.text


def test_the_scenario_on_the_page_runs_again(page, run_folder):
    text = page.by_id["scenario-toml"]
    scenario = Run.load(run_folder).scenario
    again = parse_scenario(text.replace('name = "null"', 'name = "sse"'), "scenario.toml").to_json()
    given = {key: value for key, value in scenario.items() if key != "transports"}
    assert {key: value for key, value in again.items() if key != "transports"} == given
    assert [cell["label"] for cell in again["transports"]] == [
        cell["label"] for cell in scenario["transports"]
    ]


def test_labels_and_titles_are_text_and_nothing_else(tmp_path):
    folder = simulate(
        tmp_path,
        Cell(NASTY, "sse"),
        trials=1,
        duration_s=4,
        title="<img src=x onerror=alert(1)>",
    )
    page = Page(written(folder))
    assert "<script" not in page.source
    assert "<img" not in page.source
    assert NASTY in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    assert page.source.count("alert(1)") == page.source.count("&lt;script&gt;alert(1)") + (
        page.source.count("onerror=alert(1)&gt;")
    )


@pytest.mark.parametrize(
    ("cells", "more", "words"),
    [
        ([Cell("sse", "sse", fail="no luck")], {}, ["no trial went well", "SSE: failed: no luck"]),
        (STANDARD, {"interrupt_after": 0}, ["not complete", "SSE: not run"]),
        ([STANDARD[2]], {"trials": 1, "duration_s": 4}, ["A single trial", "SSE delivers in"]),
        ([Cell("sse", "sse", loss=1.0)], {"duration_s": 4}, ["deliveries arrived"]),
    ],
)
def test_a_run_with_little_in_it_has_a_page_too(tmp_path, cells, more, words):
    page = Page(written(simulate(tmp_path, *cells, **more)))
    for text in words:
        assert text in page.text


@pytest.mark.soak
def test_several_servers_have_a_section_and_each_its_own_baseline(tmp_path):
    cells = [*STANDARD[1:3], *at("nchan", *STANDARD[1:3], effort=0.4)]
    folder = simulate(tmp_path, *cells, trials=3, clients=10, per_channel=10, duration_s=3)
    page = Page(written(folder))
    for text in (
        "The servers",
        "CPU per delivery, by server.",
        "Multiples of long polling on the hub",
        "Multiples of long polling on nchan",
        "No month of nchan has a price",
    ):
        assert text in page.text
    assert "SSE on nchan" in page.text
    assert "not all hits are reconciled" not in page.text


@pytest.mark.soak
def test_twelve_cells_make_a_page_of_modest_size(tmp_path):
    cells = [Cell(f"{LONG} ({i})", "short-polling") for i in range(12)]
    path = written(simulate(tmp_path, *cells, trials=1, rate=20.0, clients=50, per_channel=50))
    assert path.stat().st_size < 2_000_000


def test_another_baseline(run_folder):
    view = view_of(Run.load(run_folder))
    table = ratio_table(view, baseline_of(view, "sse"))
    rows = {
        row.name: [
            column.told(cell) for column, cell in zip(table.columns, row.cells, strict=False)
        ]
        for row in table.rows
    }
    assert rows["SSE"] == ["1"] * 4
    assert float(rows["Short polling"][0].split()[0]) > 10  # half a second over a millisecond
    assert rows["Short polling"][1] == "-"  # SSE has no hits to divide by
    assert rows["MQTT"] == []
    with pytest.raises(UsageError, match=r"'pigeon' is none of this run's .*short-polling"):
        baseline_of(view, "pigeon")
    with pytest.raises(UsageError, match="'mqtt' has no figures"):
        baseline_of(view, "mqtt")


def test_a_page_that_cannot_be_written_is_told_before_it_is_drawn(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(page_module, "_page", lambda view, **_: drawn.append(view) or "a page")
    folder = simulate(tmp_path, Cell("sse", "sse", fail="no luck"))
    assert written(folder).read_text() == "a page"
    assert len(drawn) == 1
    (folder / "report.html").unlink()
    for in_the_way in (folder / "report.html", folder / "report.html.partial"):
        in_the_way.mkdir()
        with pytest.raises(NotWritten, match=r"report\.html: cannot be written"):
            written(folder)
        in_the_way.rmdir()
    assert len(drawn) == 1


def test_a_page_that_cannot_be_made_leaves_nothing(tmp_path):
    folder = simulate(tmp_path, Cell("sse", "sse", fail="no luck"))
    before = sorted(folder.iterdir())
    with pytest.raises(UsageError, match="pigeon"):
        written(folder, baseline="pigeon")
    assert sorted(folder.iterdir()) == before
