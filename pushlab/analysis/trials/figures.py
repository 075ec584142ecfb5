"""One trial's figures, and the check that server and clients counted the same.

Everything later is sums over these, or samples merged from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pushlab.analysis.models.prediction import Prediction, Service, predict
from pushlab.analysis.stats.ordered import Ordered
from pushlab.analysis.stats.percentiles import Sample
from pushlab.analysis.stats.values import Values
from pushlab.analysis.trials.accounting import Accounting, TrialRows, account
from pushlab.analysis.trials.reconciliation import hits_of, mismatch, unreconciled
from pushlab.analysis.trials.staleness import staleness_figures
from pushlab.analysis.trials.stamps import StampErrors, stamp_errors
from pushlab.analysis.trials.waiting import Waiting, waiting_of
from pushlab.runs import Run, TrialRecord

__all__ = ["TrialFigures", "figures_of", "load_rows", "prediction_of"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """What one trial says.

    Attributes:
        samples: of the latencies, sorted once.
        hits, hits_setup: requests for the sake of delivery, within and before the window.
        publish_hits: the publisher's requests within the window, as the server counted them, if it
            does.
        hits_source: who counted `hits`: ``server``, its ``access log``, or ``swarm``.
        generator_delay_s: of `publish_delay_s`, what was not the server's doing.
        stamps: how far its stamps were from the kernel's, as far as that made some.
        connect_s: of each subscriber, from the wish for a connection to the server's acceptance.
        mismatch: how server and clients differ, in words; None if they agree.
        unreconciled: what of the hits nobody can check, in words; None: all are checked.
        waiting: for what each delivery may have waited on its way.
        payload_bytes: mean size of an accepted message.
    """

    record: TrialRecord
    rows: TrialRows
    latency_s: Values
    latency_from_send_s: Values
    samples: Mapping[str, Sample]
    publish_delay_s: Floats
    generator_delay_s: Floats
    stamps: StampErrors
    waiting: Waiting
    connect_s: Floats
    staleness_s: Mapping[str, float | None]
    hits: Mapping[str, int]
    hits_setup: Mapping[str, int]
    publish_hits: int
    hits_source: str
    mismatch: str | None
    unreconciled: str | None
    payload_bytes: float
    predicted: Prediction

    def sample(self, name: str) -> Sample:
        """The samples of that name; deliveries of one publish are one, others are independent."""
        found = self.samples.get(name)
        if found is None:
            sources = self.stamps.late_of if name == "stamp_error_s" else None
            found = Sample.of(getattr(self, name), sources)
        return found

    @property
    def stamp_error_s(self) -> Floats:
        """By how much deliveries were stamped late."""
        return self.stamps.late_s

    @property
    def send_stamp_error_s(self) -> Floats:
        """By how much requests were stamped early."""
        return self.stamps.early_s

    @property
    def hits_total(self) -> int:
        """All hits of the window but the publisher's."""
        return sum(self.hits.values())

    @property
    def bytes_total(self) -> int:
        """The subscribers' bytes of the window, both ways."""
        swarm = self.record.swarm
        return swarm.bytes_in + swarm.bytes_out if swarm else 0

    @property
    def cpu_s(self) -> float | None:
        """CPU seconds of the server, its broker and its backplane within the window.

        None: nobody could look.
        """
        record = self.record
        server = record.server.cpu_s if record.server else None
        beside = [one.cpu_s or 0.0 for one in (record.broker, record.backplane) if one]
        return None if server is None else server + sum(beside)

    @property
    def generator_cpu_s(self) -> float | None:
        """CPU seconds of swarm and publisher; None if neither was looked at."""
        used = [p.cpu_s for p in (self.record.swarm, self.record.publisher) if p]
        known = [cpu_s for cpu_s in used if cpu_s is not None]
        return sum(known) if known else None

    @property
    def counts(self) -> Accounting:
        """The rows' accounting, and what made no row.

        That is what a client half dropped as repeated, or put in order, and what came to a reader
        of another channel.
        """
        counts, swarm = self.rows.counts, self.record.swarm
        if swarm is None:
            return counts
        return replace(
            counts,
            duplicated=counts.duplicated + swarm.duplicated,
            reordered=counts.reordered + swarm.reordered,
            unmatched=counts.unmatched + swarm.strays,
        )


def load_rows(run: Run, trial: TrialRecord) -> TrialRows:
    """Read one trial's rows and join them.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    return account(trial, run.publishes(trial), run.delivery_batches(trial))


def prediction_of(
    trial: TrialRecord, rows: TrialRows, delay_s: float, service: Service | None = None
) -> Prediction:
    """What closed forms say of one trial, with the rate that its schedule drew.

    Args:
        delay_s: what a delivery takes on loopback.
        service: what its cell's server takes for it.
    """
    span = trial.channels * trial.duration_s
    return predict(
        trial,
        delay_s=delay_s,
        rate_per_channel=rows.counts.scheduled / span if span > 0 else None,
        delivered=rows.counts.delivered,
        service=service,
    )


def figures_of(run: Run, trial: TrialRecord) -> TrialFigures:
    """Read one trial and compute its figures; its prediction is that of a loopback without delay.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    rows = load_rows(run, trial)
    connects = run.connects(trial)
    accepted = rows.publishes.payload_bytes[rows.publishes.seq > 0]
    hits = hits_of(trial)
    return TrialFigures(
        record=trial,
        rows=rows,
        latency_s=(latency_s := rows.latency_s()),
        latency_from_send_s=(from_send_s := rows.latency_from_send_s()),
        samples={
            "latency_s": _sample(rows, latency_s),
            "latency_from_send_s": _sample(rows, from_send_s, sent=True),
        },
        publish_delay_s=rows.publish_delay_s(),
        generator_delay_s=rows.generator_delay_s(),
        stamps=stamp_errors(trial, rows.publishes, run.stamps(trial)),
        waiting=waiting_of(run, rows),
        connect_s=(connects.connected_ns - connects.wanted_ns) / 1e9,
        staleness_s=staleness_figures(rows),
        hits=hits.window,
        hits_setup=hits.setup,
        publish_hits=hits.publish,
        hits_source=hits.source,
        mismatch=mismatch(trial, rows.publishes),
        unreconciled=unreconciled(trial),
        payload_bytes=float(accepted.mean()) if len(accepted) else 0.0,
        predicted=prediction_of(trial, rows, 0.0),
    )


def _sample(rows: TrialRows, values: Values, *, sent: bool = False) -> Sample:
    """The latencies of a trial's deliveries, sorted; those of one publish are one sample.

    Args:
        sent: they are of the publishes alone whose sending is known.
    """
    worst = np.full(len(rows.publishes), -np.inf)
    for some, piece in zip(rows.measured(), values.pieces(), strict=True):
        of = some.publish_of[rows.sent(some)] if sent else some.publish_of
        np.maximum.at(worst, of, piece)
    return Sample(Ordered.of(values), values.sum(), worst[worst > -np.inf])
