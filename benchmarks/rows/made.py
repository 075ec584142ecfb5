"""A run of any number of deliveries, made piece by piece: as of one hub with a large fan-out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pushlab.runs import (
    MachineFigures,
    PublisherFigures,
    RunWriter,
    ServerFigures,
    SwarmFigures,
    TrialRecord,
)

__all__ = ["make_run"]

_READERS = 5000  # of one channel
_RATE_PER_S = 20.0
_LOST = 1e-5
_AGAIN = 1e-5
_EVERY_S = 0.2


def make_run(root: Path, rows: int, *, trials: int = 1, seed: int = 1) -> Path:
    """Write a run of about so many deliveries in all, and return its folder."""
    writer = RunWriter.create(
        root,
        scenario={"name": "rows"},
        cells=["sse"],
        environment={"cores": 2},
        command=["benchmarks.rows"],
        seed=seed,
    )
    for index in range(trials):
        record, made = _trial(index, max(200, rows // trials // _READERS), seed)
        writer.add_trial(record, **made)
    return writer.finish()


def _trial(index: int, messages: int, seed: int) -> tuple[TrialRecord, dict[str, Any]]:
    rng = np.random.default_rng([seed, index])
    start = 10**12 * (index + 1)
    warm = 20
    intended = start + ((np.arange(messages) - warm) / _RATE_PER_S * 1e9).astype(np.int64)
    sent = intended + rng.exponential(2e4, messages).astype(np.int64)
    seq = np.arange(1, messages + 1)
    duration_s = (messages - warm) / _RATE_PER_S
    end = start + int(duration_s * 1e9)

    def deliveries() -> Iterator[dict[str, Any]]:
        for row in range(messages):
            subscriber = rng.permutation(_READERS)
            delay = np.cumsum(rng.exponential(3e3, _READERS)) + 4e5  # the hub writes one by one
            came = sent[row] + delay.astype(np.int64)
            keep = rng.random(_READERS) >= _LOST
            again = np.flatnonzero(rng.random(_READERS) < _AGAIN)
            order = np.concatenate([np.flatnonzero(keep), again])
            yield {
                "channel": np.zeros(len(order), np.int32),
                "seq": np.full(len(order), seq[row]),
                "subscriber": subscriber[order],
                "received_ns": came[order],
            }

    at = start + np.arange(-5, int(duration_s / _EVERY_S) + 5) * int(_EVERY_S * 1e9)
    looks: dict[str, Any] = {
        "process": np.repeat(["hub", "swarm", "publisher"], len(at)).tolist(),
        "phase": ["measuring"] * (3 * len(at)),
        "at_ns": np.tile(at, 3),
        "cpu_s": np.tile((at - at[0]) / 1e9 * 0.3 + 1, 3),
        "rss_bytes": np.full(3 * len(at), 1 << 26),
        "open_descriptors": np.full(3 * len(at), 100),
        "loop_lag_ns": np.full(3 * len(at), 10**6),
        "waited_ns": np.tile(((at - at[0]) * 0.05).astype(np.int64) + 1, 3),
    }
    measured = messages - warm
    record = TrialRecord(
        index=index,
        order=index,
        cell="sse",
        transport="sse",
        status="ok",
        clients=_READERS,
        channels=1,
        per_channel=_READERS,
        rate_per_channel=_RATE_PER_S,
        arrivals="constant",
        duration_s=duration_s,
        measure_start_ns=start,
        measure_end_ns=end,
        server=ServerFigures(hits={"publish": measured}, hits_all={"publish": messages}, cpu_s=1.0),
        swarm=SwarmFigures(hits={}, hits_setup={"connect": _READERS}, cpu_s=1.0),
        publisher=PublisherFigures(scheduled=measured, sent=measured, accepted=measured),
        machine=MachineFigures(cores=2, cpu_s=duration_s, others_cpu_s=0.1, stolen_s=0.1),
    )
    publishes = {
        "channel": np.zeros(messages, np.int32),
        "seq": seq,
        "intended_ns": intended,
        "sent_ns": sent,
        "accepted_ns": sent + 300_000,
        "held_ns": np.zeros(messages, np.int64),
        "status": np.full(messages, 202),
        "warmup": intended < start,
        "payload_bytes": np.full(messages, 100),
    }
    return record, {"publishes": publishes, "deliveries": deliveries(), "samples": looks}
