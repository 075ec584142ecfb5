"""`pushlab predict` from its arguments to its words."""

import json
import re

import pytest

from benchmarks.log.made import Truth, write
from pushlab.cli import main
from tests.runs.simulated import FLOOR, STANDARD, Cell, simulate

ASKED = ("predict", "--clients", "1e6", "--rate-per-client", "1/min", "--one-way", "50ms")


def test_a_million_clients(capsys):
    assert main(ASKED) == 0
    told = capsys.readouterr().out
    assert "1,000,000 clients, 1 message a minute each, polls every 5 s" in told
    lines = {line[:28].strip(): line.split()[-5:] for line in told.splitlines() if line}
    assert lines["hits/s"][:2] == ["200,000", "42,250"]
    assert lines["latency, mean"][0] == "ms" or "2.55" in told
    assert "give a run" in told


def test_the_same_as_json(capsys):
    assert main((*ASKED, "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    polled = told["transports"]["short-polling"]
    assert polled["closed"]["hits_per_s"] == 200_000
    assert polled["closed"]["percentiles_s"]["p50"] == pytest.approx(2.55)
    assert polled["simulated"]["hits_per_s"] == pytest.approx(200_000, rel=0.02)
    assert polled["servers"] is None


def test_a_seed_makes_it_reproducible(capsys):
    def told(seed):
        assert main((*ASKED, "--clients", "1000", "--json", "--seed", seed)) == 0
        return capsys.readouterr().out

    assert told("3") == told("3")
    assert told("3") != told("4")


def test_servers_from_a_run(capsys, tmp_path):
    assert main((*ASKED, "--calibrate", str(simulate(tmp_path)))) == 0
    told = capsys.readouterr().out
    assert "CPU per hit" in told
    assert "servers, with headroom" in told
    assert "extrapolated beyond what was measured" in told


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--clients", "-5"), "--clients"),
        (("--clients", "0"), "--clients"),
        (("--clients", "many"), "--clients"),
        (("--rate-per-client", "-1/s"), "rate"),
        (("--poll-interval", "0s"), "interval"),
        (("--payload", "3 miles"), "--payload"),
        (("--one-way", "-1ms"), "delay"),
        (("--per-channel", "0"), "channel"),
        (("--hold", "0"), "hold"),
        (("--headroom", "1"), "--headroom"),
        (("--server-memory", "0"), "--server-memory"),
        (("--seed", "-1"), "--seed"),
        (("--calibrate", "/nowhere"), "/nowhere"),
        (("--validate", "/nowhere"), "--validate"),
    ],
)
def test_nonsense_is_refused_in_one_line(capsys, arguments, word):
    try:
        status = main((*ASKED, *arguments))
    except SystemExit as left:  # argparse has refused a value
        status = left.code
    assert status in (1, 2)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert word in told.err


def test_a_log_is_a_load(tmp_path, capsys):
    write(tmp_path / "a.log", Truth(clients=60, span_s=90.0, messages=3))
    asked = ("--path", "/api/poll", "--out", tmp_path / "out")
    assert main(["workload", "from-log", *map(str, (tmp_path / "a.log", *asked))]) == 0
    capsys.readouterr()
    assert main(["predict", "--log", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert told.startswith("80.0 % of 12 polls a second bring nothing")
    assert "the log allows" in told
    assert main(["predict", "--log", str(tmp_path / "out"), "--clients", "1e6", "--json"]) == 0
    work = json.loads(capsys.readouterr().out)["workload"]
    assert work["clients"] == 1e6
    assert work["interval_s"] == pytest.approx(5, rel=0.01)
    assert work["payload_bytes"] == pytest.approx(900)
    assert main(["predict", "--validate", "x", "--log", str(tmp_path / "out")]) == 2
    assert "--validate does not go with --log" in capsys.readouterr().err
    assert main(["predict", "--log", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_without_clients_it_says_what_to_give(capsys):
    assert main(("predict",)) == 2
    assert "--clients 1e6" in capsys.readouterr().err


def test_validating(capsys, tmp_path):
    good = simulate(tmp_path / "good", STANDARD[0], FLOOR, per_channel=1, trials=5)
    assert main(("predict", "--validate", str(good))) == 0
    told = capsys.readouterr().out
    assert re.search("short-polling +hits .* agrees\n", told)
    bad = simulate(tmp_path / "bad", Cell("sse", "sse", delay_s=0.02), trials=3)
    assert main(("predict", "--validate", str(bad))) == 1
    assert "! sse: mean latency: differs" in capsys.readouterr().out
    assert main(("predict", "--validate", str(bad), "--json")) == 1
    hits, late = json.loads(capsys.readouterr().out)[0]["checks"]
    assert (hits["answer"], late["answer"]) == ("agrees", "differs")
    few = simulate(tmp_path / "few", Cell("sse", "sse"), trials=1)
    assert main(("predict", "--validate", str(few))) == 3
    assert "? sse: mean latency: not known: too few trials" in capsys.readouterr().out
