"""Traces: when one client's radio is used, predicted by the rules of each wire or read from a run.

A request and its answer, or a message and its acknowledgement, come within one tail of each other
and count as one moment where they are predicted; a run has both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError
from pushlab.runs import Run, TrialRecord

__all__ = ["Trace", "joined", "measured_traces", "predicted_trace"]

_SEEDED = 20_240_601
_NS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One client's traffic within a span.

    Attributes:
        times_s: when it sent or received something; shape (n,), ascending.
        span_s: the length of the span.
        up_bytes, down_bytes: sent and received in it.
    """

    times_s: npt.NDArray[np.float64]
    span_s: float
    up_bytes: float = 0.0
    down_bytes: float = 0.0


def joined(traces: Sequence[Trace]) -> Trace:
    """The traces one behind the other, as the life of one client."""
    begins = np.cumsum([0.0, *(trace.span_s for trace in traces)])
    moved = [begin + trace.times_s for begin, trace in zip(begins, traces, strict=False)]
    return Trace(
        times_s=np.concatenate(moved),
        span_s=float(begins[-1]),
        up_bytes=sum(trace.up_bytes for trace in traces),
        down_bytes=sum(trace.down_bytes for trace in traces),
    )


def measured_traces(run: Run, trials: Sequence[TrialRecord]) -> list[Trace]:
    """The traffic of each observed client within the measured window of each of these trials.

    Returns:
        Nothing where a run did not write it down: an older one, or a plug-in with its own sockets.

    Raises:
        RunError: a file of rows is damaged.
    """
    found = []
    for trial in trials:
        rows = run.traffic(trial)
        if rows is None or trial.measure_start_ns is None or trial.measure_end_ns is None:
            continue
        start_ns, end_ns = trial.measure_start_ns, trial.measure_end_ns
        inside = (rows.at_ns >= start_ns) & (rows.at_ns < end_ns)
        for subscriber in np.unique(rows.subscriber):
            mine = inside & (rows.subscriber == subscriber)
            sent = rows.sent[mine]
            size = rows.bytes[mine]
            found.append(
                Trace(
                    times_s=np.sort(rows.at_ns[mine] - start_ns) / _NS,
                    span_s=(end_ns - start_ns) / _NS,
                    up_bytes=float(size[sent].sum()),
                    down_bytes=float(size[~sent].sum()),
                )
            )
    return found


def predicted_trace(
    profile: Profile,
    *,
    rate_per_s: float,
    payload_bytes: float = 100.0,
    span_s: float = 3_600.0,
    seed: int = _SEEDED,
) -> Trace:
    """When a client's radio sends or receives, with messages at Poisson times.

    The same seed gives every transport the same messages.

    Args:
        profile: with the timers in force. On a stream, one of its ends speaks after so long
            without any other traffic as the keep-alive says, whose bytes are not counted.
        rate_per_s: messages that the client gets, per second.
        payload_bytes: of a message.

    Raises:
        UsageError: a value is out of range, or no closed form is known for the transport.
    """
    if not 0 <= rate_per_s < float("inf"):
        raise UsageError(f"the message rate must be at least 0, not {rate_per_s:g}")
    if not 1 <= span_s < float("inf"):
        raise UsageError(f"the span must be at least 1, not {span_s:g}")
    traffic = predicted_traffic(
        profile, clients=1, rate_per_client_per_s=rate_per_s, payload_bytes=payload_bytes
    )
    rng = np.random.default_rng(seed)
    messages = np.sort(rng.uniform(0.0, span_s, rng.poisson(rate_per_s * span_s)))
    timers = profile.timers
    silence_s = timers.hold_s if profile.asks else timers.keep_alive_s
    if profile.delivery == "interval-poll":
        phase = rng.uniform(0.0, timers.interval_s)
        times = np.arange(phase, span_s, timers.interval_s)
    else:
        times = _with_silences_broken(messages, silence_s, span_s) if silence_s else messages
    return Trace(
        times_s=times,
        span_s=span_s,
        up_bytes=(traffic.up_bytes_per_s or 0.0) * span_s,
        down_bytes=(traffic.down_bytes_per_s or 0.0) * span_s,
    )


def _with_silences_broken(
    times: npt.NDArray[np.float64], most_s: float, span_s: float
) -> npt.NDArray[np.float64]:
    """`times`, and one more after each `most_s` seconds without any."""
    marks = np.concatenate([[0.0], times, [span_s]])
    extra = [
        begin + most_s * np.arange(1, np.ceil((end - begin) / most_s))
        for begin, end in pairwise(marks)
        if end - begin > most_s
    ]
    broken: npt.NDArray[np.float64] = np.sort(np.concatenate([times, *extra]))
    return broken
