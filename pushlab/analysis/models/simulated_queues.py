"""Queues, turns and polled copies simulated: what happens at one server, and what one reader sees.

As in `pushlab.analysis.models.simulation`, nothing here knows the closed forms, and the same seed
gives the same figures.
"""

import numpy as np
import numpy.typing as npt

from pushlab.analysis.models.expected import PERCENTILES

__all__ = ["simulate_copy", "simulate_fan_out_s", "simulate_queue_wait_s"]

Floats = npt.NDArray[np.float64]


def simulate_queue_wait_s(
    *, rate_per_s: float, service_s: float, customers: int = 1_000_000, seed: int = 1
) -> float:
    """The mean wait of one server's customers, who come at Poisson times and take `service_s` each.

    Lindley's recursion in closed vector form: what has been worked less what has passed, above its
    running minimum.
    """
    return float(_waits_s(rate_per_s, service_s, customers, seed).mean())


def _waits_s(rate_per_s: float, service_s: float, customers: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    between = rng.exponential(1 / rate_per_s, customers - 1)
    drift = np.concatenate([[0.0], np.cumsum(service_s - between)])
    waits: Floats = drift - np.minimum.accumulate(drift)
    return waits


def simulate_fan_out_s(
    *,
    publishes_per_s: float,
    clients: int,
    send_s: float,
    publish_s: float = 0.0,
    customers: int = 200_000,
    seed: int = 1,
) -> dict[str, float]:
    """The time that one server adds to a delivery: behind other messages, then in its turn.

    Returns:
        Its ``mean`` and percentiles, such as ``99``.
    """
    waits = _waits_s(publishes_per_s, publish_s + clients * send_s, customers, seed)
    place = np.random.default_rng(seed + 1).integers(1, clients + 1, customers)
    added = waits + publish_s + place * send_s
    told = np.percentile(added, PERCENTILES)
    return {
        "mean": float(added.mean()),
        **{f"{p:g}": float(v) for p, v in zip(PERCENTILES, told, strict=True)},
    }


def simulate_copy(
    *, rate_per_s: float, interval_s: float, looks: int = 400_000, seed: int = 1
) -> tuple[float, float]:
    """Freshness and mean age of a value that changes at Poisson times and is polled every T.

    Somebody looks at the copy at a random moment after a poll; it is stale if the value has changed
    since that poll, and as old as the first change is ago.
    """
    rng = np.random.default_rng(seed)
    since_poll = rng.uniform(0.0, interval_s, looks)
    if not rate_per_s:
        return 1.0, 0.0
    age = np.maximum(since_poll - rng.exponential(1 / rate_per_s, looks), 0.0)
    return float((age == 0.0).mean()), float(age.mean())
