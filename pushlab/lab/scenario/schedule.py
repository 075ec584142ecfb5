"""The publish schedule: computed before a trial from a seed, so that a slow server never slows it.

Open loop: the times stand before anything is measured. The schedule depends on the scenario, the
seed and the repetition, and not on the transport, so all transports of one repetition get the very
same work.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pushlab.lab.scenario.model import Arrivals
from pushlab.lab.scenario.trace import parse_trace

__all__ = ["Schedule", "make_schedule"]

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each message is due, in nanoseconds after the schedule's start; in order of time.

    Attributes:
        offset_ns: int64, when message ``i`` is due.
        channel: int32, the number of its channel.
        warmup_ns: what is due before this is warm-up.
        end_ns: the end of the measured window; every offset lies before it.
        payload_bytes: int32, the size of each message.
    """

    offset_ns: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int32]
    warmup_ns: int
    end_ns: int
    payload_bytes: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offset_ns)

    @property
    def warmup(self) -> npt.NDArray[np.bool_]:
        """For each message, whether it belongs to the warm-up."""
        return np.less(self.offset_ns, self.warmup_ns)


def make_schedule(
    *,
    arrivals: Arrivals,
    channels: int,
    rate_per_s: float,
    warmup_s: float,
    duration_s: float,
    seed: int,
    repetition: int = 0,
    burst_size: int = 1,
    burst_gap_s: float = 0.0,
    trace: str = "",
    payload_bytes: int = 100,
) -> Schedule:
    """Compute a schedule.

    ``constant`` sends every ``1 / rate_per_s`` seconds from a random point of the first interval,
    another for each channel.

    ``poisson`` sends at times that are independent of each other: a Poisson process given its
    count. The count, of all channels together, is the expected one in the warm-up and in the
    window, so that repetitions carry the same load and differ in its times.

    ``burst`` sends `burst_size` messages, `burst_gap_s` apart, at such times: a batch Poisson
    process given its count. A burst that the end cuts short is cut.

    ``trace`` sends when `trace` says (`pushlab.lab.scenario.trace`), in every repetition alike.

    Constant arrivals repeat the same few phases against a poll at a fixed rate. With few clients
    the mean latency then depends on their phases; Poisson arrivals sample all phases.

    Args:
        channels: how many; each gets `rate_per_s` of its own.
        rate_per_s: messages per second and channel.
        seed, repetition: the same two give the same schedule.
        payload_bytes: of each message, where the trace does not say it.
    """
    rng = np.random.default_rng([seed, repetition, 0x5EED])
    total_s = warmup_s + duration_s
    if arrivals == "constant":
        period_s = 1.0 / rate_per_s
        steps = np.arange(int(np.ceil(total_s / period_s)) + 1)[None, :]
        at_s = (rng.uniform(0.0, period_s, channels)[:, None] + steps * period_s).reshape(-1)
        channel = np.repeat(np.arange(channels, dtype=np.int32), steps.size)
    elif arrivals == "trace":
        at_s, channel = parse_trace(trace).at_s, parse_trace(trace).channel
    else:
        burst = burst_size if arrivals == "burst" else 1
        spans = ((0.0, warmup_s), (warmup_s, total_s))
        drawn = [_given_count(rng, channels * rate_per_s / burst, *span) for span in spans]
        starts = np.concatenate(drawn)
        channel = np.repeat(rng.integers(0, channels, len(starts), dtype=np.int32), burst)
        at_s = (starts[:, None] + np.arange(burst)[None, :] * burst_gap_s).reshape(-1)
    warmup_ns, end_ns = round(warmup_s * _NS), round(total_s * _NS)
    offset_ns = np.floor(at_s * _NS).astype(np.int64)
    kept = offset_ns < end_ns
    offset_ns, channel = offset_ns[kept], channel[kept]
    order = np.lexsort((channel, offset_ns))
    size = _sizes(trace, payload_bytes, kept)
    return Schedule(offset_ns[order], channel[order], warmup_ns, end_ns, size[order])


def _sizes(trace: str, payload_bytes: int, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """The size of each message that is kept."""
    if not trace:
        return np.full(int(kept.sum()), payload_bytes, np.int32)
    told = parse_trace(trace).payload_bytes[kept]
    return np.where(told > 0, told, np.int32(payload_bytes))


def _given_count(
    rng: np.random.Generator, rate_per_s: float, from_s: float, to_s: float
) -> npt.NDArray[np.float64]:
    """Times of a Poisson process given that it has its expected count, rounded at random."""
    expected = rate_per_s * (to_s - from_s)
    count = int(expected) + int(rng.random() < expected % 1.0)
    return rng.uniform(from_s, to_s, count)
