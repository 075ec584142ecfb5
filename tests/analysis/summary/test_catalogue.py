"""A figure is declared once: whatever shows, compares or judges figures finds it by itself.

`python -m tests.analysis.summary.test_catalogue` writes the table of results/README.md anew.
"""

import json
from itertools import groupby
from pathlib import Path
from typing import get_args

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.catalogue import FIGURES, Figure, Table, declare, shown_in
from pushlab.analysis.summary.figure import ratio
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.stored import store
from pushlab.charts import view_of
from pushlab.charts.report.tables import figures_table as report_table
from pushlab.charts.report.tables import ratio_table
from pushlab.charts.sweep import charts_of_sweep
from pushlab.cli import main
from pushlab.runs import Run
from tests.runs.simulated import FLOOR, STANDARD, simulate
from tests.runs.simulated_sweeps import make_sweep

TABLES = set(get_args(Table))
README = Path(__file__).parents[3] / "results/README.md"
BEGIN, END = "<!-- figures: made from the catalogue -->\n", "\n<!-- end of figures -->"


@pytest.fixture
def thrown_away():
    """One declaration, and nothing else anywhere."""
    one = Figure(
        "gulps_per_delivery",
        "gulps per delivery",
        ratio(lambda t: 7 * t.counts.delivered + t.record.index, lambda t: t.counts.delivered),
        "what a throw-away figure holds",
    ).but(
        interval=True,
        compared="ratio",
        ranked=9,
        per_trial=True,
        shown={"run": 0, "sweep": 0, "report": 0, "trials": 0},
        chart="9-gulps",
        axis="gulps",
        noun="gulping",
    )
    declare(one)
    yield one
    del FIGURES[one.name]


def output(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    return status, capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
def test_one_declaration_is_in_every_table_report_diff_objective_and_export(
    thrown_away, tmp_path, capsys
):
    folder = simulate(tmp_path, *STANDARD[:2], FLOOR, trials=3)
    store(analyse(Run.load(folder)))
    run = Run.load(folder)
    cell = run.summary["transports"]["short-polling"]
    assert cell["gulps_per_delivery"] == pytest.approx(7, rel=0.01)
    assert len(cell["gulps_per_delivery_ci"]) == 2
    assert cell["per_trial"][0]["gulps_per_delivery"] == 7
    assert "gulps_per_delivery" in run.summary["comparisons"]

    assert "gulps per delivery" in output(capsys, "show", folder)[1]
    assert "gulps_per_delivery" in output(capsys, "show", folder, "--json")[1]
    status, told = output(capsys, "check", folder, "--slo", "gulps_per_delivery<8")
    assert (status, told.count("met     ")) == (0, 2)
    assert output(capsys, "check", folder, "--slo", "gulps_per_delivery<6")[0] == 1
    assert "gulps_per_delivery" in output(capsys, "diff", folder, folder, "--all")[1]
    status, told = output(capsys, "export", folder, "--what", "summary")
    assert "gulps_per_delivery,gulps_per_delivery_ci_low" in told.replace('"', "")
    assert "gulps_per_delivery" in output(capsys, "export", folder, "--what", "trials")[1]

    view = view_of(run)
    for table in (report_table(view), ratio_table(view, "short-polling")):
        assert "Gulps per delivery" in [column.words for column in table.columns]
    output(capsys, "report", folder)
    assert (folder / "report.html").read_text().count("Gulps per delivery") >= 3
    assert "`gulps_per_delivery`" in figures_table()


def test_one_declaration_is_in_a_sweeps_table_and_charts(thrown_away, tmp_path, capsys):
    sweep = make_sweep(tmp_path, {"clients": [10, 20]}, lambda values: STANDARD[:1])
    (chart,) = [chart for chart in charts_of_sweep(sweep) if chart.name == "9-gulps"]
    assert "ulping" in chart.title
    assert "gulps per delivery" in output(capsys, "show", sweep.path)[1]


def test_a_name_stands_for_one_figure(thrown_away):
    with pytest.raises(ValueError, match="gulps_per_delivery"):
        declare(thrown_away)


def test_declarations_name_one_another_rightly():
    keys = {one.key for one in FIGURES.values() if one.ranked}
    for one in FIGURES.values():
        for name in (one.model, one.whole, one.counted_by):
            assert not name or name in FIGURES, one.name
        assert not one.steady_as or one.steady_as in keys, one.name
        assert one.words, one.name
        assert one.about, one.name
        assert set(one.shown) <= TABLES
        assert not one.chart or (one.axis and one.noun), one.name
    for table in TABLES:
        assert shown_in(table)


def test_an_older_summary_shows_what_it_lacks_as_not_there():
    told = {"status": "ok", "latency_s": {"p50": 0.5}, "trials": {"ok": 1}}
    cell = CellSummary.from_json(told)
    assert cell["latency_s.p50"] == 0.5
    assert {cell[name] for name in FIGURES} == {None, 0.5, 1}
    assert (cell.count("lost"), cell.interval("latency_s.p50")) == (0, None)
    assert json.dumps(cell.to_json(), allow_nan=False)
    with pytest.raises(KeyError, match="beauty"):
        cell["beauty"]


def test_a_run_of_an_older_pushlab_is_shown_with_its_rows_gone(tmp_path, capsys):
    folder = simulate(tmp_path, *STANDARD[:1], trials=2)
    store(analyse(Run.load(folder)))
    document = json.loads((folder / "run.json").read_text())
    for key in ("format", "source", "digest"):
        del document["summary"][key]
    for cell in document["summary"]["transports"].values():
        for key in ("client", "clock_bound_s", "staleness_s", "hits_per_delivery"):
            del cell[key]
    (folder / "run.json").write_text(json.dumps(document))
    for kind in ("publishes", "deliveries", "connects"):
        for path in (folder / kind).glob("*.parquet"):
            path.unlink()
    status, told = output(capsys, "show", folder)
    assert status == 0
    assert "short-polling" in told
    assert "rows of this run are not here" in " ".join(told.split())


def figures_table() -> str:
    """The table of results/README.md: every figure, its unit, and what it holds."""
    lines = ["| figures | unit | hold |", "|---|---|---|"]
    for about, group in groupby(FIGURES.values(), key=lambda one: one.about):
        found = list(group)
        names = ", ".join(f"`{one.name}`" for one in found)
        units = ", ".join(dict.fromkeys(one.unit for one in found if one.unit))
        intervals = ", ".join(f"`{one.name}_ci`" for one in found if one.interval)
        told = f"{about}; 95 % intervals: {intervals}" if intervals else about
        if not all(one.stored for one in found):
            told += " (made of the others, not stored)"
        since = max(one.since for one in found)
        told += f" (from format {since} on)" if since > 1 else ""
        lines.append(f"| {names} | {units or 'a number'} | {told} |")
    return "\n".join(lines)


def test_the_readme_has_the_table():
    text = README.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == figures_table()


if __name__ == "__main__":
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(before + BEGIN + figures_table() + END + after, encoding="utf-8")


def test_where_nobody_has_samples_for_a_p99_a_table_shows_the_p95():
    def columns(*values, floor=False):
        cells = [CellSummary(status="ok", values=one) for one in values]
        cells.append(CellSummary(status="ok", floor=True, values={"latency_s.p99": 0.1}))
        return [one.name for one in shown_in("run", cells)]

    few, many = {"latency_s.p95": 1.0}, {"latency_s.p95": 1.0, "latency_s.p99": 2.0}
    assert "latency_s.p95" in columns(few, few)
    assert "latency_s.p99" not in columns(few, few)
    assert "latency_s.p99" in columns(few, many)
    assert "latency_s.p95" not in columns(few, many)
    assert [one.name for one in shown_in("run")].count("latency_s.p99") == 1
