"""The search for capacity, against systems whose capacity is known."""

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.analysis.slo.capacity import Load, Words, cause_of, conclude
from pushlab.analysis.slo.search import Attempt, Limits, capacity_of, next_load


def search(system, limits: Limits) -> list[Attempt]:
    """Ask until the search has ended; `system` takes a load and says how a trial goes."""
    attempts: list[Attempt] = []
    while (load := next_load(attempts, limits)) is not None:
        assert limits.least <= load <= limits.most
        assert not limits.whole or load == int(load)
        attempts.append(Attempt(load, system(load)))
        assert len(attempts) <= limits.trials
    return attempts


@settings(max_examples=20)
@given(start=st.integers(1, 3_000), factor=st.integers(1, 200), capacity=st.integers(0, 300_000))
def test_a_capacity_that_does_not_scatter_lies_within_its_interval(start, factor, capacity):
    limits = Limits(start=start, most=start * factor)
    attempts = search(lambda load: "held" if load <= capacity else "broke", limits)
    found = capacity_of(attempts, limits)
    low, high = found.interval
    if found.about is None:
        assert (low, high) == ((limits.most, math.inf) if capacity >= limits.most else (0, 1))
        return
    assert low <= capacity + 1
    assert capacity <= high
    assert abs(found.about - capacity) <= max(1.5, 0.12 * capacity)


def noisy(truth: float, spread: float, seed: int):
    """A system whose capacity is drawn anew for each trial."""
    rng = random.Random(seed)
    return lambda load: "held" if load <= truth * math.exp(rng.gauss(0, spread)) else "broke"


def estimates(spread: float, searches: int, start=(100, 3_000)):
    """Of so many searches for a capacity of 1,000: each estimate, and whether its interval held."""
    found, right = [], 0
    for seed in range(searches):
        limits = Limits(start=start[seed % len(start)], most=20_000)
        one = capacity_of(search(noisy(1_000, spread, seed), limits), limits)
        found.append(one.about)
        right += one.interval[0] <= 1_000 <= one.interval[1]
    return sorted(found), right / searches


def test_the_estimate_is_not_biased_upward():
    # One hold made a load good and two breaks bad: of 1,000, scattering by 10 %, that gave 1,100.
    found, right = estimates(0.1, 6)
    assert 940 < found[len(found) // 2] < 1_060
    assert right >= 5 / 6


@pytest.mark.soak
@pytest.mark.parametrize("spread", [0.0, 0.03, 0.1, 0.25])
def test_the_interval_holds_the_truth_and_the_median_estimate_is_right(spread):
    searches = 100
    found, right = estimates(spread, searches)
    assert abs(found[searches // 2] / 1_000 - 1) < max(0.02, spread * 0.3)
    assert right >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / searches)


def test_one_mishap_far_below_the_capacity_changes_little():
    limits = Limits(start=100, most=20_000)
    spoilt = iter(["failed"])

    def system(load):
        return next(spoilt, "held") if load == 400 else "held" if load <= 1_234 else "broke"

    found = capacity_of(search(system, limits), limits)
    assert found.about == pytest.approx(1_234, rel=0.1)
    assert found.narrow


def test_what_cannot_be_had_at_all_is_not_tried_again():
    limits = Limits(start=10, most=1_000)
    attempts = search(lambda load: "held" if load <= 100 else "limit", limits)
    out_of_reach = [attempt.at for attempt in attempts if attempt.outcome == "limit"]
    assert out_of_reach == sorted(set(out_of_reach), reverse=True)
    assert capacity_of(attempts, limits).about == pytest.approx(100, rel=0.1)


def test_a_load_that_nobody_holds_is_tried_twice_and_no_more():
    limits = Limits(start=8, most=8_000)
    attempts = search(lambda load: "broke", limits)
    assert [attempt.at for attempt in attempts] == [8, 2, 1, 1]


def test_the_search_grows_by_doubling_and_ends_in_time():
    limits = Limits(start=100, most=20_000, trials=12)
    attempts = search(noisy(1_234, 0.3, seed=1), limits)
    assert [attempt.at for attempt in attempts][:4] == [100, 200, 400, 800]
    assert len(attempts) == 12
    found = capacity_of(attempts, limits)
    assert not found.narrow
    assert found.interval[1] / found.interval[0] > 1.2


def test_rates_are_searched_too():
    limits = Limits(start=0.5, most=100, least=0.1, whole=False)
    attempts = search(lambda load: "held" if load <= 7.3 else "broke", limits)
    assert capacity_of(attempts, limits).about == pytest.approx(7.3, rel=0.05)


# ---- the answer in words ---------------------------------------------------------------------

GOAL = "p95<100ms"
WORDS = Words("SSE", "clients", {GOAL: lambda value: f"{value * 1e3:.0f} ms"})
LIMITS = Limits(start=50, most=400)


def load(at: float, outcome="held", cause=None, why="", value: float | None = 0.01) -> Load:
    broken = [] if outcome == "held" else [GOAL]
    return Load(at=at, outcome=outcome, values={GOAL: value}, broken=broken, cause=cause, why=why)


def searched(outcome: str, cause: str, why: str, value: float | None = 0.18) -> list[Load]:
    """A search for a capacity of 100."""
    attempts = search(lambda at: "held" if at <= 100 else outcome, LIMITS)
    return [
        load(each.at) if each.outcome == "held" else load(each.at, outcome, cause, why, value)
        for each in attempts
    ]


FOUND = r"about 10\d clients \(95 % interval"
HOLDS = "SSE holds p95<100ms"


@pytest.mark.parametrize(
    ("loads", "at_least", "sentence"),
    [
        (
            searched("broke", "server", "with the hub at 99% of a core"),
            False,
            rf"{HOLDS} up to {FOUND} 9\d to 1[01]\d\); at 1\d\d p95 was 180 ms with the hub at 99%"
            " of a core",
        ),
        (
            searched("broke", "generator", "the generator ran out: swarm at 95% of a core"),
            True,
            rf"{HOLDS} at {FOUND} from 9\d\), and may hold it at more; at 1\d\d the generator ran"
            r" out: swarm at 95% of a core \(p95 was 180 ms\)",
        ),
        (
            searched("failed", "errors", "the hub died", None),
            False,
            rf"{HOLDS} up to {FOUND} 9\d to 1[01]\d\); at 1\d\d the trials failed: the hub died",
        ),
        (
            [load(100), load(200), load(400)],
            True,
            "SSE held p95<100ms at 400 clients, the most that was tried",
        ),
        (
            [load(1, "broke", "nothing", "with nobody busy", 0.18)] * 2,
            False,
            "SSE did not hold p95<100ms at 1 client; p95 was 180 ms with nobody busy",
        ),
        ([], False, "SSE: nothing is known about p95<100ms"),
    ],
)
def test_the_answer_never_blames_the_server_for_what_was_ours(loads, at_least, sentence):
    result = conclude(loads, LIMITS, WORDS)
    assert re.fullmatch(sentence, result.sentence), result.sentence
    if result.capacity is not None:
        assert (result.high is None) is at_least
    stopped = conclude(loads, LIMITS, WORDS, stopped=True)
    assert stopped.sentence.startswith("Stopped before its end: ")
    assert stopped.high is None or stopped.capacity is None


def test_a_search_that_ran_out_of_trials_says_so():
    result = conclude([load(100), load(200, "broke", "server", "busy", 0.2)], LIMITS, WORDS)
    assert result.sentence.endswith(". After 2 trials it is not known to 10%")


# ---- what ran out ----------------------------------------------------------------------------

PINNED = {"pinned": True, "hub": [0], "broker": [0], "swarm": [1], "publisher": [1]}


@pytest.mark.parametrize(
    ("marks", "busy", "pinning", "cause"),
    [
        ([], {"hub": 0.99, "swarm": 0.4}, PINNED, "server"),
        ([], {"hub": 0.3, "broker": 0.9, "swarm": 0.4}, PINNED, "broker"),
        ([], {"hub": 0.5, "broker": 0.48, "swarm": 0.4}, PINNED, "server"),
        ([], {"hub": 0.5, "broker": 0.48, "swarm": 0.4}, {"pinned": False}, "nothing"),
        # Whoever fills the generator's core, the server is not to blame.
        ([], {"hub": 0.99, "swarm": 0.55, "publisher": 0.42}, PINNED, "generator"),
        (["generator-bound", "swarm at 90% of a core"], {"hub": 0.99}, PINNED, "generator"),
        ([], {"hub": 0.3, "swarm": 0.3, "machine": 0.99}, PINNED, "machine"),
        ([], {"hub": 0.3, "swarm": 0.3, "machine": 0.5}, PINNED, "nothing"),
        ([], {}, {}, "nothing"),
    ],
)
def test_what_ran_out(marks: list[str], busy: dict, pinning: dict, cause: str) -> None:
    assert cause_of(marks, busy, {"cores": 2, "pinning": pinning})[0] == cause


def test_other_programs_are_told_of() -> None:
    busy = {"hub": 0.3, "swarm": 0.3, "machine": 1.0}
    assert "1.4 of them by other programs" in cause_of([], busy, {"cores": 2})[1]
    busy = {"hub": 0.7, "swarm": 0.7, "publisher": 0.5, "machine": 1.0}
    assert "other programs" not in cause_of([], busy, {"cores": 2})[1]


def test_its_own_rules_are_looked_at_before_anybody_is_blamed():
    marks = ["generator-bound", "swarm at 90% of a core"]
    assert cause_of(marks, {"hub": 0.99}, {}, "by polls every 1 s") == (
        "formula",
        "by polls every 1 s",
    )
