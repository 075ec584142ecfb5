"""Each delivery beside the publish that it belongs to."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pushlab.runs.records import TrialRecord
from pushlab.runs.rows import SCHEMAS, DeliveryRows, PublishRows

__all__ = ["JOINED", "first_arrivals", "joined_table", "match", "publishes_of"]

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

_PUBLISHES = SCHEMAS["publishes"]
_OF_PUBLISH = ("intended_ns", "sent_ns", "accepted_ns", "warmup", "payload_bytes")

#: One row per delivery with its publish's stamps; null where the publish is not known.
JOINED = pa.schema(
    [
        pa.field("cell", pa.string()),
        pa.field("trial", pa.int16()),
        pa.field("trial_status", pa.string()),
        pa.field("channel", pa.int32()),
        pa.field("seq", pa.int64()),
        pa.field("subscriber", pa.int32()),
        *(pa.field(name, _PUBLISHES.field(name).type) for name in _OF_PUBLISH[:3]),
        pa.field("received_ns", pa.int64()),
        pa.field("latency_s", pa.float64()),
        pa.field("latency_from_send_s", pa.float64()),
        *(pa.field(name, _PUBLISHES.field(name).type) for name in _OF_PUBLISH[3:]),
        pa.field("matched", pa.bool_()),
        pa.field("repeated", pa.bool_()),
    ]
)


def match(
    record: TrialRecord, publishes: PublishRows, deliveries: DeliveryRows
) -> tuple[Bool, Bool, Int64]:
    """Find the publish of each delivery.

    Returns:
        For each delivery: whether its publish is known; whether, beside that, the subscriber is
        one of the publish's own channel; and the publish's row number.
    """
    found, publish_of = publishes_of(publishes, deliveries)
    subscriber = deliveries.subscriber.astype(np.int64)
    own_channel = subscriber // max(record.per_channel, 1) == deliveries.channel
    owed = found & own_channel & (subscriber >= 0) & (subscriber < record.clients)
    return found, owed, publish_of


def first_arrivals(record: TrialRecord, publish_of: Int64, subscriber: Int64) -> Int64:
    """Where, in the order of arrival, each message came to each subscriber for the first time."""
    pair = publish_of * max(record.clients, 1) + subscriber
    first: Int64 = np.unique(pair, return_index=True)[1]
    return np.sort(first)


def joined_table(record: TrialRecord, publishes: PublishRows, deliveries: DeliveryRows) -> pa.Table:
    """The deliveries of one trial with the columns of `JOINED`, in the order of arrival."""
    found, matched, publish_of = match(record, publishes, deliveries)
    rows = np.flatnonzero(matched)
    subscriber = deliveries.subscriber.astype(np.int64)
    repeated = matched.copy()
    repeated[rows[first_arrivals(record, publish_of[rows], subscriber[rows])]] = False
    count = len(deliveries)

    def of_publish(name: str) -> pa.Array:
        values = getattr(publishes, name)
        if not len(values):
            return pa.nulls(count, JOINED.field(name).type)
        values = values[publish_of]
        absent = ~found
        if _PUBLISHES.field(name).nullable:
            absent |= values <= 0
        return pa.array(values, mask=absent)

    def since(name: str) -> pa.Array:
        span_ns = pc.subtract(pa.array(deliveries.received_ns), of_publish(name))
        return pc.divide(span_ns.cast(pa.float64(), safe=False), 1e9)

    columns = {
        "cell": pa.array([record.cell]).take(pa.array(np.zeros(count, np.int64))),
        "trial": np.full(count, record.index, np.int16),
        "trial_status": pa.array([record.status]).take(pa.array(np.zeros(count, np.int64))),
        "channel": deliveries.channel,
        "seq": deliveries.seq,
        "subscriber": deliveries.subscriber,
        **{name: of_publish(name) for name in _OF_PUBLISH},
        "received_ns": deliveries.received_ns,
        "latency_s": since("intended_ns"),
        "latency_from_send_s": since("sent_ns"),
        "matched": matched,
        "repeated": repeated,
    }
    return pa.table([columns[name] for name in JOINED.names], schema=JOINED)


def publishes_of(publishes: PublishRows, deliveries: DeliveryRows) -> tuple[Bool, Int64]:
    """For each delivery, whether its publish is known and that publish's row number."""
    rows = np.flatnonzero(publishes.seq > 0)
    if not len(rows):
        nothing = np.zeros(len(deliveries), dtype=np.int64)
        return nothing.astype(np.bool_), nothing
    span = int(max(publishes.seq.max(), deliveries.seq.max(initial=0))) + 1
    keys = publishes.channel[rows].astype(np.int64) * span + publishes.seq[rows]
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    asked = deliveries.channel.astype(np.int64) * span + deliveries.seq
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    found = (keys[place] == asked) & (deliveries.seq > 0)
    return found, rows[place]
