"""`pushlab savings`: a log in, the old wire beside push out, no token anywhere."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.forecast.day import days_of
from pushlab.cli import main
from pushlab.commands.savings_table import print_savings, sentences
from pushlab.commands.usage import Usage
from pushlab.contract.registry import load_transport
from pushlab.lab.scenario.access_log import read_log
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.runs import Run
from tests.lab.scenario.logs import polls, write

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def run(*arguments: object) -> int:
    return main(["savings", *map(str, arguments)])


def test_a_log_is_measured_and_nothing_has_its_tokens(tmp_path, capsys):
    log = write(tmp_path / "access.log", polls(users=6, rate_per_s=2.0))
    short = ("--transports", "sse", "--trials", 1, "--duration", "1s", "--out", tmp_path / "out")
    assert run(log, *short, "--json") == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    old, new = told["day"]["channel-api-dev"], told["day"]["sse"]
    assert told["users"] == pytest.approx(6, rel=0.05)
    assert old["requests"] == pytest.approx(told["users"] / told["poll_interval_s"] * 86_400)
    assert new["requests"] == 0
    cells = told["measured"]["transports"]
    assert cells["channel-api-dev"]["clients"] == 6
    assert cells["channel-api-dev"]["latency_s"]["mean"] > cells["sse"]["latency_s"]["mean"]
    assert cells["sse"]["lost"] == cells["channel-api-dev"]["lost"] == 0
    assert told["over_old"]["sse"]["latency_s"]["ratio"] < 1
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any(path.name == "run.json" for path in written)
    for path in written:
        assert b"SECRET" not in path.read_bytes(), path.name
    assert "SECRET" not in said.out + said.err


def test_the_scenario_is_written_and_can_be_measured_later(tmp_path, capsys):
    log = write(tmp_path / "access.log", polls())
    path = tmp_path / "mine.toml"
    assert run(log, "--write", path) == 0
    made = load_scenario(path)
    assert (made.clients, made.channels, made.arrivals) == (10, "per-client", "trace")
    assert made.cells[0].interval_s == pytest.approx(0.5, rel=0.02)
    assert made.duration_s == pytest.approx(57, abs=2)  # a log of a minute has no more
    assert "SECRET" not in path.read_text()
    assert run(log, "--write", path) == 2  # it is there
    assert "cannot be written" in capsys.readouterr().err


def test_three_numbers_will_do(tmp_path):
    path = tmp_path / "mine.toml"
    numbers = ("--users", "3000", "--rate-per-user", "2/min", "--poll-interval", "2s")
    assert run(*numbers, "--write", path) == 0
    made = load_scenario(path)
    assert (made.clients, made.arrivals, made.cells[0].interval_s) == (500, "poisson", 2.0)
    assert made.rate_per_s == pytest.approx(1 / 30)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--users and --rate-per-user missing"),
        (["--users", "5"], "--rate-per-user missing"),
        (
            ["--users", "0", "--rate-per-user", "1/s"],
            "--users: 0 is out of range; it must be from 1 to",
        ),
        (["--users", "5", "--rate-per-user", "1/s", "--payload", "x"], "--payload"),
        (["--users", "5", "--rate-per-user", "1/s", "--payload", "1MB"], "--payload: 1e+06 is out"),
        (["nowhere.log"], "nowhere.log: cannot be read"),
        (["sizeless.log"], "it has no answers' sizes; say how many"),
        (["--users", "5", "--rate-per-user", "1/s", "--transports", "pigeon"], "pigeon"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    write(Path("sizeless.log"), polls(users=2, span_s=5), "first-console")
    try:
        status = run(*arguments)
    except SystemExit as left:  # the parser's own refusal
        status = left.code
    assert status == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert not said.out


# ---- what is told, of a run that is kept -----------------------------------------------------


@pytest.fixture(scope="module")
def reference():
    return analyse(Run.load(REFERENCE))


def _usage(log=None):
    return Usage(users=3000, rate_per_s=1.0, interval_s=1.0, payload_bytes=100, log=log)


def test_a_day_is_that_of_all_users(reference):
    days = days_of(reference, _usage().workload())
    assert days["short-polling"].requests == pytest.approx(3000 * 86_400)
    assert days["sse"].requests == 0
    one = days_of(reference, replace(_usage(), users=1).workload())
    assert days["sse"].cores == pytest.approx(3000 * one["sse"].cores)
    low, high = days["sse"].cores_ci
    assert low < days["sse"].cores < high
    assert any("connections per server" in told for told in days["sse"].beyond)
    assert not any("connections per server" in told for told in one["sse"].beyond)


def test_where_no_difference_is_shown_that_is_said(reference):
    """A cell against one that differs from it by chance alone, and by much."""
    cells = {name: reference.cells[name] for name in ("sse", "short-polling")}
    told = sentences({**cells, "again": cells["sse"]}, "sse")
    assert any(line.startswith("again and sse show no difference in") for line in told), told
    assert any(line.startswith("short-polling, of what sse needs") for line in told), told


def test_a_marked_cell_makes_no_finding(reference):
    told = sentences(reference.cells, "short-polling", marked=["sse"])
    found = {line.partition(", of what")[0] for line in told if ", of what" in line}
    assert "Marked below, so no finding yet: sse" in found
    assert "websocket" in found


def test_the_table_says_what_was_measured_and_what_was_not(reference, tmp_path, capsys):
    log = read_log(
        write(tmp_path / "a.log", polls(), "app-engine"), load_transport("channel-api-dev")
    )
    usage = _usage(log)
    days = days_of(reference, usage.workload())
    print_savings(reference, days, "short-polling", usage, load_scenario("off-polling"))
    told = capsys.readouterr().out
    assert "polls of 10 clients in 59 s, every 0.50 s" in told
    assert "124 bytes, is taken for an empty one" in told
    assert "Measured: 100 users" in told
    assert "Extrapolated to a day with 3,000 users" in told
    assert "259 million" in told
    assert "beyond what was measured" in told
