"""The radios: energy by hand, tails, and what waking a radio for one byte costs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.energy.battery import energy_of
from pushlab.analysis.energy.radio import RADIOS, load_radios
from pushlab.analysis.energy.traces import Trace, predicted_trace
from pushlab.analysis.energy.use import energy_use, timeline
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError

LTE, UMTS, WIFI = (load_radios()[name] for name in RADIOS)


def test_a_silent_lte_radio_only_listens():
    use = energy_use(LTE, [], 3_600)
    assert use.joules_per_hour == pytest.approx(3_600 * 0.594 * 0.043 / 1.28)
    assert use.radio_on == 0


def test_one_byte_an_hour_pays_for_a_whole_tail():
    use = energy_use(LTE, [10.0], 3_600)
    awake = 10.12 * 1.06 + 0.26 * 1.21
    idle = (3_600 - 10.12 - 0.26) * 0.594 * 0.043 / 1.28
    assert use.joules_per_hour == pytest.approx(awake + idle)
    assert use.radio_on == pytest.approx((10.12 + 0.26) / 3_600)
    assert use.wakeups_per_hour == 1


def test_asking_within_the_tail_keeps_the_radio_awake_for_ever():
    use = energy_use(LTE, np.arange(0, 3_600, 5.0), 3_600)
    assert use.radio_on == pytest.approx(1)
    assert use.wakeups_per_hour == 0
    assert use.joules_per_hour == pytest.approx(3_600 * 1.06)


def test_3g_has_two_tails():
    use = energy_use(UMTS, [0.0], 100)
    assert use.joules_per_hour == pytest.approx(36 * (2 * 1.02 + 4 * 1.02 + 10 * 0.40 + 84 * 0.2))
    between = energy_use(UMTS, [0.0, 6.0], 100)  # the second byte comes in the second tail
    by_hand = 4 * 1.02 + 2 * 0.40 + 4 * 1.02 + 10 * 0.40 + 2 * 1.02 + 78 * 0.2
    assert between.joules_per_hour == pytest.approx(36 * by_hand)


def test_bits_cost_what_the_slopes_say():
    quiet = energy_use(LTE, [0.0], 3_600)
    loud = energy_use(LTE, [0.0], 3_600, bits_up=1e6, bits_down=1e6)
    assert loud.joules_per_hour - quiet.joules_per_hour == pytest.approx(0.43839 + 0.05197)


def test_twice_the_keep_alive_halves_what_staying_connected_costs():
    # Nicholas 2012 measured it; it follows from a tail that is shorter than the keep-alive.
    for radio in (UMTS, WIFI):
        costs = []
        for keep_alive_s in (60, 120, 240, 480):
            use = energy_use(radio, np.arange(0, 3_600 * 4, keep_alive_s), 3_600 * 4)
            costs.append(use.joules_per_hour - use.idle_joules_per_hour)
        for dear, cheap in pairwise(costs):
            assert dear / cheap == pytest.approx(2)


@given(
    times=st.lists(st.floats(0, 999.0), max_size=60),
    name=st.sampled_from(RADIOS),
)
def test_the_timeline_has_no_hole_and_the_same_time_awake(times, name):
    radio = load_radios()[name]
    spells = timeline(radio, times, 1_000)
    ends = [begin + spell.s for begin, spell in spells]
    assert spells[0][0] == 0
    assert ends[-1] == pytest.approx(1_000)
    for (begin, _), end in zip(spells[1:], ends, strict=False):
        assert begin == pytest.approx(end)
    assert all(spell.s > 0 for _, spell in spells)


@given(times=st.lists(st.floats(100.0, 900.0), min_size=1, max_size=40, unique=True))
def test_the_timeline_and_the_sum_agree(times):
    # From sleep to sleep within the span, so its edges do not matter.
    for name in RADIOS:
        radio = load_radios()[name]
        drawn = sum(spell.s * spell.w for _, spell in timeline(radio, times, 1_000))
        shortest = min(np.diff(sorted(times), append=1e9))
        if radio.tail_s < shortest < radio.tail_s + radio.promotion.s:
            continue  # too short a sleep for a whole promotion
        gaps = np.diff(sorted(times))
        if any(radio.tail_s < gap < radio.tail_s + radio.promotion.s for gap in gaps):
            continue
        assert energy_use(radio, times, 1_000).joules_per_hour == pytest.approx(3.6 * drawn)


def predicted(transport, rate_per_s, *, interval_s=None, keep_alive_s=None, **more):
    profile = profile_of(transport).retimed(interval_s=interval_s, keep_alive_s=keep_alive_s)
    return predicted_trace(profile, rate_per_s=rate_per_s, **more)


def test_polling_every_second_costs_more_than_push_at_low_rates():
    polled = predicted("short-polling", 1 / 300, interval_s=5.0)
    pushed = predicted("websocket", 1 / 300, keep_alive_s=300.0)
    assert len(polled.times_s) == 720
    ask, push = (energy_use(LTE, t.times_s, t.span_s).joules_per_hour for t in (polled, pushed))
    assert ask > 5 * push


def test_push_pays_for_its_keep_alives_too():
    seldom = predicted("sse", 0.0, keep_alive_s=600.0)
    often = predicted("sse", 0.0, keep_alive_s=5.0)
    never = predicted("sse", 0.0, keep_alive_s=0.0)
    spent = [energy_use(LTE, t.times_s, t.span_s).joules_per_hour for t in (never, seldom, often)]
    assert spent[0] < spent[1] < spent[2]
    assert spent[2] == pytest.approx(3_600 * 1.06, rel=0.01)  # as bad as polling every 5 s


@given(rate=st.floats(0, 2), most=st.floats(1, 100), seed=st.integers(0, 1000))
def test_no_silence_is_longer_than_the_keep_alive(rate, most, seed):
    trace = predicted("mqtt", rate, keep_alive_s=most, seed=seed, span_s=600)
    marks = np.concatenate([[0.0], trace.times_s, [600.0]])
    assert np.diff(marks).max() <= most * (1 + 1e-9)
    assert np.all(np.diff(trace.times_s) >= 0)


def test_a_battery():
    use = energy_use(WIFI, np.arange(0, 3_600, 0.25), 3_600)
    assert use.joules_per_hour == pytest.approx(3_600 * 0.403)
    assert use.battery_percent_per_hour(0.403 * 10) == pytest.approx(10)
    with pytest.raises(UsageError, match="more than 0 Wh"):
        use.battery_percent_per_hour(0)


@pytest.mark.parametrize(
    ("times", "span"), [([1.0], 0.0), ([5.0], 5.0), ([-1.0], 5.0), ([], float("nan"))]
)
def test_times_outside_the_span_are_refused(times, span):
    with pytest.raises(UsageError, match="span"):
        energy_use(LTE, times, span)


def test_every_radio_names_its_sources():
    for radio in load_radios().values():
        assert radio.sources
        assert radio.tail_s > 0


def test_short_windows_of_many_clients_are_one_clients_life():
    # A message every two seconds in windows of two seconds: most hold one, some hold none.
    rng = np.random.default_rng(5)
    windows = [
        Trace(times_s=np.sort(rng.uniform(0, 2, rng.poisson(1))), span_s=2.0) for _ in range(500)
    ]
    told = energy_of("sse", profile_of("sse"), windows, [LTE]).uses["lte"]
    whole = predicted("sse", 0.5, keep_alive_s=0.0)
    assert told.radio_on == pytest.approx(1, abs=0.02)  # the tail is five times the gap
    assert told.radio_on == pytest.approx(
        energy_use(LTE, whole.times_s, whole.span_s).radio_on, abs=0.02
    )
