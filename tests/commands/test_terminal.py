"""What the terminal shows fits it; what a pipe gets is plain lines."""

import math
import re
from dataclasses import replace

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.mark import Mark
from pushlab.analysis.summary.stored import store, summary_of
from pushlab.analysis.summary.sweep_lines import summarise_points
from pushlab.commands.grid_table import print_sweep
from pushlab.commands.progress import Watcher, shortened
from pushlab.commands.terminal import print_run, run_table
from pushlab.lab.trial.events import Phase, Progress, RunStarted, TrialFinished, TrialStarted
from pushlab.runs import Run
from pushlab.tables.terminal import legend, lines, plain_lines
from tests.runs.simulated import FLOOR, STANDARD, Cell, at, simulate
from tests.runs.simulated_sweeps import make_sweep

LONG = "a poll every second by a client that keeps its connection"

ENDED = "5 subscribers were ended: slow (5)"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = simulate(
        tmp_path_factory.mktemp("runs"),
        *STANDARD[:4],
        Cell("mqtt", "mqtt", fail="the broker is not installed"),
        Cell(f"{LONG} [bold]:smile:", "short-polling", marks=("generator-bound",)),
        Cell("sse 2", "sse", loss=0.2),
        duration_s=4,
    )
    store(analyse(Run.load(folder)))
    return Run.load(folder)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    def cells(values):
        poll = Cell("short-polling", "short-polling", {"interval_s": values["poll_interval_s"]})
        down = "no broker" if values["clients"] > 50 else None
        return [poll, *STANDARD[1:4], Cell("mqtt", "mqtt", fail=down), FLOOR]

    axes = {"clients": [40, 400], "poll_interval_s": [0.5, 2]}
    found = make_sweep(tmp_path_factory.mktemp("sweeps"), axes, cells)
    summarise_points(found)
    return found


def fields(line):
    """As ``awk -F '  +'`` has them."""
    return re.split(" {2,}", line)


def on_a_terminal(sweep, width, capsys, monkeypatch):
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    print_sweep(sweep)
    return re.sub("\x1b[^m]*m", "", capsys.readouterr().out)


def shown(run, width):
    return "\n".join(line.plain for line in lines(run_table(summary_of(run).cells), width))


@pytest.mark.parametrize("width", [160, 100, 80, 60])
def test_the_table_fits_and_nothing_in_it_is_cut(run, width):
    text = shown(run, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "latency" in text
    assert "lost" in text
    assert "failed" in text


def test_what_does_not_fit_stands_in_a_second_block(run):
    assert "\n\n" not in shown(run, 160)
    first, second, *_ = shown(run, 80).split("\n\n")
    assert "mean" in first
    assert "USD" in second
    for name in run.cells:
        assert name.split()[-1] in first


def test_a_pipe_gets_a_line_for_each_transport(run):
    lines = plain_lines(run_table(summary_of(run).cells))
    assert len(lines) == 1 + len(run.cells)
    assert lines[0].split()[:3] == ["transport", "delivered", "lost"]
    assert any(line.startswith(f"{LONG} [bold]:smile: *") for line in lines)
    (sse,) = [line for line in lines if line.startswith("sse ") and not line.startswith("sse 2")]
    assert len(fields(sse)) == len(fields(lines[0])) > 5


@pytest.fixture(scope="module")
def two_servers(tmp_path_factory):
    cells = [*STANDARD[2:4], FLOOR, *at("nchan", *STANDARD[2:4], effort=0.4)]
    return Run.load(
        simulate(tmp_path_factory.mktemp("two"), *cells, trials=3, clients=10, duration_s=4)
    )


def test_a_pipe_gets_a_line_for_each_transport_and_server(two_servers, capsys):
    print_run(two_servers, summary_of(two_servers))
    told = capsys.readouterr().out.splitlines()
    rows = {tuple(fields(line)[:2]) for line in told if fields(line)[0] in ("sse", "websocket")}
    names = {(name, server.removesuffix(" *")) for name, server in rows}
    assert names == {(name, at) for name in ("sse", "websocket") for at in ("hub", "nchan")}
    assert any(line.startswith("nchan") and "clients" in line for line in told)
    assert any(line.startswith("- On the hub: ") for line in told)
    assert any(line.startswith("No month of nchan has a price: ") for line in told)
    assert not any("not all hits are reconciled" in line for line in told)  # the table says it


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_a_table_for_each_figure(two_servers, width, capsys, monkeypatch):
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    print_run(two_servers, summary_of(two_servers))
    told = re.sub("\x1b[^m]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, told)) <= width
    heads = [line.split() for line in told if line.split()[-2:] == ["hub", "nchan"]]
    assert ["CPU", "per", "delivery", "hub", "nchan"] in heads
    assert len(heads) > 4
    assert "how many times that of the hub it is" in " ".join(told)


def test_a_usual_runs_plain_table_is_narrow(tmp_path):
    folder = simulate(tmp_path, *STANDARD)
    store(analyse(Run.load(folder)))
    plain = plain_lines(run_table(summary_of(Run.load(folder)).cells))
    assert max(map(len, plain)) <= 100


def test_the_plain_table_has_the_terminals_values_and_explains_its_heads(run):
    table = run_table(summary_of(run).cells)
    found = plain_lines(table)
    name, *values = next(fields(line) for line in found if line.startswith("sse "))
    whole = shown(run, 160).splitlines()
    assert " ".join(next(line for line in whole if line.startswith(f"{name} ")).split()[1:]) == (
        " ".join(" ".join(values).split())
    )
    explained = legend(table, short=True)
    assert explained[0] == (
        "hits, bytes, CPU: per delivery; p50, p95, mean: latency; stale: at most; USD: a month."
    )
    in_full = " ".join(" ".join(whole[:2]).split())
    assert all(head in in_full for head in ("hits per", "stale", "latency", "USD a"))
    assert max(map(len, explained)) <= 100
    assert set(explained[1:]) < set(legend(table, short=False))
    assert "*: see the remarks below." in explained


def test_a_pipe_gets_no_escape_codes_and_no_wrapping(run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    print_run(run, summary_of(run))
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "[bold]:smile:" in text
    assert "! mqtt, trials 0, 1: failed (the broker is not installed).\n" in text


def test_what_the_run_says_stands_below_the_table(run, capsys):
    summary = summary_of(run)
    print_run(run, summary)
    text = capsys.readouterr().out
    for finding in summary.findings.values():
        assert f"\n- {finding}\n" in text


def test_a_void_run_says_so_in_its_headline(run, capsys):
    summary = summary_of(run)
    print_run(run, replace(summary, floor_s=10.0))
    assert capsys.readouterr().out.splitlines()[1].endswith("  [void]")
    print_run(run, replace(summary, floor_s=1e-6))
    assert "[void]" not in capsys.readouterr().out


def test_a_figure_that_something_is_held_against_has_a_star(run):
    summary = summary_of(run)
    wild = replace(summary.cells["sse"], unstable=["latency_s"], disturbances=[
        Mark("busy-machine", "the hub waited", {"latency_s.p50": math.inf}),
    ])  # fmt: skip
    table = run_table({"sse": wild, "websocket": summary.cells["websocket"]})
    head, *rows = (fields(line) for line in plain_lines(table))
    starred = {name for name, value in zip(head, rows[0], strict=True) if value.endswith("*")}
    assert starred == {"transport", "p50", "mean"}
    assert not any(value.endswith("*") for value in rows[1])
    assert legend(table, short=True)[-1] == "*: see the remarks below."
    whole = "\n".join(line.plain for line in lines(table, 120))
    assert " ms*" in whole or " s*" in whole or " µs*" in whole


def test_which_broker_carried_what_is_told(run, capsys):
    summary = summary_of(run)
    none, carried = (replace(summary.cells["sse"], broker=told) for told in (None, "embedded 0.1"))
    print_run(run, replace(summary, cells={"a": none, "b": carried, "c": carried}))
    assert "\nBroker: embedded 0.1 (b, c)\n" in capsys.readouterr().out
    print_run(run, replace(summary, cells={"a": none}))
    assert "Broker" not in capsys.readouterr().out


@pytest.mark.parametrize("width", [160, 100, 80, 60])
def test_the_table_of_a_sweep_fits_and_no_word_is_torn(sweep, width, capsys, monkeypatch):
    text = on_a_terminal(sweep, width, capsys, monkeypatch)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    words = text.split()
    for word in ("clients", "poll", "interval", "transport", "lost", "hits/s", "latency", "mean"):
        assert word in words
    for words_of_a_row in ("short-polling", "websocket", "500 ms", "failed"):
        assert words_of_a_row in text


def test_what_a_model_says_gives_way_first_in_a_sweep(sweep, capsys, monkeypatch):
    assert on_a_terminal(sweep, 120, capsys, monkeypatch).count("transport ") == 1
    text = on_a_terminal(sweep, 80, capsys, monkeypatch)
    first, second = text.split("(mean)")
    assert "CPU of" in first
    assert "(hits/s)" in second or "(hits/s)" in first.splitlines()[-1]
    assert "In brackets: what a closed form predicts." in second


def test_long_labels_and_keys_of_a_sweep_are_broken_at_blanks(tmp_path, capsys, monkeypatch):
    label = "carrier-pigeon with quite a long name of its own"
    found = make_sweep(
        tmp_path,
        {"rate_per_s": [1, 2], "short-polling.interval_s": [0.5, 2]},
        lambda values: [Cell(label, "carrier-pigeon"), Cell("sse", "sse", marks=(ENDED,))],
        trials=1,
    )
    summarise_points(found)
    print_sweep(found)
    out = capsys.readouterr().out
    assert "\nmessages/s  short-polling: interval  transport  " in out
    assert "\nmessages/s: per channel; p50, p95, mean: latency; CPU: of a core.\n" in out
    text = on_a_terminal(found, 80, capsys, monkeypatch)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    heads = text.split("transport")[0]
    assert {"messages/s", "short-polling:"} <= set(heads.split())
    assert {"per", "channel", "interval", *label.split()} <= set(text.split())
    assert f"! sse: marked {ENDED} [all points]" in text  # where its star points to


def test_a_pipe_gets_a_line_for_each_transport_at_each_point(sweep, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    print_sweep(sweep)
    text = capsys.readouterr().out
    assert "\x1b" not in text
    _, table, legend, notes = text.strip().split("\n\n")
    head, *lines = table.splitlines()
    assert fields(head)[:4] == ["clients", "poll interval", "transport", "lost"]
    assert len(lines) == 4 * 5
    for line in lines:
        assert len(fields(line)) == (4 if "failed" in line else len(fields(head)))
    points = [fields(line)[:2] for line in lines if fields(line)[2] in ("sse", "sse *")]
    assert points == [["40", "500 ms"], ["40", "2 s"], ["400", "500 ms"], ["400", "2 s"]]
    assert legend.startswith("p50, p95, mean: latency; CPU: of a core.\n")
    assert "[clients 400, poll interval 500 ms; clients 400, poll interval 2 s]" in notes


def test_a_dumb_terminal_gets_plain_text(run, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    print_run(run, summary_of(run))
    assert "\x1b" not in capsys.readouterr().out


def test_no_color_is_respected(run, capsys, monkeypatch):
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    print_run(run, summary_of(run))
    assert "\x1b[31m" not in capsys.readouterr().out
    monkeypatch.delenv("NO_COLOR")
    print_run(run, summary_of(run))
    assert "31m" in capsys.readouterr().out


def watched(run, warmup_s=0.5):
    """What a watcher says of one trial."""
    record = run.trials_of("sse")[0]
    with Watcher() as watcher:
        watcher(RunStarted(run.path, ("sse",), 1))
        watcher(TrialStarted(0, 0, "sse"))
        watcher(Progress(0, Phase.CONNECTING, connected=10))
        watcher(Progress(0, Phase.WARMUP, total_s=warmup_s))
        watcher(
            Progress(
                0, Phase.MEASURING, done_s=1, total_s=2, deliveries=40, median_latency_s=0.0012
            )
        )
        watcher(TrialFinished(record))


def test_progress_in_a_pipe_is_a_line_for_each_trial(run, capsys):
    watched(run)
    said = capsys.readouterr()
    assert said.out == ""
    assert "\x1b" not in said.err
    (line,) = said.err.strip().splitlines()
    assert "sse: ok (40 deliveries with warm-up, median 1.20 ms)" in line


def test_a_trial_without_warm_up_speaks_of_none(run, capsys):
    watched(run, warmup_s=0)
    assert "sse: ok (40 deliveries, median 1.20 ms)" in capsys.readouterr().err


def test_progress_on_a_terminal_moves(run, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    watched(run)
    text = capsys.readouterr().err
    assert "\x1b" in text
    assert "sse: ok (40 deliveries with warm-up, median 1.20 ms)" in text


def test_labels_keep_their_ends():
    assert shortened("short", 12) == "short"
    assert shortened("a label with 5 s", 12) == "a label… 5 s"
    assert len(shortened(LONG, 20)) <= 20
