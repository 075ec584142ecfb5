"""`pushlab workload from-log`: a log in, findings and a scenario that can be measured out."""

import json
import signal
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.log.made import FORMS, Truth, write
from pushlab.analysis.log.findings import load_findings
from pushlab.cli import main
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.plan import TrialPlan

TRUTH = Truth(clients=60, span_s=90.0)


def run(*arguments: object) -> int:
    return main(["workload", "from-log", *map(str, arguments)])


@pytest.mark.parametrize("form", FORMS)
def test_a_scenario_is_written_that_has_the_rate_of_the_log(tmp_path, capsys, form):
    write(tmp_path / "a.log", TRUTH, form)
    assert run(tmp_path / "a.log", "--path", "/api/poll*", "--out", tmp_path / "out") == 0
    made, found = load_scenario(tmp_path / "out" / "scenario.toml"), load_findings(tmp_path / "out")
    assert (made.arrivals, made.channels, made.clients) == ("trace", "per-client", 60)
    assert made.rate_per_s == pytest.approx(found.rate_per_s(1.0), rel=0.02)
    schedule = TrialPlan(made, made.cells[0], 0, 0).schedule()
    assert len(schedule) / (schedule.end_ns / 1e9) / 60 == pytest.approx(made.rate_per_s, rel=0.02)
    assert all(298 <= size <= 302 for size in schedule.payload_bytes)  # heads differ by a few
    assert made.cells[0].interval_s == pytest.approx(5, rel=0.01)
    told = capsys.readouterr().out
    assert "bring nothing: each of 6" in told
    assert "A log holds polls, not publishes" in told


def test_nothing_that_is_written_or_printed_says_who(tmp_path, capsys):
    for form in FORMS:
        write(tmp_path / f"{form}.log", TRUTH, form)
        for more in ((), ("--json",)):
            out = tmp_path / f"{form}{len(more)}"
            assert run(tmp_path / f"{form}.log", "--path", "/api/poll*", "--out", out, *more) == 0
            said = capsys.readouterr()
            told = said.out + said.err + "".join(one.read_text() for one in out.iterdir())
            for secret in ("SECRET", "ada", "203.0", "Mozilla", "Chrome", "token=", "Root=1"):
                assert secret not in told.replace(str(tmp_path), "")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.binary(max_size=400), name=st.from_regex(r"[a-z]{12}", fullmatch=True))
def test_whatever_a_log_holds_there_is_no_traceback_and_no_name(
    tmp_path_factory, capsys, text, name
):
    """Random bytes among lines; a name as the user, in the query, as a cookie and as the agent."""
    folder = tmp_path_factory.mktemp("log")
    line = (
        f'198.51.100.7 - {name} [01/Mar/2026:12:00:{{:02}} +0000] "GET /p?u={name} HTTP/1.1"'
        f' 200 {{}} "https://x.example/{name}" "{name}/1.0"\n'
    )
    lines = [line.format(second, 2 if second % 3 else 99).encode() for second in range(0, 60, 2)]
    lines.insert(10, text)
    (folder / "a.log").write_bytes(b"".join(lines))
    assert run(folder / "a.log", "--path", "/p", "--out", folder / "out") == 0
    said = capsys.readouterr()
    told = said.out + said.err + "".join(one.read_text() for one in (folder / "out").iterdir())
    assert name not in told
    assert "198.51" not in told
    assert "Traceback" not in told


def test_as_json_it_is_the_findings(tmp_path, capsys):
    write(tmp_path / "a.log", TRUTH)
    asked = ("--path", "/api/poll", "--message-size", "300B", "--empty", "13", "--json")
    assert run(tmp_path / "a.log", *asked, "--out", tmp_path / "out") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "out" / "findings.json").read_text())
    assert told["sign"]["sure"] == "certain"
    assert told["rate_per_client_per_s"]["likely"] == pytest.approx(
        told["messages"]["likely"] * (1 - told["in_vain"]) / told["interval_s"]
    )


def test_a_log_in_which_all_is_in_vain_has_findings_alone(tmp_path, capsys):
    write(tmp_path / "a.log", replace(TRUTH, in_vain=1.0, empty_status=204))
    assert run(tmp_path / "a.log", "--path", "*", "--out", tmp_path / "out") == 0
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["findings.json"]
    assert "No scenario: nothing in the log" in capsys.readouterr().out


def test_ctrl_c_tells_what_was_read(tmp_path, capsys, monkeypatch):
    write(tmp_path / "a.log", TRUTH)
    size = (tmp_path / "a.log").stat().st_size
    monkeypatch.setattr("pushlab.analysis.log.reader._BLOCK", size // 3)
    read = []

    def watch(*told):
        read.append(told)
        if len(read) == 2:
            signal.raise_signal(signal.SIGINT)

    from contextlib import nullcontext

    monkeypatch.setattr("pushlab.commands.from_log.watching", lambda: nullcontext(watch))
    assert run(tmp_path / "a.log", "--path", "/api/poll", "--out", tmp_path / "out") == 130
    told = capsys.readouterr().out
    assert "! Stopped after" in told
    assert load_findings(tmp_path / "out").stopped
    assert (tmp_path / "out" / "scenario.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.log"], "--path"),
        (["nowhere.log", "--path", "/p"], "nowhere.log: cannot be read (No such file"),
        (["a.log", "nowhere.log", "--path", "/p"], "nowhere.log: cannot be read"),
        (["a.log", "--path", "/nothing*"], "is an answered poll of /nothing*"),
        (["a.log", "--path", "/api/poll", "--key", "sid"], "without the parameter that tells"),
        (["a.log", "--path", "/api/poll", "--empty", "20-10"], "'20-10' is not a size"),
        (["a.log", "--path", "/api/poll", "--empty", "5000"], "below 4,096"),
        (["a.log", "--path", "/api/poll", "--message-size", "big"], "--message-size"),
        (["a.log", "--path", "/api/poll", "--out", "."], "is there already"),
        (["empty.log", "--path", "/api/poll"], "there is no line"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.log", replace(TRUTH, clients=2))
    (tmp_path / "empty.log").touch()
    try:
        status = run(*arguments)
    except SystemExit as left:
        status = left.code
    said = capsys.readouterr()
    assert status == 2
    assert words in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not (tmp_path / "results").exists()


def test_a_second_time_it_takes_another_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.log", replace(TRUTH, clients=2))
    for _ in range(2):
        assert run("a.log", "--path", "/api/poll") == 0
    assert sorted(one.name for one in (tmp_path / "results").iterdir()) == ["a-log", "a-log-2"]


def test_clients_are_told_apart_by_a_parameter_if_one_is_named(tmp_path, capsys):
    write(tmp_path / "a.log", TRUTH)
    text = (tmp_path / "a.log").read_text()
    import re

    text = re.sub(r"(?m)^203\S+", "198.51.100.1", text)
    text = re.sub(r"Chrome/\d+", "Chrome/1", text)
    (tmp_path / "a.log").write_text(text)
    asked = ("--path", "/api/poll", "--key", "token", "--json", "--out", tmp_path / "out")
    assert run(tmp_path / "a.log", *asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["seen"], told["interval_s"]) == (60, pytest.approx(5, rel=0.01))
