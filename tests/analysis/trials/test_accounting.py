"""Nothing leaves the denominator: the counts of a trial against a count by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.models.formulas import polled_copy_age_s
from pushlab.analysis.trials.accounting import account
from pushlab.analysis.trials.staleness import owed_to, staleness_at, staleness_figures
from pushlab.runs import DeliveryRows, PublishRows, TrialRecord


def trial(clients=4, per_channel=2, start=0, end=1000):
    return TrialRecord(
        index=0,
        order=0,
        cell="sse",
        transport="sse",
        status="ok",
        clients=clients,
        channels=-(-clients // per_channel),
        per_channel=per_channel,
        rate_per_channel=1.0,
        duration_s=(end - start) / 1e9,
        measure_start_ns=start,
        measure_end_ns=end,
    )


def publishes(rows):
    """Rows of (channel, seq, intended, sent, warmup)."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    channel, seq, intended, sent, warmup = columns
    return PublishRows(
        channel=np.array(channel, np.int32),
        seq=np.array(seq, np.int64),
        intended_ns=np.array(intended, np.int64),
        sent_ns=np.array(sent, np.int64),
        accepted_ns=np.array(seq, np.int64),
        held_ns=np.zeros(len(seq), np.int64),
        status=np.where(np.array(seq, np.int64) > 0, 202, 0).astype(np.int16),
        warmup=np.array(warmup, np.bool_),
        payload_bytes=np.ones(len(rows), np.int32),
    )


def deliveries(rows):
    """Rows of (channel, seq, subscriber, received)."""
    channel, seq, subscriber, received = list(zip(*rows, strict=True)) if rows else [()] * 4
    return DeliveryRows(
        channel=np.array(channel, np.int32),
        seq=np.array(seq, np.int64),
        subscriber=np.array(subscriber, np.int32),
        received_ns=np.array(received, np.int64),
    )


def test_each_kind_of_count():
    sent = publishes(
        [
            (0, 1, 1, 1, True),  # warm-up
            (0, 2, 10, 11, False),
            (0, 3, 20, 21, False),
            (1, 1, 10, 12, False),
            (1, 0, 30, 31, False),  # sent, not accepted
            (1, 0, 40, 0, False),  # skipped
        ]
    )
    got = deliveries(
        [
            (0, 1, 0, 5),  # warm-up
            (0, 3, 0, 30),
            (0, 2, 0, 31),  # after 3: reordered
            (0, 2, 0, 32),  # again: duplicated
            (0, 2, 1, 33),
            (1, 1, 2, 1001),  # after the window: late
            (1, 1, 0, 40),  # a reader of channel 0: unmatched
            (0, 9, 0, 41),  # nobody published it: unmatched
        ]
    )
    counts = account(trial(), sent, got).counts
    assert counts.scheduled == 5
    assert (counts.sent, counts.skipped, counts.accepted, counts.unknown) == (4, 1, 3, 1)
    assert counts.rejected == counts.unanswered == 0
    assert (counts.expected, counts.delivered, counts.lost) == (6, 4, 2)
    assert (counts.duplicated, counts.reordered, counts.late, counts.unmatched) == (1, 1, 1, 2)


def test_what_was_accepted_without_a_word_of_it_is_owed_to_everybody():
    sent = publishes(
        [(0, 1, 1, 1, False), (0, 2, 5, 5, False), (0, 0, 6, 6, False), (0, 0, 7, 7, False)]
    )
    status = np.array([202, 0, 0, 503], np.int16)  # 2 has arrived; of the third nobody knows
    sent = dataclasses.replace(sent, status=status)
    got = deliveries([(0, 1, 0, 2), (0, 1, 1, 2), (0, 2, 0, 9)])
    counts = account(trial(), sent, got).counts
    assert (counts.sent, counts.accepted, counts.unanswered) == (4, 2, 1)
    assert (counts.rejected, counts.unknown) == (1, 1)
    assert (counts.expected, counts.delivered, counts.lost) == (4, 3, 1)


def test_a_last_channel_with_fewer_subscribers():
    sent = publishes([(0, 1, 1, 1, False), (1, 1, 1, 1, False), (2, 1, 1, 1, False)])
    counts = account(trial(clients=3), sent, deliveries([])).counts
    assert (counts.expected, counts.lost) == (3, 3)


def test_latencies_of_zero_or_less_are_kept():
    sent = publishes([(0, 1, 10, 12, False)])
    rows = account(trial(), sent, deliveries([(0, 1, 0, 10), (0, 1, 1, 7)]))
    assert rows.latency_s().whole().tolist() == [0.0, -3e-9]
    assert rows.latency_from_send_s().whole().tolist() == [-2e-9, -5e-9]
    assert rows.publish_delay_s().tolist() == [2e-9]


@st.composite
def trials(draw):
    clients = draw(st.integers(1, 6))
    per_channel = draw(st.integers(1, 6))
    record = trial(clients=clients, per_channel=per_channel, end=draw(st.integers(1, 60)))
    sent = []
    for channel in range(record.channels):
        seq = 0
        for _ in range(draw(st.integers(0, 5))):
            accepted = draw(st.booleans())
            seq += accepted
            intended = draw(st.integers(-30, 50))
            sent.append((channel, seq if accepted else 0, intended, intended + 100, intended < 0))
    anything = st.tuples(
        st.integers(0, record.channels), st.integers(0, 6), st.integers(-1, 8), st.integers(-20, 90)
    )
    got = draw(st.lists(anything, max_size=40))
    return record, sent, sorted(got, key=lambda row: row[3])


@given(trials())
def test_the_counts_equal_a_count_by_hand(given_trial):
    record, sent, got = given_trial
    counts = account(record, publishes(sent), deliveries(got)).counts

    owed, warm = set(), set()
    for channel, seq, _, _, warmup in sent:
        for reader in range(record.clients):
            if seq and reader // record.per_channel == channel:
                (warm if warmup else owed).add((channel, seq, reader))
    first, duplicated, unmatched, late = set(), 0, 0, 0
    newest, reordered = {}, 0
    for channel, seq, reader, received in got:
        key = (channel, seq, reader)
        if key in owed:
            if key in first:
                duplicated += 1
                continue
            first.add(key)
            late += received > record.measure_end_ns
            reordered += seq < newest.get(reader, 0)
            newest[reader] = max(newest.get(reader, 0), seq)
        elif key not in warm:
            unmatched += 1

    assert counts.expected == len(owed)
    assert counts.delivered == len(first)
    assert counts.delivered + counts.lost == counts.expected
    assert (counts.duplicated, counts.unmatched, counts.late) == (duplicated, unmatched, late)
    assert counts.reordered == reordered
    assert counts.scheduled == counts.sent + counts.skipped == sum(not row[4] for row in sent)


# ---- staleness ------------------------------------------------------------------------------


def test_a_sawtooth():
    intended, received = np.array([10, 20, 60]), np.array([30, 30, 70])
    at = np.array([0, 9, 10, 15, 29, 30, 59, 65, 70, 99])
    wanted = [0, 0, 0, 5, 19, 0, 0, 5, 0, 0]
    assert (staleness_at(intended, received, at) * 1e9).round().tolist() == wanted


def test_a_lost_message_is_missed_for_ever():
    never = np.iinfo(np.int64).max
    stale = staleness_at(np.array([10, 20]), np.array([never, 25]), np.array([30, 1000]))
    assert (stale * 1e9).round().tolist() == [20, 990]


def test_what_the_warm_up_left_is_missed_in_the_window():
    """A message of the warm-up that comes at 30 is missed for the window's first 30 ns."""
    sent = publishes([(0, 1, -20, -20, True), (0, 2, 60, 60, False)])
    got = deliveries([(0, 1, 0, 30), (0, 2, 0, 70)])
    rows = account(trial(clients=1, per_channel=1, end=100), sent, got)
    figures = staleness_figures(rows)
    assert figures["mean"] * 1e9 == pytest.approx(((50**2 - 20**2) / 2 + 10**2 / 2) / 100)
    assert figures["max"] * 1e9 == pytest.approx(50)
    assert [column.tolist() for column in owed_to(rows, 0)] == [[-20, 60], [30, 70]]
    assert rows.counts.expected == rows.counts.delivered == 1  # which is the window's alone


@pytest.mark.parametrize(("rate", "window_s"), [(1.0, 4.0), (0.2, 3.0), (5.0, 1.5)])
def test_polling_is_as_stale_as_the_closed_form_says(rate, window_s):
    """Random polls of Poisson messages, F10: within four of the simulation's own errors."""
    interval, clients = 1.0, 400
    rng = np.random.default_rng(int(10 * rate))
    record = trial(clients=clients, per_channel=1, end=int(window_s * 1e9))
    sent, got = [], []
    for reader in range(clients):
        at = np.cumsum(rng.exponential(1 / rate, int(20 + 3 * rate * 10))) - 10.0
        at = at[at < window_s]
        asked = rng.uniform(0, interval)
        came = asked + np.ceil((at - asked) / interval) * interval
        for seq, (written, read) in enumerate(zip(at, came, strict=True), 1):
            sent.append((reader, seq, int(written * 1e9), int(written * 1e9), written < 0))
            got.append((reader, seq, reader, int(read * 1e9)))
    rows = account(record, publishes(sent), deliveries(sorted(got, key=lambda row: row[3])))
    each = [staleness_of(rows, reader, window_s) for reader in range(clients)]
    error = np.std(each, ddof=1) / np.sqrt(clients)
    expected = polled_copy_age_s(rate_per_s=rate, interval_s=interval)
    mean = staleness_figures(rows)["mean"]
    assert mean == pytest.approx(np.mean(each), rel=0.01)
    assert abs(mean - expected) < 4 * error
    assert error < 0.1 * expected


def staleness_of(rows, reader, window_s):
    """One reader's mean staleness, from moments close together."""
    at = np.linspace(0, window_s * 1e9, 400, endpoint=False).astype(np.int64)
    return float(staleness_at(*owed_to(rows, reader), at).mean())


@given(trials())
def test_the_figures_equal_a_sum_over_moments(given_trial):
    record, sent, got = given_trial
    rows = account(record, publishes(sent), deliveries(got))
    figures = staleness_figures(rows)
    # Staleness is linear between whole nanoseconds: two samples inside each give its trapezium.
    total, worst = 0.0, 0.0
    for reader in range(record.clients):
        intended, received = owed_to(rows, reader)
        for begin in range(record.measure_end_ns):
            missing = [a for a, r in zip(intended, received, strict=True) if a <= begin < r]
            if missing:
                total += begin + 0.5 - min(missing)
                worst = max(worst, begin + 1 - min(missing))
    assert figures["mean"] * 1e9 == pytest.approx(total / record.clients / record.measure_end_ns)
    assert figures["max"] * 1e9 == pytest.approx(worst)


@given(trials(), st.integers(0, 100))
def test_staleness_at_a_moment_is_the_age_of_the_oldest_missing(given_trial, moment):
    record, sent, got = given_trial
    rows = account(record, publishes(sent), deliveries(got))
    for reader in range(record.clients):
        intended, received = owed_to(rows, reader)
        missing = [a for a, r in zip(intended, received, strict=True) if a <= moment < r]
        stale = staleness_at(intended, received, np.array([moment]))[0] * 1e9
        assert stale == pytest.approx(moment - min(missing) if missing else 0)


@st.composite
def foreign_trials(draw):
    """Publishes under way at once or one after another, and their arrivals in any order."""
    count = draw(st.integers(1, 7))
    sent = sorted(draw(st.lists(st.integers(1, 30), min_size=count, max_size=count)))
    accepted = [at + draw(st.integers(1, 10)) for at in sent]
    heard = [draw(st.integers(0, 4)) > 0 for _ in sent]
    order = draw(st.permutations(range(count)))
    return sent, accepted, heard, order


@given(foreign_trials())
def test_only_what_was_known_to_be_accepted_can_be_overtaken_where_nobody_numbers(made):
    """Held against every pair: a delivery is out of order behind one that was sent that late."""
    sent, accepted, heard, order = made
    rows = publishes([(0, n, at, at, False) for n, at in enumerate(sent, 1)])
    at_ns = np.where(heard, accepted, 0).astype(np.int64)
    rows = dataclasses.replace(rows, accepted_ns=at_ns)
    got = deliveries([(0, n + 1, reader, 50 + i) for i, n in enumerate(order) for reader in (0, 1)])
    foreign = dataclasses.replace(trial(), system="nchan")
    late = sum(
        any(heard[n] and accepted[n] < sent[before] for before in order[:place])
        for place, n in enumerate(order)
    )
    assert account(foreign, rows, got).counts.reordered == 2 * late
    strict = sum(any(before > n for before in order[:i]) for i, n in enumerate(order))
    assert account(trial(), rows, got).counts.reordered == 2 * strict
