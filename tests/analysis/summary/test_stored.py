"""The rows are the source: a stored summary is a cache, and not believed where it does not fit."""

import json
import re
import shutil

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary import stored, summarise
from pushlab.analysis.summary.stored import store, stored_summary, summary_of
from pushlab.charts import view_of
from pushlab.cli import main
from pushlab.commands.report import report_of
from pushlab.errors import RunError
from pushlab.quantities import duration
from pushlab.runs import Run
from tests.runs.simulated import FLOOR, STANDARD, Cell, simulate


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = simulate(tmp_path_factory.mktemp("runs"), STANDARD[2], FLOOR, trials=5)
    store(analyse(Run.load(path)))
    return path


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "run")


def edit(folder, change):
    document = json.loads((folder / "run.json").read_text())
    change(document)
    (folder / "run.json").write_text(json.dumps(document))


def p99_is_9_99(document):
    document["summary"]["transports"]["sse"]["latency_s"]["p99"] = 9.99


def an_older_pushlabs(document):
    p99_is_9_99(document)
    for key in ("format", "source", "digest"):
        del document["summary"][key]


def other_formulas(document):
    p99_is_9_99(document)
    document["summary"]["format"] = 1
    del document["summary"]["digest"]


def told_by_all(folder, capsys):
    """What each command says of SSE's p99."""

    def output(*arguments):
        assert main([*arguments]) == 0
        return capsys.readouterr().out

    path = str(folder)
    report = report_of(view_of(Run.load(folder)), folder / "report.html").read_text()
    row = re.search(r"(?s)<tr[^>]*>(?:(?!</tr>).)*?SSE.*?</tr>", report)[0]
    (line,) = [line for line in output("show", path).splitlines() if line.startswith("sse ")]
    checked = output("check", path, "--slo", "sse.p99<1min")
    return {
        "show": line,
        "report": re.sub(r"\s+", " ", row),
        "check": checked,
        "check --json": duration(
            json.loads(output("check", path, "--json", "--slo", "sse.p99<1min"))["objectives"][0][
                "value"
            ]
        ),
        "show --json": duration(
            json.loads(output("show", path, "--json"))["transports"]["sse"]["latency_s"]["p99"]
        ),
        "export": output("export", path, "--what", "summary"),
        "diff": output("diff", path, path, "--all"),
    }


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("change", [p99_is_9_99, an_older_pushlabs, other_formulas])
def test_a_p99_edited_by_hand_is_believed_nowhere(folder, capsys, change):
    p99_s = summary_of(Run.load(folder)).cells["sse"]["latency_s.p99"]
    edit(folder, change)
    for command, text in told_by_all(folder, capsys).items():
        assert "9.99 s" not in text, command
        assert (str(p99_s)[:7] if command == "export" else duration(p99_s)) in text, command
    assert stored_summary(Run.load(folder)) is None


def test_a_row_that_was_changed_is_seen(folder):
    assert stored_summary(Run.load(folder)) is not None
    other = simulate(folder.parent / "other", STANDARD[2], FLOOR, trials=3, seed=2)
    name = "deliveries/trial-000.parquet"
    shutil.copy(other / name, folder / name)
    assert stored_summary(Run.load(folder)) is None


def test_a_trials_record_that_was_changed_is_seen(folder):
    edit(folder, lambda document: document["trials"][0]["server"].update(cpu_s=77.0))
    assert stored_summary(Run.load(folder)) is None
    assert summary_of(Run.load(folder)).cells[Run.load(folder).trials[0].cell]["server_cpu_s"] > 77


def test_a_cache_that_fits_is_shown_without_the_rows_being_read(folder, monkeypatch):
    monkeypatch.setattr(summarise, "analyse", lambda run: pytest.fail("the rows were read"))
    assert summary_of(Run.load(folder)).to_json() == stored_summary(Run.load(folder)).to_json()


def test_an_edited_summary_without_rows_is_an_error(folder):
    edit(folder, p99_is_9_99)
    for kind in ("publishes", "deliveries", "connects"):
        shutil.rmtree(folder / kind)
    with pytest.raises(RunError, match="parquet"):
        summary_of(Run.load(folder))


def test_a_damaged_summary_without_rows_is_told_in_one_line(folder):
    edit(folder, lambda document: document.update(summary={"transports": {"sse": []}}))
    for kind in ("publishes", "deliveries", "connects"):
        shutil.rmtree(folder / kind)
    with pytest.raises(RunError, match=r"summary: is not what an analysis writes"):
        summary_of(Run.load(folder))


def test_each_trial_is_analysed_once_and_each_cell_summarised_once(folder, monkeypatch, request):
    seen, cells = [], []
    read, put_together = summarise.figures_of, summarise._cell
    monkeypatch.setattr(
        summarise, "figures_of", lambda run, trial: (seen.append(trial.order), read(run, trial))[1]
    )
    monkeypatch.setattr(
        summarise, "_cell", lambda *given: (cells.append(given[0]), put_together(*given))[1]
    )
    analysis = analyse(Run.load(folder))
    store(analysis)
    report_of(view_of(analysis))
    assert sorted(seen) == [
        trial.order for trial in sorted(analysis.run.trials, key=lambda t: t.order)
    ]
    assert len(cells) == len(set(map(id, cells))) == len(analysis.run.cells)
    seen.clear()
    cells.clear()
    request.getfixturevalue("undrawn")  # its drawings have been seen to read nothing
    assert main(["report", str(folder)]) == 0  # from a folder: the floor's trials too
    assert (len(seen), len(cells)) == (len(analysis.run.trials), len(analysis.run.cells))


def test_the_digest_is_of_what_figures_are_made_of(folder):
    before = stored._source(Run.load(folder))
    edit(folder, lambda document: document.update(command=["another"]))
    assert stored._source(Run.load(folder)) == before


def test_a_run_with_a_failed_cell_is_kept_and_found_again(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), Cell("mqtt", "mqtt", fail="no broker"))
    made = store(analyse(Run.load(path)))
    assert stored_summary(Run.load(path)).to_json() == json.loads(json.dumps(made.to_json()))
