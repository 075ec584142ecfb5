"""`pushlab gate --run`: two commands by turns; here they copy a run, which takes no time."""

import json
import shlex
import signal

import pytest

from tests.commands.calling import run
from tests.runs.simulated import Cell, simulate

ASKED = ("--figure", "sse.p50", "--worse", "20%")


@pytest.fixture(scope="module")
def copying(tmp_path_factory):
    """Commands that leave a run: of the base, of a slower one, of one that did other work."""
    place = tmp_path_factory.mktemp("runs")
    paths = {
        "base": simulate(place, Cell("sse", "sse", delay_s=0.1), trials=1),
        "slower": simulate(place, Cell("sse", "sse", delay_s=0.2), trials=1),
        "other": simulate(place, Cell("sse", "sse", delay_s=0.1), trials=1, clients=50),
    }
    return {name: f"cp -r {shlex.quote(str(path))} {{out}}" for name, path in paths.items()}


def gate(capsys, out, *commands, more=ASKED):
    return run(capsys, "gate", "--run", *commands, "--out", out, *more)


@pytest.mark.parametrize(("new", "status"), [("base", 0), ("slower", 1)])
def test_pairs_are_added_until_it_is_known(capsys, tmp_path, copying, new, status):
    found, out, err = gate(capsys, tmp_path, copying["base"], copying[new])
    assert found == status
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        f"pair {i}" for i in (1, 2, 3, 4)
    ]
    assert "3 more pairs" in err.splitlines()[0]
    assert ", 4 pairs\n" in out
    (folder,) = tmp_path.iterdir()
    assert (
        len(list(folder.glob("base-*/run.json"))) == len(list(folder.glob("new-*/run.json"))) == 4
    )
    assert json.loads((folder / "gate.json").read_text())["outcome"] == ("pass", "fail")[status]


def test_it_ends_after_so_many_pairs(capsys, tmp_path, copying):
    status, out, _ = gate(
        capsys, tmp_path, copying["base"], copying["base"], more=(*ASKED, "--at-most", "1")
    )
    assert (status, "a single trial" in out) == (3, True)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("no-such-program {out}", "no-such-program: No such file or directory"),
        ("sh -c 'echo broken; exit 7' {out}", "NEW ended with exit status 7: broken"),
        ("true", "NEW left no run in"),
        ("mkdir {out}", "NEW left no run in"),
        ("'", "is no command line"),
        ("", "a command is empty"),
    ],
)
def test_a_command_that_leaves_no_run_is_told_in_one_line(capsys, tmp_path, copying, command, told):
    status, out, err = gate(capsys, tmp_path, copying["base"], command)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_other_work_is_refused(capsys, tmp_path, copying):
    status, _, err = gate(capsys, tmp_path, copying["base"], copying["other"])
    assert (status, "clients: 100 vs 50" in err) == (2, True)


def test_out_is_put_at_the_end_where_no_place_for_it_is_named(capsys, tmp_path, copying):
    script = tmp_path / "copy.sh"
    script.write_text('[ "$1" = --out ] && mkdir "$2" && ' + copying["base"].format(out='"$2"/run'))
    status, _, _ = gate(capsys, tmp_path / "out", f"sh {script}", f"sh {script}")
    assert status == 0


def test_ctrl_c_keeps_what_there_is(capsys, tmp_path, copying):
    """The third command sends it, as a terminal would."""
    script = tmp_path / "some.sh"
    script.write_text(
        f'if [ -e "{tmp_path}/out/"*/base-02 ]; then kill -INT $PPID; sleep 60; fi\n'
        + copying["base"].format(out='"$1"')
    )
    status, out, err = gate(capsys, tmp_path / "out", copying["base"], f"sh {script} {{out}}")
    assert status == 128 + signal.SIGINT
    assert "inconclusive  sse.latency_s.p50" in out
    assert "stopped after 1 pair; all runs are in" in err.splitlines()[-1]


def test_a_command_that_fails_late_takes_nothing_from_what_was_measured(capsys, tmp_path, copying):
    script = tmp_path / "some.sh"
    script.write_text(
        f'[ -e "{tmp_path}/out/"*/base-03 ] && exit 7\n' + copying["base"].format(out='"$1"')
    )
    junit = tmp_path / "gate.xml"
    commands = copying["base"], f"sh {script} {{out}}"
    status, out, err = gate(capsys, tmp_path / "out", *commands, more=(*ASKED, "--junit", junit))
    assert (status, "NEW/BASE 1.00" in out, "<error" in junit.read_text()) == (2, True, True)
    assert "NEW ended with exit status 7" in err.splitlines()[-1]
    (folder,) = (tmp_path / "out").iterdir()
    assert json.loads((folder / "gate.json").read_text())["outcome"] == "inconclusive"


def test_what_could_not_be_written_is_refused_before_anything_is_run(capsys, tmp_path, copying):
    for more in (("--junit", tmp_path), ("--json", "--markdown", "-")):
        both = [copying["base"]] * 2
        status, out, err = gate(capsys, tmp_path / "out", *both, more=(*ASKED, *more))
        assert (status, out, err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    status, out, err = gate(capsys, tmp_path / "file", *both, more=ASKED)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--out: " in err


@pytest.mark.parametrize("most", ["0", "0s", "-1", "x"])
def test_a_limit_that_is_none_is_refused(capsys, tmp_path, copying, most):
    with pytest.raises(SystemExit) as left:
        gate(capsys, tmp_path, *[copying["base"]] * 2, more=(*ASKED, f"--at-most={most}"))
    assert left.value.code == 2


def test_runs_and_commands_do_not_go_together(capsys, tmp_path, copying):
    status, _, err = run(capsys, "gate", tmp_path, "--run", "a", "b", *ASKED)
    assert (status, "--run makes its own runs" in err) == (2, True)
    assert "takes two runs" in run(capsys, "gate", tmp_path, *ASKED)[2]
