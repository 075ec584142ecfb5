"""The radios: energy by hand, tails, and what waking a radio for one byte costs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.energy.battery import energy_of
from pushlab.analysis.energy.radio import RADIOS, load_radios
from pushlab.analysis.energy.traces import Trace, _as_packets, predicted_trace
from pushlab.analysis.energy.use import energy_use, timeline
from pushlab.contract.registry import profile_of
from pushlab.errors import UsageError
from pushlab.runs import TrafficRows

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
    by_hand = 4 * 1.02 + 0.5 * 0.40 + 1.5 * 1.02 + 4 * 1.02 + 10 * 0.40 + 2 * 1.02 + 78 * 0.2
    assert between.joules_per_hour == pytest.approx(36 * by_hand)


@pytest.mark.parametrize(
    ("size", "carried"), [((543, 475), True), ((544, 0), False), ((0, 476), False)]
)
def test_what_the_second_tail_of_3g_can_carry_starts_that_tail_alone(size, carried):
    up, down = ([1_000.0, n] for n in size)
    spent = energy_use(UMTS, [0.0, 6.0], 100, up=up, down=down)
    bits = 8e-9 * (sum(up) * 868.98 + sum(down) * 122.12)
    by_hand = 4 * 1.02 + 2 * 0.40 + 10 * 0.40 + 2 * 1.02 + 82 * 0.2
    if not carried:
        by_hand = 4 * 1.02 + 0.5 * 0.40 + 1.5 * 1.02 + 4 * 1.02 + 10 * 0.40 + 2 * 1.02 + 78 * 0.2
    assert spent.joules_per_hour == pytest.approx(36 * (by_hand + bits))
    drawn = [spell.name for _, spell in timeline(UMTS, [0.0, 6.0], 100, up=up, down=down)]
    assert drawn.count("tail (DCH)") == (1 if carried else 2)


def test_moments_that_are_carried_for_ever_leave_a_radio_in_its_second_tail():
    times = np.arange(0, 3_600, 9.0)
    small = np.full(len(times), 50.0)
    use = energy_use(UMTS, times, 3_600, up=small, down=small)
    bits = 8 * 50.0 * len(times) * (868.98e-9 + 122.12e-9)
    assert use.joules_per_hour == pytest.approx(3_600 * 0.40 + bits)
    assert use.wakeups_per_hour == 0


@pytest.mark.parametrize("rate_per_s", [0.0, 1 / 300, 1 / 30, 0.1])
@pytest.mark.parametrize("radio", RADIOS)
def test_packets_tell_long_polling_mqtt_and_websocket_apart(radio, rate_per_s):
    spent = {}
    for name in ("long-polling", "mqtt", "websocket"):
        profile = profile_of(name).retimed(hold_s=30.0, keep_alive_s=30.0)
        trace = predicted_trace(profile, rate_per_s=rate_per_s, payload_bytes=300)
        found = energy_of(name, profile, [trace], [load_radios()[radio]])
        spent[name] = found.uses[radio].joules_per_hour
    # A poll has the most bytes. A pong to the server's ping has four more than a ping of the
    # client's has, on whose side a byte costs more; QoS 1 acknowledges each message by a packet.
    assert spent["long-polling"] > max(spent["mqtt"], spent["websocket"])
    assert len({round(joules, 6) for joules in spent.values()}) == 3


def test_packets_have_headers_and_what_is_not_answered_an_acknowledgement():
    def said(transport, rate_per_s, **timers):
        trace = predicted(transport, rate_per_s, payload_bytes=100, span_s=1_000, **timers)
        return {(up, down) for up, down in zip(trace.up, trace.down, strict=True)}

    assert said("websocket", 0.0) == {(46.0, 82.0)}  # ping, pong, and its acknowledgement
    assert said("sse", 0.0) == {(40.0, 54.0)}
    assert said("mqtt", 0.0) == {(82.0, 42.0)}
    assert said("mqtt", 0.5) >= {(44.0, 214.0)}  # QoS 1: an acknowledgement, itself acknowledged
    assert said("long-polling", 0.0) == {(266.0, 160.0)}
    assert said("short-polling", 0.0) == {(295.0, 120.0)}


def test_bytes_of_a_run_get_their_headers_too():
    at_ms = np.array([0, 5, 500, 1_000, 1_030, 1_200])
    rows = TrafficRows(
        subscriber=np.zeros(6, np.int32),
        at_ns=at_ms * 1_000_000,
        bytes=np.array([100, 10, 3_000, 7, 8, 9]),
        sent=np.array([True, False, False, False, False, True]),
    )
    trace = _as_packets(rows, np.arange(6), 0, 2.0)
    assert trace.up.tolist() == [140, 40, 40, 40, 40, 49]
    assert trace.down.tolist() == [0, 50, 3_120, 47, 48, 40]


def test_bits_cost_what_the_slopes_say():
    quiet = energy_use(LTE, [0.0], 3_600)
    loud = energy_use(LTE, [0.0], 3_600, up=[1e6 / 8], down=[1e6 / 8])
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


@given(
    times=st.lists(st.floats(100.0, 900.0), min_size=1, max_size=40, unique=True),
    sizes=st.lists(st.sampled_from([1.0, 400.0, 1_000.0]), min_size=40, max_size=40),
)
def test_the_timeline_and_the_sum_agree(times, sizes):
    # From sleep to sleep within the span, so its edges do not matter.
    times = sorted(times)
    sizes = sizes[: len(times)]
    for name in RADIOS:
        radio = load_radios()[name]
        if any(radio.tail_s - 5 < gap < radio.tail_s + radio.promotion.s for gap in np.diff(times)):
            continue  # too short a sleep for a whole promotion, be it from its second tail
        told = {"up": sizes, "down": sizes}
        drawn = sum(spell.s * spell.w for _, spell in timeline(radio, times, 1_000, **told))
        bits_j = 8 * sum(sizes) * (radio.up_j_per_bit + radio.down_j_per_bit)
        used = energy_use(radio, times, 1_000, **told)
        assert used.joules_per_hour == pytest.approx(3.6 * (drawn + bits_j))


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
        Trace(times_s=np.sort(rng.uniform(0, 2, n)), span_s=2.0, up=np.zeros(n), down=np.zeros(n))
        for n in rng.poisson(1, 500)
    ]
    told = energy_of("sse", profile_of("sse"), windows, [LTE]).uses["lte"]
    whole = predicted("sse", 0.5, keep_alive_s=0.0)
    assert told.radio_on == pytest.approx(1, abs=0.02)  # the tail is five times the gap
    assert told.radio_on == pytest.approx(
        energy_use(LTE, whole.times_s, whole.span_s).radio_on, abs=0.02
    )
