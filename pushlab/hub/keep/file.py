"""A file that keeps channels over a restart: SQLite, one writer, whole batches or nothing.

It holds each channel's epoch and head, and the messages that retention holds. A batch is one
transaction of the write-ahead log with ``synchronous=FULL``: once it is committed it survives
``kill -9`` of the hub and a crash of the machine
(https://sqlite.org/pragma.html#pragma_synchronous). A disk that loses what it has called written
would let numbers be given twice, and a reader miss messages in silence. One hub has the file at a
time.
"""

import contextlib
import math
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pushlab.contract.cursor import Cursor
from pushlab.contract.limits import check_channel, check_message
from pushlab.errors import PushlabError, SetupError, UsageError
from pushlab.hub.reasons import KEEP_FAILED, KEEP_FULL

__all__ = ["Batch", "KeepFile", "KeptChannel", "Row"]

_APPLICATION = 0x70756C62  # "pulb"
_FORMAT = 1
_BUSY_S = 0.5
_SEED_BYTES = 16
_WAL_BYTES = 16 * 1024 * 1024  # to which the log is cut back after a checkpoint
_VACUUM_PAGES = 256  # given back to the disk with each batch that trims
_SCHEMA = (
    "CREATE TABLE hub (seed BLOB NOT NULL, generation INTEGER NOT NULL)",
    "CREATE TABLE channels (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE,"
    " epoch TEXT NOT NULL, head INTEGER NOT NULL)",
    "CREATE TABLE messages (channel INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " accepted REAL NOT NULL, data BLOB NOT NULL)",
    "CREATE UNIQUE INDEX place ON messages (channel, seq)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_FORMAT}",
)

#: A message: its channel, `seq`, when it was accepted (Unix seconds), and its text.
Row = tuple[str, int, float, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written at once.

    Attributes:
        rows: messages, each channel's in order.
        epochs: of the channels that have messages here.
        trims: channel to the first `seq` that it still holds.
        dropped: channels of which nothing is known any more.
        generation: as `Lives` has it.
    """

    rows: Sequence[Row] = ()
    epochs: Mapping[str, str] = field(default_factory=dict)
    trims: Mapping[str, int] = field(default_factory=dict)
    dropped: Sequence[str] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True)
class KeptChannel:
    """One channel as it was kept; `rows` end with `head`, or are empty."""

    name: str
    epoch: str
    head: int
    rows: list[Row]


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("no time")
    return number


class KeepFile:
    """One file, open; a hub's own until it is closed.

    Attributes:
        path: where it is.
        seed, generation: as `Lives` has them.

    Raises:
        UsageError: there is something else at `path`, or it is damaged.
        SetupError: it is another hub's, or cannot be read and written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ids: dict[str, int] = {}
        with self._told():
            # For this user alone; SQLite gives its other files the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(
                path.absolute(),  # else it takes ":memory:" for none
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._begin()
            except BaseException:
                self._db.close()
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Errors in one line."""
        try:
            yield
        except PushlabError:
            raise
        except OSError as error:
            raise SetupError(f"--keep {self.path} cannot be used: {error.strerror}") from error
        except sqlite3.Error as error:
            code = (getattr(error, "sqlite_errorname", None) or "_").split("_")[1]
            why = {
                "BUSY": "is another hub's, which runs; give each hub a file of its own",
                "LOCKED": "is another hub's, which runs; give each hub a file of its own",
                "READONLY": "cannot be written: it is read-only",
                "FULL": "cannot be written: the disk is full",
            }.get(code)
            if why is not None:
                raise SetupError(f"--keep {self.path} {why}") from error
            if code == "NOTADB":
                raise UsageError(self._foreign()) from error
            if code == "CORRUPT":
                raise UsageError(self._damaged(str(error))) from error
            raise SetupError(f"--keep {self.path} cannot be used: {error}") from error
        except (ValueError, TypeError, OverflowError) as error:  # SQLite's words may be garbage too
            raise UsageError(self._damaged("what it holds cannot be read")) from error

    def _foreign(self) -> str:
        return f"--keep {self.path} is no file in which pushlab kept channels; name another one"

    def _damaged(self, why: str) -> str:
        return f"--keep {self.path} is damaged ({why}); move it away, and the hub begins anew"

    def _value(self, question: str) -> int:
        return int(self._db.execute(question).fetchone()[0])

    def _begin(self) -> None:
        db = self._db
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        application = self._value("PRAGMA application_id")
        new = application == 0 and self._value("SELECT count(*) FROM sqlite_master") == 0
        if not new and application != _APPLICATION:
            raise UsageError(self._foreign())
        if not new and self._value("PRAGMA user_version") > _FORMAT:
            raise UsageError(f"--keep {self.path} was written by a newer pushlab")
        if new:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        db.execute("BEGIN EXCLUSIVE")  # from here on it is this hub's
        if new:
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute("INSERT INTO hub VALUES (?, 0)", (secrets.token_bytes(_SEED_BYTES),))
        found = db.execute("SELECT seed, generation FROM hub").fetchall()
        if len(found) != 1 or not isinstance(found[0][0], bytes) or len(found[0][0]) != _SEED_BYTES:
            raise UsageError(self._damaged("it does not say whose it is"))
        self.seed: bytes = found[0][0]
        self.generation = int(found[0][1])
        db.execute("UPDATE hub SET generation = generation")  # can it be written?
        db.execute("COMMIT")

    def load(self) -> Iterator[KeptChannel]:
        """What is kept, the channels in the order in which they were made.

        Raises:
            UsageError: it is damaged.
        """
        with self._told():
            known = self._db.execute("SELECT id, name, epoch, head FROM channels ORDER BY id")
            for number, raw_name, epoch, head in known:
                try:
                    name = check_channel(raw_name.decode())
                    Cursor.parse(f"{epoch}-{head}")
                    rows: list[Row] = [
                        (name, seq, _finite(accepted), check_message(data.decode()))
                        for seq, accepted, data in self._db.execute(
                            "SELECT seq, accepted, data FROM messages WHERE channel = ?"
                            " ORDER BY seq",
                            (number,),
                        )
                    ]
                    whole = [row[1] for row in rows] == list(range(head - len(rows) + 1, head + 1))
                except (AttributeError, TypeError, ValueError) as error:
                    raise UsageError(self._damaged("what it holds cannot be read")) from error
                if not whole or head < len(rows):
                    raise UsageError(self._damaged("messages are missing"))
                self._ids[name] = number
                yield KeptChannel(name, epoch, head, rows)

    def write(self, batch: Batch) -> None:
        """Write a batch: all of it, or nothing.

        Raises:
            Refused: 507 `keep-full`: there is no room; 503 `keep-failed`: it cannot be written.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                ids = self._write(batch)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
                with contextlib.suppress(sqlite3.Error):  # room that the log holds is given back
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                raise KEEP_FULL() from error
            raise KEEP_FAILED(f"it cannot be kept: {error}") from error
        for name in batch.dropped:
            self._ids.pop(name, None)
        self._ids.update(ids)

    def _write(self, batch: Batch) -> dict[str, int]:
        """Within a transaction; the ids of channels that are new."""
        db, ids = self._db, self._ids
        gone = [(ids[name], first) for name, first in batch.trims.items() if name in ids]
        db.executemany("DELETE FROM messages WHERE channel = ? AND seq < ?", gone)
        for name in batch.dropped:
            if name in ids:
                db.execute("DELETE FROM messages WHERE channel = ?", (ids[name],))
                db.execute("DELETE FROM channels WHERE id = ?", (ids[name],))
        if batch.dropped:
            db.execute("UPDATE hub SET generation = ?", (batch.generation,))
        new: dict[str, int] = {}
        heads = {name: seq for name, seq, _, _ in batch.rows}
        for name, head in heads.items():
            if name in ids and name not in batch.dropped:
                db.execute("UPDATE channels SET head = ? WHERE id = ?", (head, ids[name]))
            else:
                made = db.execute(
                    "INSERT INTO channels (name, epoch, head) VALUES (?, ?, ?)",
                    (name.encode(), batch.epochs[name], head),
                )
                new[name] = made.lastrowid or 0
        db.executemany(
            "INSERT INTO messages (channel, seq, accepted, data) VALUES (?, ?, ?, ?)",
            [
                (new.get(name) or ids[name], seq, accepted, data.encode())
                for name, seq, accepted, data in batch.rows
            ],
        )
        if gone or batch.dropped:
            db.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
        return new

    def close(self) -> None:
        """Let another hub have it; what was written is in the file itself then."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
