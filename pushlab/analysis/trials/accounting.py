"""Who should have got what, and who did: one trial's rows, joined and counted.

Every accepted publish of the measured window owes one delivery to each subscriber of its channel.
Nothing is ever taken out of that denominator: ``expected == delivered + lost``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.spool import Column, Spool
from pushlab.analysis.stats.values import Values
from pushlab.runs import HUB, DeliveryRows, PublishRows, TrialRecord
from pushlab.runs.joined import Join

__all__ = ["Accounting", "Arrivals", "TrialRows", "account", "subscribers_of"]

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Accounting:
    """The counts of one trial's measured window.

    Attributes:
        scheduled: publishes in the schedule; ``scheduled == sent + skipped``.
        accepted: those of which the publisher heard so, and those that arrived (`unanswered`).
        unanswered: accepted, since they arrived, though their answer never came.
        rejected: answered with a refusal.
        unknown: never answered, and arrived at nobody: ``sent == accepted + rejected + unknown``.
        expected: accepted publishes times the subscribers of their channel.
        delivered: of these, arrived; each counted once, the drain included.
        lost: of these, never arrived.
        duplicated: arrived again.
        reordered: arrived after a later message of the channel; where the server does not number
            them, after one that was sent when this one was known to be accepted.
        late: arrived after the measured window's end; part of `delivered`.
        unmatched: deliveries of no known publish, or to a reader of another channel.
    """

    scheduled: int = 0
    sent: int = 0
    accepted: int = 0
    skipped: int = 0
    unanswered: int = 0
    rejected: int = 0
    unknown: int = 0
    expected: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    late: int = 0
    unmatched: int = 0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Some first deliveries, in the order of arrival; columns of one length.

    Attributes:
        publish_of: each one's publish's row number.
        subscriber, received_ns: who had it, and when.
    """

    publish_of: Int64
    subscriber: Int64
    received_ns: Int64

    def where(self, chosen: Bool) -> "Arrivals":
        """Those for which it is true."""
        return Arrivals(self.publish_of[chosen], self.subscriber[chosen], self.received_ns[chosen])


@dataclass(frozen=True, slots=True)
class TrialRows:
    """One trial's rows, joined; the deliveries in pieces, as they may be more than fit into memory.

    Attributes:
        counts: see `Accounting`.
        with_send: how many of the window's first deliveries are of a publish whose sending is
            known.
        columns: of the first delivery of each message to each subscriber, those of the warm-up
            among them, the columns of `Arrivals`.
    """

    record: TrialRecord
    publishes: PublishRows
    counts: Accounting
    with_send: int
    columns: tuple[Column, Column, Column]

    def every(self) -> Iterator[Arrivals]:
        """All first deliveries; of the warm-up's, some are still to come when the window begins."""
        pieces = zip(*(column.pieces() for column in self.columns), strict=True)
        for publish_of, subscriber, received_ns in pieces:
            yield Arrivals(publish_of.astype(np.int64), subscriber.astype(np.int64), received_ns)

    def measured(self) -> Iterator[Arrivals]:
        """Those of the measured window; whatever is made of them has pieces of the same lengths."""
        measured = ~self.publishes.warmup
        return (some.where(measured[some.publish_of]) for some in self.every())

    def of_readers(self, readers: Sequence[int], *, warmup: bool = False) -> Arrivals:
        """Those of a few subscribers, all at once; `warmup`: those of the warm-up too."""
        pieces = self.every() if warmup else self.measured()
        some = [each.where(np.isin(each.subscriber, readers)) for each in pieces]
        if not some:
            return Arrivals(*(np.zeros(0, np.int64) for _ in range(3)))
        return Arrivals(
            np.concatenate([each.publish_of for each in some]),
            np.concatenate([each.subscriber for each in some]),
            np.concatenate([each.received_ns for each in some]),
        )

    def latencies_s(self, some: Arrivals) -> Floats:
        """Received minus intended of these deliveries, in seconds."""
        return (some.received_ns - self.publishes.intended_ns[some.publish_of]) / 1e9

    def sent(self, some: Arrivals) -> Bool:
        """Of which of these deliveries the sending is known."""
        known: Bool = self.publishes.sent_ns[some.publish_of] > 0
        return known

    def latency_s(self) -> Values:
        """Received minus intended, per delivery, in seconds; zero and negative ones included."""
        return Values(lambda: map(self.latencies_s, self.measured()), self.counts.delivered)

    def latency_from_send_s(self) -> Values:
        """Received minus sent, per delivery, in seconds."""

        def read() -> Iterator[Floats]:
            for some in self.measured():
                known = some.where(self.sent(some))
                yield (known.received_ns - self.publishes.sent_ns[known.publish_of]) / 1e9

        return Values(read, self.with_send)

    def publish_delay_s(self) -> Floats:
        """Sent minus intended, per publish that was sent, in seconds."""
        measured = ~self.publishes.warmup & (self.publishes.sent_ns > 0)
        return (self.publishes.sent_ns[measured] - self.publishes.intended_ns[measured]) / 1e9

    def generator_delay_s(self) -> Floats:
        """The part of `publish_delay_s` that is not the server's doing, in seconds."""
        measured = ~self.publishes.warmup & (self.publishes.sent_ns > 0)
        return self.publish_delay_s() - self.publishes.held_ns[measured] / 1e9


def account(
    record: TrialRecord, publishes: PublishRows, deliveries: DeliveryRows | Iterable[DeliveryRows]
) -> TrialRows:
    """Join one trial's deliveries to its publishes and count; `deliveries` may come in pieces."""
    measured = ~publishes.warmup
    accepted = publishes.seq > 0
    sent = publishes.sent_ns > 0
    refused = measured & sent & ~accepted
    owed = subscribers_of(record, publishes.channel)
    expected = int(owed[measured & accepted].sum())

    join, order, spool = Join(record, publishes), _Order(record, publishes), Spool()
    columns = (Column(spool), Column(spool), Column(spool))
    end = _NEVER if record.measure_end_ns is None else record.measure_end_ns
    delivered = with_send = wanted = reordered = late = unmatched = 0
    for piece in (deliveries,) if isinstance(deliveries, DeliveryRows) else deliveries:
        _, known, publish_of = join.match(piece)
        unmatched += int(np.count_nonzero(~known))
        came = np.flatnonzero(known)
        if not len(came):
            continue
        subscriber = piece.subscriber.astype(np.int64)
        wanted += int(np.count_nonzero(measured[publish_of[came]]))
        first = came[join.first_arrivals(publish_of[came], subscriber[came])]
        some = Arrivals(publish_of[first], subscriber[first], piece.received_ns[first])
        for column, values in zip(columns, _narrow(some), strict=True):
            column.append(values)
        some = some.where(measured[some.publish_of])
        delivered += len(some.publish_of)
        with_send += int(np.count_nonzero(sent[some.publish_of]))
        reordered += order.overtaken(some)
        late += int(np.count_nonzero(some.received_ns > end))
    sent_count = int(np.count_nonzero(measured & sent))
    accepted_count = int(np.count_nonzero(measured & accepted))
    scheduled = int(np.count_nonzero(measured))
    counts = Accounting(
        scheduled=scheduled,
        sent=sent_count,
        accepted=accepted_count,
        skipped=scheduled - sent_count,
        unanswered=int(np.count_nonzero(measured & accepted & (publishes.status == 0))),
        rejected=int(np.count_nonzero(refused & (publishes.status > 0))),
        unknown=int(np.count_nonzero(refused & (publishes.status == 0))),
        expected=expected,
        delivered=delivered,
        lost=expected - delivered,
        duplicated=wanted - delivered,
        reordered=reordered,
        late=late,
        unmatched=unmatched,
    )
    return TrialRows(record, publishes, counts, with_send, columns)


def _narrow(some: Arrivals) -> tuple[npt.NDArray[Any], ...]:
    """The columns as they are kept."""
    return some.publish_of.astype(np.int32), some.subscriber.astype(np.int32), some.received_ns


def subscribers_of(record: TrialRecord, channel: npt.NDArray[np.int32]) -> Int64:
    """How many subscribers each of these channels has."""
    first = channel.astype(np.int64) * record.per_channel
    return np.clip(record.clients - first, 0, record.per_channel)


class _Order:
    """Counts deliveries that came after a later one of their reader, in the order of arrival.

    The hub's `seq` is an order that it promises. Another server promises none between messages
    that are under way at once: only what overtook a message whose acceptance was known before the
    overtaker was sent came out of order.
    """

    def __init__(self, record: TrialRecord, publishes: PublishRows) -> None:
        if record.system == HUB:
            self._leads = self._follows = publishes.seq
        else:
            self._leads, accepted = publishes.sent_ns, publishes.accepted_ns
            self._follows = np.where(accepted > 0, accepted, _NEVER)
        self._highest = np.full(record.clients, -_NEVER)  # of each reader, so far

    def overtaken(self, some: Arrivals) -> int:
        """How many of these have a `follows` below the highest `leads` of their reader by then."""
        if not len(some.publish_of):
            return 0
        order = np.argsort(some.subscriber, kind="stable")
        reader, publish_of = some.subscriber[order], some.publish_of[order]
        leads, follows = self._leads[publish_of], self._follows[publish_of]
        begins = np.concatenate([[True], reader[1:] != reader[:-1]])
        ends = np.concatenate([begins[1:], [True]])
        leads[begins] = np.maximum(leads[begins], self._highest[reader[begins]])
        group = np.cumsum(begins) - 1
        least = int(min(leads.min(), follows.min()))
        span = int(leads.max()) - least + 2  # what lies above every lead is overtaken by none
        climbing = np.maximum.accumulate(group * span + (leads - least))
        followed = group * span + np.minimum(follows - least, span - 1)
        self._highest[reader[ends]] = climbing[ends] - group[ends] * span + least
        return int(np.count_nonzero(followed < climbing))


_NEVER = np.iinfo(np.int64).max
