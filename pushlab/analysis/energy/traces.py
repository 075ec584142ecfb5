"""Traces: when one client's radio is used and for how many bytes, predicted by the rules of each
wire or read from a run.

Bytes are those of packets: each segment has its headers of TCP and IP, and what nobody answers at
once is acknowledged by a packet of headers alone. What is said and answered within one round trip
is one moment where it is predicted; a run has both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError
from pushlab.runs import Run, TrafficRows, TrialRecord

__all__ = ["Trace", "joined", "measured_traces", "predicted_trace"]

Floats = npt.NDArray[np.float64]

_SEEDED = 20_240_601
_NS = 1e9
_HEADER_BYTES = 40  # of TCP and IPv4, without options
_SEGMENT_BYTES = 1_448  # of payload, at most
_ANSWERED_NS = 40_000_000  # within this an acknowledgement rides on the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One client's traffic within a span.

    Attributes:
        times_s: when it sent or received something; shape (n,), ascending.
        span_s: the length of the span.
        up, down: bytes sent and received at each of these moments, headers included; shape (n,).
    """

    times_s: Floats
    span_s: float
    up: Floats
    down: Floats


def joined(traces: Sequence[Trace]) -> Trace:
    """The traces one behind the other, as the life of one client."""
    begins = np.cumsum([0.0, *(trace.span_s for trace in traces)])
    moved = [begin + trace.times_s for begin, trace in zip(begins, traces, strict=False)]
    return Trace(
        times_s=np.concatenate(moved),
        span_s=float(begins[-1]),
        up=np.concatenate([trace.up for trace in traces]),
        down=np.concatenate([trace.down for trace in traces]),
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
            mine = np.flatnonzero(inside & (rows.subscriber == subscriber))
            found.append(_as_packets(rows, mine, start_ns, (end_ns - start_ns) / _NS))
    return found


def _as_packets(
    rows: TrafficRows, mine: npt.NDArray[np.int64], start_ns: int, span_s: float
) -> Trace:
    """The moments of one client, with the headers and acknowledgements that it cannot see."""
    mine = mine[np.argsort(rows.at_ns[mine], kind="stable")]
    at_ns, sent = rows.at_ns[mine], rows.sent[mine]
    whole = _with_headers(rows.bytes[mine].astype(np.float64))
    near = np.diff(at_ns, append=np.iinfo(np.int64).max) < _ANSWERED_NS
    answered = near & (sent != np.append(sent[1:], False))
    alone = np.where(answered, 0.0, _HEADER_BYTES)
    return Trace(
        times_s=(at_ns - start_ns) / _NS,
        span_s=span_s,
        up=np.where(sent, whole, alone),
        down=np.where(sent, alone, whole),
    )


def _with_headers(size: npt.ArrayLike) -> Floats:
    """Bytes of packets that carry so many of payload."""
    payload = np.asarray(size, np.float64)
    whole: Floats = payload + np.ceil(payload / _SEGMENT_BYTES) * _HEADER_BYTES
    return whole


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
            without any other traffic as the keep-alive says.
        rate_per_s: messages that the client gets, per second.
        payload_bytes: of a message.

    Raises:
        UsageError: a value is out of range, or no closed form is known for the transport.
    """
    if not 0 <= rate_per_s < float("inf"):
        raise UsageError(f"the message rate must be at least 0, not {rate_per_s:g}")
    if not 1 <= span_s < float("inf"):
        raise UsageError(f"the span must be at least 1, not {span_s:g}")
    predicted_traffic(  # refuses what it does not know, and timers that cannot be
        profile, clients=1, rate_per_client_per_s=rate_per_s, payload_bytes=payload_bytes
    )
    rng = np.random.default_rng(seed)
    messages = np.sort(rng.uniform(0.0, span_s, rng.poisson(rate_per_s * span_s)))
    timers = profile.timers
    silence_s = timers.hold_s if profile.asks else timers.keep_alive_s
    if profile.delivery == "interval-poll":
        phase = rng.uniform(0.0, timers.interval_s)
        times = np.arange(phase, span_s, timers.interval_s)
        carried = np.diff(np.searchsorted(messages, times, side="right"), prepend=0)
    else:
        times = _with_silences_broken(messages, silence_s, span_s) if silence_s else messages
        carried = np.isin(times, messages).astype(np.int64)
    up, down = _exchanged(profile, carried, carried * payload_bytes)
    return Trace(times_s=times, span_s=span_s, up=up, down=down)


def _exchanged(
    profile: Profile, carried: npt.NDArray[np.int64], payload: Floats
) -> tuple[Floats, Floats]:
    """Bytes up and down at moments that bring so many messages, of so many bytes together.

    What the last who spoke said is acknowledged by a packet of headers alone.
    """
    wire = profile.wire
    if wire is None:
        return np.zeros(len(carried)), np.zeros(len(carried))
    brought = payload + carried * wire.message_bytes
    if profile.asks:
        empty, useful = wire.empty_answer_bytes, wire.answer_bytes
        up = np.full(len(carried), _with_headers(wire.request_bytes))
        down = _with_headers(np.where(carried > 0, useful, empty) + brought)
        held = profile.delivery == "held-poll"  # the answer comes, and then the next question
        return (up, down + _HEADER_BYTES) if held else (up + _HEADER_BYTES, down)
    ack, acks = _with_headers(wire.ack_bytes), profile.acks  # of QoS 2: up, down, up
    up = np.full(len(carried), acks * ack if acks else _HEADER_BYTES)
    down = _with_headers(brought) + ((acks - 1) * ack + _HEADER_BYTES if acks else 0.0)
    first = float(_with_headers(wire.keep_alive_bytes))
    second = float(_with_headers(wire.keep_alive_answer_bytes))
    first, second = (first + _HEADER_BYTES, second) if second else (first, _HEADER_BYTES)
    kept = (first, second) if profile.client_keeps_alive else (second, first)
    return np.where(carried > 0, up, kept[0]), np.where(carried > 0, down, kept[1])


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
