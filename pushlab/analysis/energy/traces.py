"""Predicted traces: when one client's radio is used under each transport, by the rules of its wire.

A request and its answer, or a message and its acknowledgement, come within one tail of each other
and count as one moment.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pushlab.errors import UsageError

__all__ = ["Trace", "predicted_trace"]

_SEEDED = 20_240_601


@dataclass(frozen=True, slots=True)
class Trace:
    """The times of one client's traffic within a span: shape (n,), seconds, ascending."""

    times_s: npt.NDArray[np.float64]
    span_s: float


def predicted_trace(
    transport: str,
    *,
    rate_per_s: float,
    poll_interval_s: float = 1.0,
    hold_s: float = 30.0,
    keep_alive_s: float = 60.0,
    span_s: float = 3_600.0,
    seed: int = _SEEDED,
) -> Trace:
    """When a client's radio sends or receives, with messages at Poisson times.

    Args:
        rate_per_s: messages that the client gets, per second.
        poll_interval_s: of short polling, at a fixed rate.
        hold_s: the longest hold of a long poll.
        keep_alive_s: of the push transports: a ping goes out, or a comment comes, after so long
            without any other traffic; 0 for none.

    Raises:
        UsageError: a value is out of range, or the transport is not known.
    """
    for name, value, least in (
        ("the message rate", rate_per_s, 0.0),
        ("the keep-alive", keep_alive_s, 0.0),
        ("the poll interval", poll_interval_s, 1e-3),
        ("the hold", hold_s, 1e-3),
        ("the span", span_s, 1.0),
    ):
        if not least <= value < float("inf"):
            raise UsageError(f"{name} must be at least {least:g}, not {value:g}")
    rng = np.random.default_rng(seed)
    messages = np.sort(rng.uniform(0.0, span_s, rng.poisson(rate_per_s * span_s)))
    if transport == "short-polling":
        phase = rng.uniform(0.0, poll_interval_s)
        return Trace(np.arange(phase, span_s, poll_interval_s), span_s)
    if transport == "long-polling":
        return Trace(_with_silences_broken(messages, hold_s, span_s), span_s)
    if transport in ("sse", "websocket", "mqtt"):
        if not keep_alive_s:
            return Trace(messages, span_s)
        return Trace(_with_silences_broken(messages, keep_alive_s, span_s), span_s)
    raise UsageError(
        f"no trace is known for {transport!r}"
        " (known: short-polling, long-polling, sse, websocket, mqtt)"
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
