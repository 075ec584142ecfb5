"""Each delivery beside the publish that it belongs to."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pushlab.runs.records import TrialRecord
from pushlab.runs.rows import SCHEMAS, DeliveryRows, PublishRows

__all__ = ["JOINED", "Join", "PublishIndex", "joined_table", "publishes_of"]

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

#: Keys are looked up in a table where that has at most so many places for each, or this many.
_HOLES = 4
_FEW = 1 << 16

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


class PublishIndex:
    """Where the publish of a channel's `seq` stands among the rows of publishes."""

    def __init__(self, publishes: PublishRows) -> None:
        rows = np.flatnonzero(publishes.seq > 0)
        self._span = int(publishes.seq.max(initial=0)) + 1
        keys = publishes.channel[rows].astype(np.int64) * self._span + publishes.seq[rows]
        self._keys, first = np.unique(keys, return_index=True)
        self._rows = rows[first]
        self._table: Int64 | None = None  # where numbers have few holes: of each key, its row
        top = int(self._keys[-1]) + 1 if len(rows) and self._keys[0] >= 0 else 0
        if 0 < top <= _HOLES * len(rows) + _FEW:
            self._table = np.full(top, -1, np.int64)
            self._table[self._keys] = self._rows

    def of(self, channel: Int32, seq: Int64) -> tuple[Bool, Int64]:
        """For each delivery, whether its publish is known and that publish's row number."""
        asked = channel.astype(np.int64) * self._span + seq
        real = (seq > 0) & (seq < self._span)
        if not len(self._keys):
            nothing = np.zeros(len(asked), dtype=np.int64)
            return nothing.astype(np.bool_), nothing
        if self._table is not None:
            real &= (asked >= 0) & (asked < len(self._table))
            place = self._table[np.where(real, asked, 0)]
            found = real & (place >= 0)
            return found, np.where(found, place, 0)
        place = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        found = real & (self._keys[place] == asked)
        return found, self._rows[place]


class Join:
    """Joins a trial's deliveries to its publishes, piece by piece in the order of arrival.

    What it remembers of the pieces before is a bit for each delivery that is owed.
    """

    def __init__(self, record: TrialRecord, publishes: PublishRows) -> None:
        self._record = record
        self._per_channel = max(record.per_channel, 1)
        self._index = PublishIndex(publishes)
        self._leader = publishes.channel.astype(np.int64) * self._per_channel  # first subscriber
        owed = np.clip(record.clients - self._leader, 0, self._per_channel)
        owed[publishes.seq <= 0] = 0
        self._begin = np.cumsum(owed) - owed
        self._come = np.zeros(int(owed.sum()) // 8 + 1, np.uint8)

    def match(self, deliveries: DeliveryRows) -> tuple[Bool, Bool, Int64]:
        """Find the publish of each delivery.

        Returns:
            For each delivery: whether its publish is known; whether, beside that, the subscriber is
            one of the publish's own channel; and the publish's row number.
        """
        found, publish_of = self._index.of(deliveries.channel, deliveries.seq)
        subscriber = deliveries.subscriber.astype(np.int64)
        own_channel = subscriber // self._per_channel == deliveries.channel
        owed = found & own_channel & (subscriber >= 0) & (subscriber < self._record.clients)
        return found, owed, publish_of

    def first_arrivals(self, publish_of: Int64, subscriber: Int64) -> Int64:
        """Which of these, all of them owed, came to their subscribers for the first time, in order.

        They are noted: each is the first only once.
        """
        pair = self._begin[publish_of] + subscriber - self._leader[publish_of]
        bit = np.left_shift(1, pair & 7).astype(np.uint8)
        new = np.flatnonzero(self._come[pair >> 3] & bit == 0)
        alike = np.sort(pair[new])
        if (alike[1:] == alike[:-1]).any():
            new = new[np.sort(np.unique(pair[new], return_index=True)[1])]
        np.bitwise_or.at(self._come, pair[new] >> 3, bit[new])
        return new


def joined_table(
    record: TrialRecord, publishes: PublishRows, deliveries: DeliveryRows, join: Join | None = None
) -> pa.Table:
    """The deliveries of one trial with the columns of `JOINED`, in the order of arrival.

    Args:
        join: where these are a piece of them, what was used for those before.
    """
    join = join or Join(record, publishes)
    found, matched, publish_of = join.match(deliveries)
    rows = np.flatnonzero(matched)
    subscriber = deliveries.subscriber.astype(np.int64)
    repeated = matched.copy()
    repeated[rows[join.first_arrivals(publish_of[rows], subscriber[rows])]] = False
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
    return PublishIndex(publishes).of(deliveries.channel, deliveries.seq)
