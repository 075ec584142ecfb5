"""When push loses: each crossover by search and by its formula."""

import dataclasses

import pytest

from pushlab.analysis.forecast.calibration import Span
from pushlab.analysis.forecast.costs import Costs
from pushlab.analysis.forecast.crossovers import Setting, crossovers, curves
from pushlab.cli import main
from pushlab.contract.registry import comparable_profiles
from tests.analysis.forecast.test_forecast import KNOWN

POLLED = dataclasses.replace(
    KNOWN, transport="short-polling", costs=Costs.exactly(hits=150e-6, deliveries=5e-6)
)
BOTH = {"short-polling": POLLED, "websocket": KNOWN}


def setting(**values):
    return Setting.among(comparable_profiles().values(), **values)


def found(known=None, **values):
    return {each.key: each for each in crossovers(setting(**values), known or {})}


def test_long_polling_storms_from_one_message_an_interval_on():
    assert found(one_way_s=0.0)["storm"].value == pytest.approx(1.0)
    assert found(interval_s=1.0, one_way_s=0.05)["storm"].value == pytest.approx(1.0049, abs=1e-4)
    assert found(interval_s=0.1, one_way_s=0.05)["storm"].value is None
    (line, *_) = curves(setting(interval_s=1.0, one_way_s=0.05), {})
    assert line.crossing() == pytest.approx(1.0049, abs=1e-3)


def test_where_only_the_newest_counts_polling_wins_sooner():
    here = found()
    assert 1 < here["newest"].value < here["bytes"].value < 20
    small, large = found(payload_bytes=10)["newest"], found(payload_bytes=10_000)["newest"]
    assert large.value < small.value
    assert large.value < 1  # the payload is all: two values that share a poll pay for it


def test_cpu_and_memory_need_a_run():
    assert found()["cpu"].value is None
    here = found(BOTH)
    assert here["cpu"].value == pytest.approx(150e-6 / (50e-6 - 5e-6))
    usable = 2 * 2**30 - 50e6
    assert here["idle"].value == pytest.approx(150e-6 / 0.5 * usable / 20e3)


def test_a_cache_in_front_of_polls():
    assert found(clients=500)["cache"].value == 1 / 500


def test_push_that_never_loses_has_no_crossing():
    cheap = dataclasses.replace(KNOWN, costs=Costs.exactly(deliveries=1e-6), clients=Span(1, 1))
    assert found({**BOTH, "websocket": cheap})["cpu"].value is None


def test_the_command(capsys, tmp_path):
    assert main(("crossovers", "--poll-interval", "1s", "--out", str(tmp_path))) == 0
    told = capsys.readouterr().out
    assert "Long polling asks more often than short polling: 1.00 messages/interval" in told
    assert "give a run" in told
    assert (tmp_path / "when-push-loses.png").stat().st_size > 10_000
    assert main(("crossovers", "--poll-interval", "0s")) == 2
    assert capsys.readouterr().err.count("\n") == 1
