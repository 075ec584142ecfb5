"""`pushlab savings`: a log in, the old wire beside push out, no token anywhere."""

import json
import re
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.forecast.day import days_of
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.cli import main
from pushlab.commands.savings_table import print_savings, sentences
from pushlab.commands.usage import Usage, scenario_of, usage_of
from pushlab.contract.registry import load_transport
from pushlab.lab.scenario.replay import replaying
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.runs import Run
from tests.commands.old_logs import Line, polls, write

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
    over = {one["figure"]: one for one in told["over_old"]["sse"]}
    assert over["hits_per_delivery"]["ratio"] == 0
    assert over["bytes_per_delivery"]["ratio"] < 1
    assert over["bytes_per_delivery"]["answer"] == "unknown"  # of one trial each
    assert over["bytes_per_delivery"]["missing"] == "too few trials"
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


@pytest.mark.parametrize(("interval", "window_s"), [("0.5s", 10), ("30s", 90), ("1d", 3600)])
def test_a_window_sees_each_client_poll_a_few_times(tmp_path, interval, window_s):
    path = tmp_path / "mine.toml"
    numbers = ("--users", "500", "--rate-per-user", "1/s", "--poll-interval", interval)
    assert run(*numbers, "--write", path) == 0
    assert load_scenario(path).duration_s == window_s


@pytest.mark.parametrize(("rate_per_s", "told"), [(0.04, 0), (0.06, 1)])
def test_more_messages_than_polls_are_a_queue_that_grows(reference, capsys, rate_per_s, told):
    usage = replace(_usage(), rate_per_s=rate_per_s, interval_s=20.0)
    scenario = load_scenario("off-polling").override(rate_per_s=rate_per_s, poll_interval_s=20.0)
    print_savings(reference, {}, "short-polling", usage, scenario)
    said = capsys.readouterr().out
    assert said.count("! A poll brings one message, and 1.20 come between two") == told


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
    assert one["sse"].cores < days["sse"].cores < 3000 * one["sse"].cores  # idling is there once
    part = days_of(reference, replace(_usage(), users=0.1).workload())
    assert part["short-polling"].requests == pytest.approx(8_640)
    assert part["sse"].cores == pytest.approx(one["sse"].cores / 10)
    low, high = days["sse"].cores_ci
    assert low < days["sse"].cores < high
    assert any("connections per server" in told for told in days["sse"].beyond)
    assert not any("connections per server" in told for told in one["sse"].beyond)


def _told(*, figure="cpu_s_per_delivery", **pair):
    pair = {"low": "sse", "high": "polling", "answer": "unknown", **pair}
    return sentences({figure: Ranking(["sse", "polling"], [Pair(**pair)])}, "polling")


def test_what_differs_what_is_the_same_and_what_is_not_known_are_three():
    needs = "sse, of what polling needs for the same messages"
    assert _told(answer="changed", ratio=4.0, ci=(2.0, 5.0)) == [
        f"{needs}: CPU 0.25 × (0.20 to 0.50 ×)."
    ]
    assert _told(answer="same", ratio=1.0)[0].startswith("sse and polling: the same within 10 % in")
    assert _told(figure="hits_per_delivery", answer="changed") == [f"{needs}: no requests."]
    (open_one,) = _told(ratio=1.25, more_trials=4)
    assert open_one.startswith("Not known: sse's CPU 0.80")
    assert open_one.endswith(", needs about 4 more trials.")


def test_a_marked_pair_makes_no_finding():
    (told,) = _told(answer="changed", ratio=4.0, withheld={"marked": "sse: busy-machine"})
    assert told.startswith("Not known: sse's CPU 0.25")
    assert told.endswith(", marked.")


def test_a_log_with_long_pauses_has_a_part_of_a_user(tmp_path):
    """Its day has the requests that the log has, and not those of one who is there all day."""
    later = [Line(one.at_s + 36_000, one.target, one.size) for one in polls(users=1)]
    path = write(tmp_path / "a.log", [*polls(users=1), *later])
    plain = load_scenario("off-polling")
    usage = usage_of(path, {}, load_transport("channel-api-dev"), plain)
    assert usage.users == pytest.approx(120 / 36_060, rel=0.05)
    assert scenario_of(usage, plain).clients == 1
    said = usage_of(path, {"rate_per_s": 1.0}, load_transport("channel-api-dev"), plain)
    assert scenario_of(said, plain).clients == 1


def test_the_table_says_what_was_measured_and_what_was_not(reference, tmp_path, capsys):
    path = write(tmp_path / "a.log", polls(), "app-engine")
    read = usage_of(path, {}, load_transport("channel-api-dev"), load_scenario("off-polling"))
    usage = _usage(read.log)
    days = days_of(reference, usage.workload())
    print_savings(reference, days, "short-polling", usage, load_scenario("off-polling"))
    told = capsys.readouterr().out
    assert "polls of 10 clients in 1 min, every 0.50 s" in told
    assert "of the answers have 124 bytes, and none has fewer: likely" in told
    assert "Measured: 100 users" in told
    assert "Extrapolated to a day with 3,000 users" in told
    assert "259 million" in told
    assert "beyond what was measured" in told


def test_what_takes_many_cores_is_told_in_cores(reference, capsys):
    """And a log of more users than are measured is measured by a sample."""
    usage = replace(_usage(), users=1e6)
    scenario = replaying(load_scenario("off-polling"), [(1.0, 0, 100)], clients=500, span_s=22)
    days = days_of(reference, usage.workload())
    print_savings(reference, days, "short-polling", usage, scenario)
    told = capsys.readouterr().out
    assert re.search(r"CPU +[\d,]+ cores", told)
    assert "for each, a sample of the log's busiest stretch" in told


def test_half_a_scenario_is_not_left(tmp_path, capsys):
    numbers = ("--users", "5", "--rate-per-user", "1/s")
    with patch("pushlab.commands.savings.scenario_as_toml", side_effect=OSError(28, "No space")):
        assert run(*numbers, "--write", tmp_path / "a.toml") == 2
    assert "No space" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
