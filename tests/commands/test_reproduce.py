"""`pushlab reproduce`: a list, a pass, a fail, and a real run of one scenario."""

import json

import pytest

from pushlab.cli import main

CLAIM = """
title = "A test of one poll a second"
source = "nobody"

[[claim]]
says = "Polls a second"
status = "V1"
unit = "polls"
published = 5.0
predicted = "10 / 2"
{measured}
holds = "{holds}"
check = "as published"
"""
SCENARIO = """
name = "mine"
clients = 5
warmup_s = 0.2
duration_s = 1.0
drain_s = 1.0
poll_interval_s = 0.2

[[transport]]
name = "short-polling"
"""


def test_the_list(capsys):
    assert main(("reproduce", "--list")) == 0
    assert "HTML5 WebSocket: A Quantum Leap" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("holds", "status", "word"), [("predicted == 5", 0, "pass"), ("predicted > 5", 1, "FAIL")]
)
def test_a_claim_that_is_arithmetic(tmp_path, capsys, holds, status, word):
    file = tmp_path / "mine.toml"
    file.write_text(CLAIM.format(measured="", holds=holds))
    out = tmp_path / "out"
    assert main(("reproduce", str(file), "--out", str(out))) == status
    told = capsys.readouterr().out
    assert f"{word}  Polls a second: published 5, predicted 5 polls  (as published; V1)" in told
    assert (out / "mine.png").stat().st_size > 10_000
    assert (out / "mine.svg").exists()
    (claim,) = json.loads((out / "mine.json").read_text())["claims"]
    assert claim["passed"] is (status == 0)


def test_a_claim_that_is_measured(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    measured = 'measured = \'cell("short-polling", "hits_per_client_per_s")\''
    file.write_text(CLAIM.format(measured=measured, holds="0.5 < measured < 10"))
    (tmp_path / "mine.scenario.toml").write_text(SCENARIO)
    out = tmp_path / "out"
    assert main(("reproduce", str(file), "--out", str(out), "--json")) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (out / told["run"] / "run.json").exists()
    assert told["claims"][0]["measured"] > 0


@pytest.mark.parametrize("arguments", [(), ("no-such-paper",), ("/nowhere/mine.toml",)])
def test_what_cannot_be_reproduced_is_told_in_one_line(capsys, arguments, tmp_path):
    assert main(("reproduce", "--out", str(tmp_path), *arguments)) == 2
    assert capsys.readouterr().err.count("\n") == 1
