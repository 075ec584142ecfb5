"""How often intervals hold the truth, by simulation: a part of it here, all of it in the soak."""

import numpy as np
import pytest

from benchmarks.coverage.__main__ import line_of, rows_of
from benchmarks.coverage.cases import AIM, Case, Result, every_case
from benchmarks.coverage.worlds import STATISTICS, CpuWorld, LatencyWorld, pooled
from pushlab.analysis.stats.percentiles import Samples

FIGURES = sorted({case.figure for case in every_case()})


@pytest.mark.parametrize("name", STATISTICS)
def test_what_is_simulated_is_what_is_used(name):
    rng = np.random.default_rng(3)
    values = rng.exponential(1, (2, 5, 1000)) * np.exp(rng.normal(0, 0.2, (2, 5, 1)))
    parts = pooled(values, STATISTICS[name])
    for run, trials in enumerate(values):
        used = Samples(list(trials)).estimate(name)
        assert parts.value[run] == pytest.approx(used.value)
        assert parts.alone[run] == pytest.approx([used.of((i,)) for i in range(5)])
        but_one = [used.of(tuple(j for j in range(5) if j != i)) for i in range(5)]
        assert parts.without[run] == pytest.approx(but_one)


def test_an_interval_that_is_too_narrow_is_seen():
    narrow = Result(1000, 0.90, 0.1)
    assert narrow.short
    assert not Result(1000, 0.92, 0.1).short  # by chance, perhaps
    assert Result(4000, 0.92, 0.1).short  # by more than two standard errors
    assert not Result(1000, 0.5, 0.1, "too few trials").short
    assert "**90.0 %" in line_of(("p99", "stalls", [[narrow]]))


@pytest.mark.parametrize(
    "case",
    [
        Case("mean", "few publishes", LatencyWorld("lognormal", "mean", 0.1, 200)),
        Case("p95", "few publishes", LatencyWorld("exponential", "p95", 0.3, 200)),
        Case("CPU", "", CpuWorld(0.5)),
        Case("CPU", "in pairs", CpuWorld(0.3), CpuWorld(0.3), 0.29),
    ],
    ids=lambda case: f"{case.figure} {case.group}",
)
def test_intervals_hold_the_truth(case):
    for what, found in case.simulate(5, 400).items():
        assert not found.withheld
        assert not found.short, (what, found)


def test_the_tail_of_three_trials_is_withheld():
    (found,) = (
        Case("p99", "", LatencyWorld("exponential", "p99", 0.5, 1000)).simulate(3, 100).values()
    )
    assert found.withheld == "too few trials"


@pytest.mark.soak
@pytest.mark.parametrize("figure", FIGURES)
def test_every_printed_interval_holds_the_truth(figure):
    runs, short = 1000, []
    for name, group, cells in rows_of(figure, runs, seed=2):
        short += [(name, group, one) for cell in cells for one in cell if one.short]
    assert not short, f"below {AIM:.0%}: {short}"
