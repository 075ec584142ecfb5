"""The search for capacity, against systems whose capacity is known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.slo.capacity import Load, Words, cause_of, conclude
from pushlab.analysis.slo.search import Attempt, Limits, bracket_of, next_load


def steps_at_most(limits):
    """How many loads a search tries at most."""
    span = max(limits.most / limits.start, 1.0)
    growth = math.ceil(math.log2(span)) + 1
    fall = math.ceil(math.log(max(limits.start / limits.least, 1.0), 4)) + 1
    # A bracket is a factor of 4 wide at most, and each step leaves 3/4 of it or less (in logs).
    wide = math.log(4) / math.log1p(limits.precision)
    return max(growth, fall) + math.ceil(math.log(max(wide, 1.0)) / math.log(4 / 3)) + 1


def search(system, limits: Limits) -> list[Attempt]:
    """Ask until the search has ended; `system` takes a load and says how a trial goes."""
    attempts: list[Attempt] = []
    while (load := next_load(attempts, limits)) is not None:
        assert limits.least <= load <= limits.most
        assert not limits.whole or load == int(load)
        attempts.append(Attempt(load, system(load)))
        assert len(attempts) < 400, attempts[-10:]
    return attempts


limits_of_clients = st.builds(
    lambda start, factor, precision, trials: Limits(
        start=start, most=start * factor, precision=precision, trials=trials
    ),
    st.integers(1, 3_000),
    st.integers(1, 200),
    st.floats(0.01, 0.5),
    st.integers(1, 4),
)


def check(attempts: list[Attempt], limits: Limits, capacity: float) -> None:
    """The bracket encloses the capacity and is as narrow as was asked for."""
    bracket = bracket_of(attempts, limits)
    if bracket.held is None:
        assert bracket.broke == limits.least
        assert capacity < limits.least
    elif bracket.broke is None:
        assert bracket.held == limits.most
        assert capacity >= limits.most
    else:
        assert bracket.held <= capacity < bracket.broke
        narrow = bracket.held * (1 + limits.precision) * 1.000001
        assert bracket.broke <= max(narrow, bracket.held + 1 if limits.whole else 0)
    assert len({attempt.at for attempt in attempts}) <= steps_at_most(limits)


@given(limits=limits_of_clients, capacity=st.integers(0, 1_000_000))
def test_the_bracket_encloses_the_capacity(limits: Limits, capacity: int) -> None:
    attempts = search(lambda load: "held" if load <= capacity else "broke", limits)
    check(attempts, limits, capacity)


@given(
    capacity=st.floats(0.01, 1e5),
    start=st.floats(0.1, 1e4),
    factor=st.floats(1, 1e3),
    precision=st.floats(0.01, 0.5),
)
def test_rates_are_searched_too(
    capacity: float, start: float, factor: float, precision: float
) -> None:
    limits = Limits(start=start, most=start * factor, least=0.1, precision=precision, whole=False)
    attempts = search(lambda load: "held" if load <= capacity else "broke", limits)
    check(attempts, limits, capacity)


@given(
    limits=limits_of_clients,
    capacity=st.integers(0, 100_000),
    mishaps=st.lists(st.sampled_from(["broke", "failed", None]), min_size=1, max_size=30),
)
def test_one_mishap_at_a_load_breaks_nothing(
    limits: Limits, capacity: int, mishaps: list[str | None]
) -> None:
    """A noisy system: trials below the capacity fail, but never twice at the same load."""
    spoilt: set[float] = set()
    turns = iter(mishaps * 200)

    def system(load: float) -> str:
        mishap = next(turns)
        if load <= capacity and mishap and load not in spoilt:
            spoilt.add(load)
            return mishap
        return "held" if load <= capacity else "broke"

    check(search(system, limits), limits, capacity)


def test_failures_that_last_end_the_search_as_breaks_do() -> None:
    limits = Limits(start=10, most=1_000)
    attempts = search(lambda load: "held" if load <= 25 else "failed", limits)
    bracket = bracket_of(attempts, limits)
    assert bracket.held == 25 or (bracket.held or 0) >= 23
    assert attempts[2:4] == [Attempt(40.0, "failed")] * 2


def test_what_cannot_be_had_at_all_is_not_tried_again() -> None:
    limits = Limits(start=10, most=1_000)
    attempts = search(lambda load: "held" if load <= 100 else "limit", limits)
    loads = [attempt.at for attempt in attempts]
    assert len(loads) == len(set(loads))


def test_more_than_half_of_the_trials_must_hold() -> None:
    limits = Limits(start=8, most=8, trials=3)
    assert next_load([Attempt(8, "held")], limits) == 8
    assert next_load([Attempt(8, "held"), Attempt(8, "broke")], limits) == 8
    assert next_load([Attempt(8, "held"), Attempt(8, "broke"), Attempt(8, "held")], limits) is None
    two = [Attempt(8, "broke")] * 2
    assert bracket_of(two, limits).broke == 8


def test_the_search_grows_then_narrows() -> None:
    limits = Limits(start=100, most=20_000)
    attempts = search(lambda load: "held" if load <= 1_234 else "broke", limits)
    loads = list(dict.fromkeys(attempt.at for attempt in attempts))
    assert loads[:5] == [100, 200, 400, 800, 1600]
    assert all(800 < load < 1600 for load in loads[5:])
    assert math.log2(len(loads)) < 4


# ---- the answer in words ---------------------------------------------------------------------

GOAL = "p95<100ms"
WORDS = Words("SSE", "clients", {GOAL: lambda value: f"{value * 1e3:.0f} ms"})
LIMITS = Limits(start=100, most=400)


def load(at: float, outcome="held", cause=None, why="", value: float | None = 0.01) -> Load:
    broken = [] if outcome == "held" else [GOAL]
    return Load(at=at, outcome=outcome, values={GOAL: value}, broken=broken, cause=cause, why=why)


def broke(at: float, cause: str, why: str) -> list[Load]:
    return [load(at, "broke", cause, why, value=0.18)] * 2


@pytest.mark.parametrize(
    ("loads", "at_least", "sentence"),
    [
        (
            [load(100), *broke(105, "server", "with the hub at 99% of a core")],
            False,
            "SSE held p95<100ms up to 100 clients; at 105 p95 was 180 ms with the hub at 99% of a"
            " core",
        ),
        (
            [load(100), *broke(105, "generator", "the generator ran out: swarm at 95% of a core")],
            True,
            "SSE held p95<100ms at 100 clients, and may hold it at more; at 105 the generator ran"
            " out: swarm at 95% of a core (p95 was 180 ms)",
        ),
        (
            [load(100), load(200, "limit", "descriptors", "200 clients need 328", None)],
            True,
            "SSE held p95<100ms at 100 clients, and may hold it at more; at 200 descriptors ran"
            " out: 200 clients need 328",
        ),
        (
            [load(100), *[load(105, "failed", "errors", "the hub died", None)] * 2],
            False,
            "SSE held p95<100ms up to 100 clients; at 105 the trials failed: the hub died",
        ),
        (
            [load(100), load(200), load(400)],
            True,
            "SSE held p95<100ms at 400 clients, the most that was tried",
        ),
        (
            broke(1, "nothing", "with nobody busy"),
            False,
            "SSE did not hold p95<100ms at 1 client; p95 was 180 ms with nobody busy",
        ),
        ([], False, "SSE: nothing is known about p95<100ms"),
    ],
)
def test_the_answer_never_blames_the_server_for_what_was_ours(
    loads: list[Load], at_least: bool, sentence: str
) -> None:
    result = conclude(loads, LIMITS, WORDS)
    assert result.sentence == sentence
    assert result.at_least is at_least
    stopped = conclude(loads, LIMITS, WORDS, stopped=True)
    assert stopped.sentence == f"Stopped before its end: {sentence}"


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
