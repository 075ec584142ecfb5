"""Whether runs foretell each other, and what differs between sittings: against known worlds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from benchmarks.repeatability.agreement import agreements, foretold, misses_allowed
from benchmarks.repeatability.between import between_sittings
from benchmarks.repeatability.report import print_sitting
from benchmarks.repeatability.sitting import Sitting, load_sitting, of_runs
from pushlab.errors import RunError
from pushlab.runs import Run
from tests.runs.simulated import Cell, simulate

BUSY = {
    "took_s": 60.0,
    "load_before": 0.1,
    "load_after": 1.5,
    "others_share": 0.02,
    "steal_share": 0.0,
}


def sitting(
    rng: np.random.Generator,
    *,
    runs: int = 5,
    trials: int = 3,
    off: float = 0.0,
    run_off: float = 0.0,
    cells: int = 5,
    figures: int = 1,
) -> Sitting:
    """A sitting whose logarithms scatter by 0.1 between trials, by `run_off` between runs."""
    values = []
    for _ in range(runs):
        level = off + rng.normal(0, run_off)
        values.append(
            {
                f"cell {c}": {
                    f"figure {f}": [float(x) for x in np.exp(level + rng.normal(0, 0.1, trials))]
                    for f in range(figures)
                }
                for c in range(cells)
            }
        )
    return Sitting("2026-01-01T00:00:00Z", {"name": "quick"}, values, {}, {"commit": "abc"}, BUSY)


def test_the_interval_is_that_of_the_textbook() -> None:
    low, high = foretold([1.0, 2.0, 4.0], 5)
    s, t = np.std([1, 2, 4], ddof=1), stats.t.ppf(0.975, 2)
    assert (low + high) / 2 == pytest.approx(7 / 3)
    assert (high - low) / 2 == pytest.approx(s * t * math.sqrt(1 / 3 + 1 / 5))


def test_so_many_misses_are_allowed_as_come_by_chance() -> None:
    for checks in (1, 20, 80):
        most = misses_allowed(checks)
        assert stats.binom.sf(most - 1, checks, 0.05) >= 0.05 > stats.binom.sf(most, checks, 0.05)


def test_runs_of_one_kind_agree_and_the_intervals_hold_95_of_100() -> None:
    rng = np.random.default_rng(1)
    found = [agreements(sitting(rng))[0] for _ in range(200)]
    held, checks = sum(one.held for one in found), sum(one.checks for one in found)
    assert checks == 200 * 20
    assert held / checks == pytest.approx(0.95, abs=0.01)
    wrong = sum(not one.agrees for one in found)
    assert wrong <= 0.1 * len(found)  # of 20 checks, three misses or more come in 7.5 % of sittings


def test_runs_that_differ_by_themselves_are_found() -> None:
    rng = np.random.default_rng(2)
    found = [agreements(sitting(rng, run_off=0.5))[0] for _ in range(50)]
    assert sum(not one.agrees for one in found) >= 45


def test_verdicts_are_corrected_for_the_number_of_figures() -> None:
    rng = np.random.default_rng(3)
    found = [agreements(sitting(rng, figures=8)) for _ in range(40)]
    wrong = sum(any(not one.agrees for one in each) for each in found)
    assert wrong <= 6


def test_what_never_varies_and_what_is_missing_is_left_out() -> None:
    values = {"steady": [1.0, 1.0], "rare": [None, 2.0], "known": [1.0, 1.1]}
    one = Sitting("", {}, [{"sse": values}] * 3, {}, {}, BUSY)
    assert [found.figure for found in agreements(one)] == ["known"]


def test_what_differs_between_sittings_is_told_from_what_differs_within() -> None:
    rng = np.random.default_rng(4)
    factors, covered = [], 0
    for _ in range(200):
        some = [sitting(rng, off=rng.normal(0, 0.2)) for _ in range(5)]
        (one,) = between_sittings(some)
        factors.append(math.log(one.factor))
        covered += one.interval[0] <= math.exp(0.2) <= one.interval[1]
        assert one.within == pytest.approx(math.exp(0.1 / math.sqrt(3)), rel=0.05)
        assert set(one.cells) == {f"cell {c}" for c in range(5)}
    assert np.mean(np.square(factors)) == pytest.approx(0.2**2, rel=0.15)
    assert covered >= 0.9 * 200


def test_sittings_that_do_not_differ_have_a_factor_of_about_one() -> None:
    rng = np.random.default_rng(5)
    found = [between_sittings([sitting(rng) for _ in range(4)])[0] for _ in range(50)]
    assert np.mean([one.factor for one in found]) < 1.05
    assert all(one.interval[0] < 1.02 for one in found)


def test_a_sitting_is_kept_and_found_again(tmp_path, capsys) -> None:
    cells = [Cell("sse", "sse", marks=("busy",)), Cell("null", "null", floor=True)]
    runs = [
        Run.load(simulate(tmp_path / str(n), *cells, trials=3, duration_s=2, seed=n))
        for n in range(3)
    ]
    one = of_runs(runs, BUSY)
    assert one.cells == ["sse"]
    assert one.marked == {"sse": 9}
    assert len(one.runs[0]["sse"]["latency_s.p50"]) == 3
    one.save(tmp_path / "kept")
    again = load_sitting(tmp_path / "kept")
    assert again == one
    newer = replace(again, scenario={**again.scenario, "a newer key": 1})
    assert again.did_as(newer)
    assert not again.did_as(replace(again, scenario={**again.scenario, "clients": 7}))
    assert print_sitting(Console(width=100), one, [again])
    out = capsys.readouterr().out
    assert "3 runs of 3 trials" in out
    assert "other programs took 2.00 %" in out
    assert "Between sittings: x1.00 on latency_s.p50" in out
    (tmp_path / "kept/sitting.json").write_text("{}")
    with pytest.raises(RunError, match="is no sitting"):
        load_sitting(tmp_path / "kept")
