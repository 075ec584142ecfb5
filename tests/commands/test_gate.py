"""`pushlab gate` as a user and a CI job meet it."""

import json
from xml.etree import ElementTree

import pytest

from tests.commands.calling import run
from tests.runs.simulated import Cell, simulate

ODD = 'a "cell" | <b>&amp;\x07 ] 字'


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """BASE; NEW, which is no slower in `sse` and slower in the cell with an odd name."""
    place = tmp_path_factory.mktemp("runs")
    return [
        simulate(place, Cell("sse", "sse", delay_s=0.1), Cell(ODD, "sse", delay_s=slow), trials=4)
        for slow in (0.1, 0.2)
    ]


def test_a_pass_exits_0(capsys, runs):
    status, out, err = run(capsys, "gate", *runs, "--figure", "sse.p50", "--worse", "20%")
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == f"BASE: {runs[0]}"
    assert "pass          sse.latency_s.p50: at most 20.0 % worse" in out
    assert "99 % interval" in out
    assert out.endswith("gate: pass (1 pass)\n")
    assert max(map(len, out.splitlines()[2:])) <= 80


def test_a_fail_exits_1_and_each_figure_may_have_its_own_limit(capsys, runs):
    asked = ("--figure", "*.mean", "--worse", "20%", "--figure", "*.bytes_per_delivery")
    status, out, _ = run(capsys, "gate", *runs, *asked, "--worse", "5%", "--json")
    found = json.loads(out)
    assert (status, found["outcome"]) == (1, "fail")
    assert [(x["figure"], x["worse"], x["outcome"]) for x in found["figures"]] == [
        ("latency_s.mean", 0.2, "pass"),
        ("latency_s.mean", 0.2, "fail"),
        ("bytes_per_delivery", 0.05, "pass"),
        ("bytes_per_delivery", 0.05, "pass"),
    ]


def test_what_is_not_known_exits_3_and_says_what_would_tell(capsys, tmp_path):
    cell = Cell("sse", "sse", delay_s=0.1, jitter_between_trials=0.2)
    paths = [simulate(tmp_path, cell, trials=3, seed=seed) for seed in (1, 2)]
    status, out, _ = run(capsys, "gate", *paths, "--figure", "sse.mean", "--worse", "10%")
    assert status == 3
    assert "inconclusive  sse.latency_s.mean" in out
    assert "needs about" in out
    assert "trials of each\n" in out


def test_reports_for_other_programs(capsys, runs, tmp_path):
    junit, page = tmp_path / "gate.xml", tmp_path / "gate.md"
    asked = ("--figure", "*.mean", "--worse", "20%", "--junit", junit, "--markdown", page)
    assert run(capsys, "gate", *runs, *asked)[0] == 1
    top = ElementTree.parse(junit).getroot()
    assert (top.tag, top.get("tests"), top.get("failures"), top.get("errors")) == (
        "testsuites",
        "2",
        "1",
        "0",
    )
    good, bad = top.findall("./testsuite/testcase")
    assert good.get("classname") == "pushlab.gate.sse"
    assert good.get("name") == "latency_s.mean is not worse by 20.0 %"
    assert bad.get("classname") == f"pushlab.gate.{ODD}".replace("\x07", "\ufffd")
    assert bad.find("failure").get("type") == "fail"
    (row,) = [line for line in page.read_text().splitlines() if line.startswith("| a ")]
    assert row.count("|") - row.count("\\|") == 8
    assert "\\<b\\>" in row
    assert page.read_text().startswith("### pushlab gate: ❌ fail\n")
    status, out, err = run(capsys, "gate", *runs, *asked[:4], "--markdown", "-")
    assert (status, out) == (1, page.read_text())
    assert "gate: FAIL" in err


def test_inconclusive_is_an_error_in_junits_sense(capsys, tmp_path):
    paths = [
        simulate(tmp_path, Cell("sse", "sse", delay_s=0.1), trials=1, seed=seed) for seed in (1, 2)
    ]
    junit = tmp_path / "gate.xml"
    asked = ("--figure", "sse.mean", "--worse", "20%", "--junit", junit)
    assert run(capsys, "gate", *paths, *asked)[0] == 3
    (error,) = ElementTree.parse(junit).getroot().findall("./testsuite/testcase/error")
    assert "single trial" in error.get("message")


@pytest.mark.parametrize("flag", ["--junit", "--markdown"])
def test_an_answer_that_cannot_be_written_is_told_at_least(capsys, runs, flag):
    asked = ("--figure", "sse.p50", "--worse", "20%", flag, "/dev/full")
    status, out, err = run(capsys, "gate", *runs, *asked)
    assert (status, out.endswith("gate: pass (1 pass)\n")) == (2, True)
    assert err == f"pushlab: {flag}: /dev/full cannot be written (No space left on device)\n"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--figure", "sse.p50"], "--worse"),
        (["--worse", "20%"], "--figure"),
        (["--figure", "sse.p50", "--worse", "0%"], "above 0 %"),
        (["--figure", "sse.p50", "--worse", "5000%"], "1000 %"),
        (["--figure", "sse.p50", "--worse", "1%", "--worse", "2%"], "2 times --worse"),
        (["--figure", "sse.p50", "--worse", "1%", "--at-most", "3"], "--at-most"),
        (["--figure", "sse.p50", "--worse", "1%", "--out", "x"], "--out"),
        (["--figure", "sse.p50", "--worse", "1%", "--junit", "/no/where.xml"], "--junit"),
        (["--figure", "sse.p50", "--worse", "1%", "--junit", "-"], "'-' is no file"),
        (["--figure", "sse.p50", "--worse", "1%", "--json", "--markdown", "-"], "--markdown"),
        (["--figure", "mqtt.p50", "--worse", "1%"], "no cell 'mqtt'"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(capsys, runs, asked, told):
    status, out, err = run(capsys, "gate", *runs, *asked)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
