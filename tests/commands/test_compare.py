"""`pushlab compare --strict`: what is marked is not known, and the exit status says so."""

import json

import pytest

from pushlab.analysis import analyse
from pushlab.commands import compare as command
from pushlab.errors import CannotResolve, UsageError
from pushlab.runs import Run
from tests.runs.simulated import FLOOR, STANDARD, Cell, simulate

BOUND = Cell("sse", "sse", marks=("generator-bound", "swarm at 91% of a core"))


def strictly(monkeypatch, tmp_path, *cells, **how):
    """The exit status of a strict run that came out so."""
    analysis = analyse(Run.load(simulate(tmp_path, *cells, FLOOR, trials=3)))
    monkeypatch.setattr(command, "measure", lambda *_, **__: analysis)
    return command.compare("tiny", overrides={}, out=tmp_path, with_charts=False, **how)


def test_marked_figures_are_not_known(monkeypatch, tmp_path, capsys):
    assert strictly(monkeypatch, tmp_path, BOUND, STANDARD[3], strict=True) == 3
    said = capsys.readouterr()
    assert "measured, but marked: sse (p50, mean)\n" in said.err
    assert "generator-bound (swarm at 91% of a core" in said.out


def test_without_it_they_are_shown_and_done(monkeypatch, tmp_path):
    assert strictly(monkeypatch, tmp_path, BOUND) == 0


def test_a_quiet_run_is_known(monkeypatch, tmp_path, capsys):
    assert strictly(monkeypatch, tmp_path, STANDARD[2], strict=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["transports"]["sse"]["marked"] == {}


def test_nothing_is_measured_on_a_machine_that_cannot_tell(monkeypatch, tmp_path, capsys):
    def measure(*_, **how):
        assert how["strict"]
        raise CannotResolve("it cannot rank sse and mqtt by latency.")

    monkeypatch.setattr(command, "measure", measure)
    assert command.compare("tiny", overrides={}, out=tmp_path, strict=True) == 3
    assert capsys.readouterr().err == (
        "pushlab: nothing was measured: it cannot rank sse and mqtt by latency.\n"
    )


def test_a_sweep_is_not_judged_so(tmp_path):
    with pytest.raises(UsageError, match="--strict judges a run"):
        command.compare("tiny", overrides={"clients": [2, 4]}, out=tmp_path, strict=True)
