"""The laboratory's stamps held against the kernel's."""

import numpy as np
import pytest

from pushlab.analysis.trials.stamps import stamp_errors
from pushlab.runs import PublishRows, StampRows, TrialRecord, WitnessFigures

_MS = 1_000_000


def trial(path_s: float | None) -> TrialRecord:
    return TrialRecord(
        index=0,
        order=0,
        cell="sse",
        transport="sse",
        status="ok",
        clients=4,
        channels=2,
        per_channel=2,
        rate_per_channel=1.0,
        duration_s=1.0,
        witnesses=WitnessFigures(clients=2, path_s=path_s),
    )


def publishes() -> PublishRows:
    """One of the warm-up, and one on each channel of the window; the last was not accepted."""
    intended = np.array([0, 100, 200, 300]) * _MS
    return PublishRows(
        channel=np.array([0, 0, 1, 1], np.int32),
        seq=np.array([1, 2, 1, 0]),
        intended_ns=intended,
        sent_ns=intended,
        accepted_ns=intended,
        held_ns=np.zeros(4, np.int64),
        status=np.array([202] * 4, np.int16),
        warmup=np.array([True, False, False, False]),
        payload_bytes=np.full(4, 10, np.int32),
    )


def stamps(*rows: tuple[int, int, int, float, float]) -> StampRows:
    """Of (channel, seq, subscriber, stamped ms, kernel ms)."""
    channel, seq, subscriber, stamped, kernel = map(np.array, zip(*rows, strict=True))
    return StampRows(
        channel.astype(np.int32),
        seq,
        subscriber.astype(np.int32),
        (stamped * _MS).astype(np.int64),
        (kernel * _MS).astype(np.int64),
    )


def test_deliveries_are_late_by_more_than_an_idle_loop_and_requests_early() -> None:
    found = stamp_errors(
        trial(0.0005),
        publishes(),
        stamps(
            (0, 1, 0, 90.0, 5.0),  # of the warm-up
            (0, 2, 0, 108.0, 105.0),
            (1, 1, 3, 230.0, 229.5),
            (0, 2, -1, 100.0, 100.25),
            (1, 0, -1, 300.0, 300.5),  # not accepted, so not known by its number
            (1, 9, 3, 400.0, 1.0),  # of no publish that is known
        ),
    )
    assert found.late_s.tolist() == pytest.approx([0.0025, 0.0])
    assert found.latency_s.tolist() == pytest.approx([0.008, 0.030])
    assert found.late_of.tolist() == [1, 2]
    assert found.early_s.tolist() == pytest.approx([0.00025])
    assert found.early_of.tolist() == [1]


def test_without_stamps_nothing_is_known() -> None:
    found = stamp_errors(trial(None), publishes(), None)
    assert not len(found.late_s)
    assert not len(found.early_s)
