from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.backoff import Backoff

spans = st.floats(0.001, 100, allow_nan=False)


@given(st.integers(), spans, spans, st.integers(1, 80))
def test_delays_double_within_their_bounds(seed, first_s, limit_s, attempts):
    backoff = Backoff(Random(seed), first_s=first_s, limit_s=limit_s)
    for attempt in range(attempts):
        ceiling = min(limit_s, first_s * 2**attempt)
        assert ceiling / 2 <= backoff.next_delay_s() <= ceiling


@given(st.integers(), st.integers(0, 40))
def test_after_a_connection_the_first_delay_comes_again(seed, attempts):
    backoff = Backoff(Random(seed), first_s=0.1, limit_s=10)
    for _ in range(attempts):
        backoff.next_delay_s()
    backoff.reset()
    assert 0.05 <= backoff.next_delay_s() <= 0.1


def test_a_thousand_clients_do_not_come_back_as_one():
    delays = {round(Backoff(Random(seed)).next_delay_s(), 6) for seed in range(1_000)}
    assert len(delays) > 900


def test_it_never_overflows():
    backoff = Backoff(Random(1))
    for _ in range(5_000):
        assert backoff.next_delay_s() <= 10


def test_the_same_seed_gives_the_same_delays():
    one, two = (Backoff(Random(7)) for _ in range(2))
    assert [one.next_delay_s() for _ in range(9)] == [two.next_delay_s() for _ in range(9)]
