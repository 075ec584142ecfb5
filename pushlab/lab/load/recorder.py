"""What the swarm writes down: one row per delivery, and counters that can be read at a moment."""

from array import array
from collections import Counter, defaultdict
from pathlib import Path

from pushlab.lab.load.row_spool import RowSpool
from pushlab.systems.stamp import number_of

__all__ = ["STAMP_COLUMNS", "Recorder"]

_RECENT = 50

#: Which columns of the files that `Recorder.write` writes are moments of its process's clock.
STAMP_COLUMNS = {"deliveries": (1,), "connects": (0, 1), "traffic": (0,), "stamps": (1, 2)}


class Beginnings:
    """How the messages of one channel begin.

    Attributes:
        newest: the highest `seq` that came to anybody.
        texts: by `seq`, the beginning of the message.
    """

    __slots__ = ("newest", "texts")

    def __init__(self) -> None:
        self.newest = 0
        self.texts: dict[int, str] = {}


class Recorder:
    """Rows in growing buffers, and counters.

    Attributes:
        subscriber, seq, received_ns: the rows that are not put away, in order of arrival.
        add_subscriber, add_seq, add_received_ns: append to them; all three, for every row.
        bytes_in, bytes_out: TCP payload so far.
        beginnings: how the messages of each channel begin, since `begin`.
        strays: messages that came to a reader of another channel, which makes no row.
        unstamped: what a server called a message and had no stamp of the trial.
        gaps: how often a subscriber was told of one.
        disconnects: connections lost.
        reasons: why, and how often; ends too.
        moved_subscriber, moved_ns, moved_bytes: who of those that are observed sent or received,
            when, and how much; below 0: sent.
        stamped_row, arrived_ns: which rows are of witnesses, where they stood in memory then; and
            when the kernel had them, at the earliest.
        stamped_seq, stamped_ns, stamped_subscriber: what these rows hold.
        bounded: how many of those came together with later data, so that no more is known.
        connect_subscriber, wanted_ns, connected_ns: who wished for its first connection and when,
            and when the server had accepted it; in that order.
    """

    __slots__ = (
        "_away",
        "_tail",
        "add_received_ns",
        "add_seq",
        "add_subscriber",
        "arrived_ns",
        "beginnings",
        "bounded",
        "bytes_in",
        "bytes_out",
        "connect_subscriber",
        "connected_ns",
        "disconnects",
        "gaps",
        "mark",
        "moved_bytes",
        "moved_ns",
        "moved_subscriber",
        "reasons",
        "received_ns",
        "seq",
        "stamped_ns",
        "stamped_row",
        "stamped_seq",
        "stamped_subscriber",
        "strays",
        "subscriber",
        "unstamped",
        "wanted_ns",
    )

    def __init__(self) -> None:
        self._away: RowSpool | None = None
        self._tail: list[list[int]] = []  # the newest of those that are put away
        self._empty()
        self.beginnings: defaultdict[int, Beginnings] = defaultdict(Beginnings)
        self.bytes_in = 0
        self.bytes_out = 0
        self.strays = 0
        self.unstamped = 0
        self.gaps = 0
        self.disconnects = 0
        self.reasons: Counter[str] = Counter()
        self.connect_subscriber = array("i")
        self.wanted_ns = array("q")
        self.moved_subscriber = array("i")
        self.moved_ns = array("q")
        self.moved_bytes = array("q")
        self.connected_ns = array("q")
        self.stamped_row = array("q")
        self.stamped_seq = array("q")
        self.stamped_ns = array("q")
        self.stamped_subscriber = array("i")
        self.arrived_ns = array("q")
        self.bounded = 0

    def begin(self) -> None:
        """Forget the probes: rows count from here."""
        self.mark, self._away, self._tail = len(self.seq), None, []
        for each in self.beginnings.values():
            each.texts.clear()
        del self.stamped_row[:], self.stamped_seq[:], self.stamped_ns[:], self.arrived_ns[:]
        del self.stamped_subscriber[:]
        self.bounded = 0

    @property
    def deliveries(self) -> int:
        """How many rows there are since `begin`."""
        return self._put_away + len(self.seq) - self.mark

    @property
    def _put_away(self) -> int:
        return 0 if self._away is None else self._away.rows

    def _empty(self) -> None:
        """Begin with no rows in memory."""
        self.subscriber = array("i")
        self.seq = array("q")
        self.received_ns = array("q")
        self.add_subscriber = self.subscriber.append
        self.add_seq = self.seq.append
        self.add_received_ns = self.received_ns.append
        self.mark = 0

    def put_away(self) -> None:
        """Let the rows since `begin` go to a file, so that memory does not grow with them.

        Whoever adds rows looks up `add_seq` and the others for each, so that this may be done
        between any two.
        """
        if self._away is None:
            self._away = RowSpool(3)
        self._tail = self.recent(_RECENT)
        mark, columns = self.mark, (self.seq, self.received_ns, self.subscriber)
        self._empty()
        self._away.put([column[mark:] for column in columns] if mark else columns)

    def recent(self, most: int = _RECENT) -> list[list[int]]:
        """The newest rows since `begin`, at most so many: subscriber, seq, received_ns."""
        first = max(self.mark, len(self.seq) - most)
        columns = (self.subscriber[first:], self.seq[first:], self.received_ns[first:])
        found = [list(row) for row in zip(*columns, strict=True)]
        return [*self._tail, *found][-most:] if self._tail else found

    def trouble(self) -> str:
        """What may be wrong, in words: why connections were lost, or what came; empty: nothing."""
        for reason, _ in self.reasons.most_common(1):
            return reason
        if not self.unstamped:
            return ""
        told = f"{self.unstamped:,} messages" if self.unstamped > 1 else "a message"
        return f"{told} came without a stamp: not what was published, or not as it was"

    def connected(self, subscriber: int, wanted_ns: int, now_ns: int) -> None:
        """The server has accepted a subscriber for the first time."""
        self.connect_subscriber.append(subscriber)
        self.wanted_ns.append(wanted_ns)
        self.connected_ns.append(now_ns)

    def stamped(self, row: int, arrived_ns: int, *, bounded: bool) -> None:
        """The kernel had the data of a row in memory at that time, or not before it."""
        self.stamped_row.append(row)
        self.stamped_seq.append(self.seq[row])
        self.stamped_ns.append(self.received_ns[row])
        self.stamped_subscriber.append(self.subscriber[row])
        self.arrived_ns.append(arrived_ns)
        self.bounded += bounded

    def moved(self, subscriber: int, now_ns: int, size: int) -> None:
        """A subscriber that is observed received `size` bytes, or sent as many if below 0."""
        self.moved_subscriber.append(subscriber)
        self.moved_ns.append(now_ns)
        self.moved_bytes.append(size)

    def write(self, folder: Path, key: int) -> dict[str, int]:
        """Write the rows into a file of each kind; how many there are in each.

        `key` is that of the trial's stamps. A file has column after column in native byte order,
        of int64 and one of int32:

        - ``deliveries`` since `begin`: seq, received_ns, subscriber
        - ``connects``: wanted_ns, connected_ns, subscriber
        - ``traffic`` of those that are observed: at_ns, bytes, subscriber
        - ``stamps`` of the witnesses: seq, received_ns, arrived_ns, subscriber
        - ``numbers`` that messages begin with, where the server has its own: seq, number, channel
        """
        mark = self.mark
        found = [(c, each.texts) for c, each in self.beginnings.items()]
        heads = [(seq, text, c) for c, texts in found for seq, text in texts.items()]
        kinds = {
            "deliveries": (self.seq[mark:], self.received_ns[mark:], self.subscriber[mark:]),
            "connects": (self.wanted_ns, self.connected_ns, self.connect_subscriber),
            "traffic": (self.moved_ns, self.moved_bytes, self.moved_subscriber),
            "stamps": (
                self.stamped_seq,
                self.stamped_ns,
                self.arrived_ns,
                self.stamped_subscriber,
            ),
            "numbers": (
                array("q", [seq for seq, _, _ in heads]),
                array("q", [number_of(text, channel, key) for _, text, channel in heads]),
                array("i", [channel for _, _, channel in heads]),
            ),
        }
        for kind, columns in kinds.items():
            with (folder / kind).open("wb") as file:
                for number, column in enumerate(columns):
                    if kind == "deliveries" and self._away is not None:
                        self._away.copy(number, file)
                    column.tofile(file)
        counts = {kind: len(columns[0]) for kind, columns in kinds.items()}
        return {**counts, "deliveries": self.deliveries}
