"""Who should have got what, and who did: one trial's rows, joined and counted.

Every accepted publish of the measured window owes one delivery to each subscriber of its channel.
Nothing is ever taken out of that denominator: ``expected == delivered + lost``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pushlab.runs import HUB, DeliveryRows, PublishRows, TrialRecord
from pushlab.runs.joined import first_arrivals, match

__all__ = ["Accounting", "TrialRows", "account", "subscribers_of"]

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
class TrialRows:
    """One trial's rows, joined.

    Attributes:
        counts: see `Accounting`.
        publish_of: for each first delivery of the measured window, its publish's row number.
        delivery_of: for each of them, its own row number.
        every_publish_of, every_delivery_of: the same with those of the warm-up, of which some are
            still to come when the window begins.
    """

    record: TrialRecord
    publishes: PublishRows
    deliveries: DeliveryRows
    counts: Accounting
    publish_of: Int64
    delivery_of: Int64
    every_publish_of: Int64
    every_delivery_of: Int64

    def latency_s(self) -> Floats:
        """Received minus intended, per delivery, in seconds; zero and negative ones included."""
        received = self.deliveries.received_ns[self.delivery_of]
        return (received - self.publishes.intended_ns[self.publish_of]) / 1e9

    def latency_from_send_s(self) -> Floats:
        """Received minus sent, per delivery, in seconds."""
        received = self.deliveries.received_ns[self.delivery_of]
        sent = self.publishes.sent_ns[self.publish_of]
        return (received[sent > 0] - sent[sent > 0]) / 1e9

    def publish_delay_s(self) -> Floats:
        """Sent minus intended, per publish that was sent, in seconds."""
        measured = ~self.publishes.warmup & (self.publishes.sent_ns > 0)
        return (self.publishes.sent_ns[measured] - self.publishes.intended_ns[measured]) / 1e9

    def generator_delay_s(self) -> Floats:
        """The part of `publish_delay_s` that is not the server's doing, in seconds."""
        measured = ~self.publishes.warmup & (self.publishes.sent_ns > 0)
        return self.publish_delay_s() - self.publishes.held_ns[measured] / 1e9


def account(record: TrialRecord, publishes: PublishRows, deliveries: DeliveryRows) -> TrialRows:
    """Join one trial's deliveries to its publishes and count."""
    measured = ~publishes.warmup
    accepted = publishes.seq > 0
    sent = publishes.sent_ns > 0
    refused = measured & sent & ~accepted
    owed = subscribers_of(record, publishes.channel)
    expected = int(owed[measured & accepted].sum())

    subscriber = deliveries.subscriber.astype(np.int64)
    _, known, publish_of = match(record, publishes, deliveries)
    came = np.flatnonzero(known)
    wanted = int(np.count_nonzero(measured[publish_of[came]])) if len(came) else 0
    every = came[first_arrivals(record, publish_of[came], subscriber[came])]
    every_publish_of = publish_of[every]
    counted = measured[every_publish_of] if len(every) else np.zeros(0, np.bool_)
    delivery_of, publish_of = every[counted], every_publish_of[counted]
    received = deliveries.received_ns[delivery_of]
    end = record.measure_end_ns
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
        delivered=len(delivery_of),
        lost=expected - len(delivery_of),
        duplicated=wanted - len(delivery_of),
        reordered=_reordered(record, publishes, publish_of, subscriber[delivery_of]),
        late=0 if end is None else int(np.count_nonzero(received > end)),
        unmatched=int(np.count_nonzero(~known)),
    )
    return TrialRows(
        record, publishes, deliveries, counts, publish_of, delivery_of, every_publish_of, every
    )


def subscribers_of(record: TrialRecord, channel: npt.NDArray[np.int32]) -> Int64:
    """How many subscribers each of these channels has."""
    first = channel.astype(np.int64) * record.per_channel
    return np.clip(record.clients - first, 0, record.per_channel)


def _reordered(
    record: TrialRecord, publishes: PublishRows, publish_of: Int64, subscriber: Int64
) -> int:
    """How many deliveries, in the order of arrival, came after a later one of their reader.

    The hub's `seq` is an order that it promises. Another server promises none between messages
    that are under way at once: only what overtook a message whose acceptance was known before the
    overtaker was sent came out of order.
    """
    if record.system == HUB:
        leads = follows = publishes.seq[publish_of]
    else:
        leads = publishes.sent_ns[publish_of]
        follows = publishes.accepted_ns[publish_of]
        follows = np.where(follows > 0, follows, _NEVER)
    return _overtaken(subscriber, leads, follows)


_NEVER = np.iinfo(np.int64).max


def _overtaken(subscriber: Int64, leads: Int64, follows: Int64) -> int:
    """How many have a `follows` below the highest `leads` that their reader has had by then."""
    if not len(leads):
        return 0
    order = np.argsort(subscriber, kind="stable")
    _, group = np.unique(subscriber[order], return_inverse=True)
    least = int(min(leads.min(), follows.min()))
    span = int(leads.max()) - least + 2  # what lies above every lead is overtaken by none
    climbing = group * span + (leads[order] - least)
    followed = group * span + np.minimum(follows[order] - least, span - 1)
    return int(np.count_nonzero(followed < np.maximum.accumulate(climbing)))
