"""What shares tell, put together, is what one swarm would have told."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pushlab.hub.loop_lag import p99_s
from pushlab.lab.trial.merging import (
    merge_counters,
    merge_reports,
    merge_rows,
    merge_statuses,
)
from pushlab.lab.workers.messages import Counters, SwarmReport, SwarmStatus
from pushlab.runs import WitnessFigures


def report(
    lags: list[int], *, begun: bool = True, witnesses: WitnessFigures | None = None
) -> SwarmReport:
    now = Counters(at_ns=len(lags), hits={"connect": len(lags)}, cpu_s=0.5, deliveries=len(lags))
    return SwarmReport(
        start=Counters(at_ns=1) if begun else None,
        end=now,
        now=now,
        loop_lag_p99_s=p99_s(lags),
        loop_lags=[[at, lag] for at, lag in enumerate(lags)],
        window_lags_ns=lags,
        descriptor_limit=100 + len(lags),
        witnesses=witnesses or WitnessFigures(),
        rows={"deliveries": len(lags)},
        closed=1,
        reasons={"slow-reader": 1},
    )


LAGS = st.lists(st.integers(0, 10**7), max_size=300)


@given(st.lists(LAGS, min_size=1, max_size=5))
def test_a_percentile_is_that_of_all_samples_together(each: list[list[int]]) -> None:
    merged = merge_reports([report(lags) for lags in each])
    every = [lag for lags in each for lag in lags]
    assert merged.loop_lag_p99_s == p99_s(every)
    assert sorted(lag for _, lag in merged.loop_lags) == sorted(every)
    assert merged.rows == {"deliveries": len(every)} or not every
    assert merged.end.deliveries == merged.end.hits.get("connect", 0) == len(every)
    assert merged.closed == merged.reasons["slow-reader"] == len(each)
    assert len(merged.shares) == len(each)


def test_every_counter_is_summed() -> None:
    names = [n for n in Counters.__slots__ if n not in ("at_ns", "hits")]
    one = Counters(at_ns=5, hits={"a": 1, "b": 2}, **{n: at for at, n in enumerate(names, 1)})
    two = Counters(at_ns=3, hits={"b": 3}, **dict.fromkeys(names, 100))
    total = merge_counters([one, two])
    assert total.at_ns == 5
    assert total.hits == {"a": 1, "b": 5}
    assert [getattr(total, n) for n in names] == [100 + at for at in range(1, len(names) + 1)]


def test_a_window_that_one_share_did_not_begin_has_not_begun() -> None:
    assert merge_reports([report([1]), report([1], begun=False)]).start is None
    assert merge_reports([report([1])], lacking="one died").lacking == "one died"


def test_a_share_without_witnesses_says_nothing_of_them() -> None:
    some = WitnessFigures(clients=3, deliveries=9, bound_ns=7, steps=1, path_s=2e-5)
    other = WitnessFigures(clients=1, deliveries=2, bound_ns=9, path_s=1e-5)
    none = WitnessFigures()
    found = merge_reports([report([1], witnesses=w) for w in (some, none, other)]).witnesses
    assert found == WitnessFigures(
        clients=4, deliveries=11, bound_ns=9, steps=1, path_s=1e-5, why=""
    )
    why = WitnessFigures(why="the kernel does not")
    assert merge_reports([report([1], witnesses=why)] * 2).witnesses.why == "the kernel does not"


def test_a_status_has_the_newest_rows_and_the_commonest_reason() -> None:
    each = [
        SwarmStatus(
            connected=2,
            pending=1,
            deliveries=60,
            recent=[[share, n, 2 * n + share] for n in range(50)],
            reason=reason,
        )
        for share, reason in enumerate(["refused", "", "refused", "lost"])
    ]
    found = merge_statuses(each)
    assert (found.connected, found.pending, found.deliveries) == (8, 4, 240)
    assert found.reason == "refused"
    at = [row[2] for row in found.recent]
    assert at == sorted(at)
    assert len(at) == 50
    assert at[-1] == max(row[2] for one in each for row in one.recent)


def test_rows_are_in_order_and_a_message_of_two_shares_is_one() -> None:
    def rows(subscriber: int, at: list[int]) -> dict[str, dict[str, np.ndarray]]:
        whose = np.full(len(at), subscriber, np.int32)
        when = np.array(at, np.int64)
        seq = np.arange(1, len(at) + 1)
        return {
            "deliveries": {"seq": seq, "subscriber": whose, "received_ns": when},
            "connects": {"subscriber": whose, "connected_ns": when},
            "traffic": {"subscriber": whose, "at_ns": when},
            "numbers": {"channel": np.zeros(len(at), np.int32), "seq": seq, "number": 10 * seq},
        }

    found = merge_rows([rows(0, [3, 4, 9]), rows(1, [1, 5])])
    pieces = list(found["deliveries"])
    assert [each["received_ns"].tolist() for each in pieces] == [[3, 4, 9], [1, 5]]
    assert found["connects"]["subscriber"].tolist() == [1, 0, 0, 1, 0]
    assert found["traffic"]["at_ns"].tolist() == [1, 3, 4, 5, 9]
    assert found["numbers"]["seq"].tolist() == [1, 2, 3]
    assert found["numbers"]["number"].tolist() == [10, 20, 30]
