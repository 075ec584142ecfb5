"""A scenario that replays what was recorded: its clients, a channel each, and its messages."""

from collections.abc import Sequence

from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.trace import Message, parse_trace, trace_text

__all__ = ["replaying"]


def replaying(
    scenario: Scenario, messages: Sequence[Message], *, clients: int, span_s: float
) -> Scenario:
    """The scenario with so many clients and these messages in warm-up and window.

    Args:
        span_s: of the record; the scenario's window is shortened or lengthened to it.
    """
    trace = trace_text(messages)
    size = round(parse_trace(trace).mean_bytes)
    work = {
        "clients": clients,
        "channels": "per-client",
        "arrivals": "trace",
        "trace": trace,
        "duration_s": round(span_s - scenario.warmup_s, 3),
        "rate_per_s": len(messages) / span_s / clients,
        **({"payload_bytes": size} if size else {}),
    }
    return scenario.with_values(work)
