"""How far a trial's latencies may be from the truth, by the clocks that they were stamped with."""

from pushlab.runs import TrialRecord

__all__ = ["latency_bound_s"]


def latency_bound_s(trial: TrialRecord) -> float | None:
    """The most by which a latency may be wrong, in either direction; None: by nothing.

    A page's clock is held against that of its process, and that of a process of the swarm against
    the publisher's; their bounds add up.
    """
    pages = max(trial.clocks.bound_ns, default=0) if trial.clocks else 0
    shares = [one.bound_ns for one in trial.remote_clocks if one.process.startswith("swarm")]
    bound_ns = pages + max(shares, default=0)
    return bound_ns / 1e9 if bound_ns else None
