"""What is kept: the hub goes on after a kill where everybody saw it stop."""

import asyncio
import contextlib
import os
import random
import sqlite3
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused, SetupError, UsageError
from pushlab.hub.backplane.memory import MemoryBackplane
from pushlab.hub.core import Hub
from pushlab.hub.keep.file import Batch, KeepFile
from pushlab.hub.keep.keep import Keep
from pushlab.hub.keep.lives import Lives
from tests.patience import PATIENCE_S

ODD = ["\0", "", "a\0b", "漢字😀", "x" * 32_767, "'; DROP TABLE messages; --"]


class Clocks:
    def __init__(self):
        self.ns, self.wall = 10**12, 1_000_000.0

    def go_on(self, seconds):
        self.ns += int(seconds * 1e9)
        self.wall += seconds


@contextlib.asynccontextmanager
async def a_hub(path, clocks, *, most_lives=100, **dials):
    settings = HubSettings(**dials)
    file = KeepFile(path)
    hub = Hub(
        keys=TokenKeys.fresh(),
        settings=settings,
        backplane=lambda hub: kept(hub, file, most_lives),
        wall=lambda: clocks.wall,
        clock_ns=lambda: clocks.ns,
    )
    hub.backplane.keep.restore(settings)
    async with hub.backplane.running():
        yield hub


def kept(hub, file, most_lives):
    lives = Lives(file.seed, file.generation, most=most_lives)
    backplane = MemoryBackplane(hub, lives=lives)
    backplane.keep_in(Keep(file, hub, lives))
    return backplane


def read(hub, channel, after):
    _, grant = hub.make_token("ann", channel, 5)
    page = hub.read(grant, after)
    return [entry.data for entry in page.entries], page.gap_after


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT seq FROM messages ORDER BY seq").fetchall()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept"


@pytest.fixture
def clocks():
    return Clocks()


async def test_epoch_messages_and_seq_go_on_after_a_restart(path, clocks):
    names = ["room", "a/b", "\0", "漢" * 85]
    texts = [text for text in ODD if text]
    async with a_hub(path, clocks) as hub:
        for name in names:
            made = await hub.backplane.keep.publish([(name, text) for text in texts])
            assert [entry.seq for entry in made] == [1, 2, 3, 4, 5]
        epochs = {name: hub.channel(name).epoch for name in names}
        silent = hub.channel("silent").epoch
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_name("kept-wal").exists(), "all is in the file itself"
    clocks.ns = 5 * 10**9  # the machine was started anew
    clocks.wall += 100
    async with a_hub(path, clocks) as hub:
        for name in names:
            assert hub.channel(name).epoch == epochs[name]
            assert read(hub, name, Cursor(epochs[name], 2)) == (texts[2:], None)
            (entry,) = await hub.backplane.keep.publish([(name, "next")])
            assert (entry.epoch, entry.seq) == (epochs[name], 6)
        assert read(hub, "silent", Cursor(silent, 0)) == ([], None)


async def test_nobody_is_told_of_a_message_that_is_not_in_the_file(path, clocks, monkeypatch):
    gate = threading.Event()
    write = KeepFile.write

    def held(self, batch):
        assert gate.wait(PATIENCE_S)
        write(self, batch)

    async with a_hub(path, clocks) as hub:
        monkeypatch.setattr(KeepFile, "write", held)
        got = []
        _, grant = hub.make_token("ann", "room", 5)
        feed = hub.subscribe(
            grant, None, transport="t", write=lambda e: not got.extend(e), end=print
        )
        feed.start()
        first = [
            asyncio.ensure_future(hub.backplane.keep.publish([("room", str(n))])) for n in range(50)
        ]
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in first)
        assert (got, hub.channel("room").head) == ([], 0)
        gate.set()
        made = [each[0].seq for each in await asyncio.gather(*first)]
        assert made == list(range(1, 51))
        assert [entry.data for entry in got] == [str(n) for n in range(50)]
        feed.close()


async def test_many_publishes_share_a_commit_and_keep_their_order(path, clocks, monkeypatch):
    batches = []
    write = KeepFile.write
    monkeypatch.setattr(
        KeepFile, "write", lambda self, batch: (batches.append(len(batch.rows)), write(self, batch))
    )
    async with a_hub(path, clocks) as hub:
        made = await asyncio.gather(
            *(hub.backplane.keep.publish([("r", str(n))]) for n in range(500))
        )
        assert [entry.seq for (entry,) in made] == list(range(1, 501))
        assert sum(batches) == 500
        assert len(batches) < 10
        hub.publish("r", "in between")
        one = asyncio.ensure_future(hub.backplane.keep.publish([("r", "waits")]))
        await asyncio.sleep(0)
        assert hub.publish("r", "cannot wait").seq == 503
        assert (await one)[0].seq == 502
        gone = asyncio.ensure_future(hub.backplane.keep.publish([("r", "its publisher goes")]))
        await asyncio.sleep(0)
        gone.cancel()
    async with a_hub(path, clocks) as hub:
        assert hub.channel("r").head == 504


async def test_retention_holds_in_the_file_and_a_gap_is_told_where_it_has_dropped(path, clocks):
    async with a_hub(path, clocks, retain_messages=5, retain_s=100) as hub:
        for n in range(20):
            await hub.backplane.keep.publish([("room", str(n))])
        first = Cursor(hub.channel("room").epoch, 1)
        hub.retire()
    assert [seq for (seq,) in rows(path)] == [16, 17, 18, 19, 20]
    async with a_hub(path, clocks, retain_messages=3, retain_s=100) as hub:
        assert read(hub, "room", first) == (["17", "18", "19"], first)
        clocks.go_on(99)
        await hub.backplane.keep.publish([("room", "young")])
        clocks.go_on(2)
    async with a_hub(path, clocks, retain_messages=3, retain_s=100) as hub:
        assert read(hub, "room", Cursor(first.epoch, 20)) == (["young"], None)
        clocks.go_on(500)
        hub.retire()
        assert hub.channel_count == 0
    assert rows(path) == []
    async with a_hub(path, clocks) as hub:
        assert read(hub, "room", Cursor(first.epoch, 21)) == ([], None), "nothing was missed"
        (entry,) = await hub.backplane.keep.publish([("room", "22")])
        assert (entry.epoch, entry.seq) == (first.epoch, 22)
    async with a_hub(path, clocks) as hub:
        clocks.wall -= 10_000  # the clock was set back: a message is not older for that
        assert read(hub, "room", Cursor(first.epoch, 21)) == (["22"], None)


async def test_the_file_is_bounded_by_retention(path, clocks):
    text = "x" * 10_000
    async with a_hub(path, clocks, retain_messages=10) as hub:
        for _ in range(5):
            for _ in range(4):
                await hub.backplane.keep.publish([("room", text)] * 20)
            hub.retire()
    assert path.stat().st_size < 50 * len(text), "of 400 that were published"


async def test_lives_that_are_dropped_go_from_the_file_and_never_come_back(path, clocks):
    async with a_hub(path, clocks, retain_s=10, most_lives=2) as hub:
        epochs = {}
        for name in "abcd":
            (entry,) = await hub.backplane.keep.publish([(name, "x")])
            epochs[name] = entry.epoch
        clocks.go_on(20)
        hub.retire()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM channels").fetchone() == (2,)
    async with a_hub(path, clocks, retain_s=10, most_lives=2) as hub:
        assert hub.channel("a").epoch != epochs["a"]
        assert hub.channel("d").epoch == epochs["d"]
        (entry,) = await hub.backplane.keep.publish([("a", "y")])
        assert entry.seq == 1


# ---- trouble ----------------------------------------------------------------------------------


async def test_a_full_disk_refuses_publishes_serves_readers_and_recovers(path, clocks, caplog):
    async with a_hub(path, clocks) as hub:
        (entry,) = await hub.backplane.keep.publish([("room", "before")])
        db = hub.backplane.keep._file._db
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 2}")
        for _ in range(3):
            with pytest.raises(Refused) as told:
                await hub.backplane.keep.publish([("room", "x" * 30_000)])
            assert (told.value.status, told.value.reason) == (507, "keep-full")
        with pytest.raises(Refused, match="disk is full"):
            hub.publish("room", "x" * 30_000)
        assert read(hub, "room", Cursor(entry.epoch, 0)) == (["before"], None)
        db.execute("PRAGMA max_page_count = 1000000")
        (after,) = await hub.backplane.keep.publish([("room", "after")])
        assert after.seq == 2, "what was refused left no hole"
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"{path}: publishes are refused: the disk is full; nothing was taken"], "once"
    async with a_hub(path, clocks) as hub:
        assert read(hub, "room", Cursor(entry.epoch, 0)) == (["before", "after"], None)


async def test_a_broken_write_is_503_and_nobody_waits_for_ever(path, clocks, monkeypatch):
    async with a_hub(path, clocks) as hub:
        for error in (sqlite3.OperationalError("disk I/O error"), KeyError("a fault of ours")):

            def broken(self, batch, error=error):
                raise error

            monkeypatch.setattr(KeepFile, "_write", broken)
            with pytest.raises(Refused) as told:
                await asyncio.wait_for(hub.backplane.keep.publish([("room", "x")]), PATIENCE_S)
            assert (told.value.status, told.value.reason) == (503, "keep-failed")
        monkeypatch.undo()
        assert (await hub.backplane.keep.publish([("room", "x")]))[0].seq == 1


def one_line(error, path):
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_another_hub_that_runs_has_it(path):
    mine = KeepFile(path)
    with pytest.raises(SetupError, match="another hub's") as told:
        KeepFile(path)
    one_line(told, path)
    mine.close()
    KeepFile(path).close()


def test_a_foreign_file_is_left_as_it_was(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (x)")
    for content in (path.read_bytes(), b"a letter, not a database; " * 100):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="no file in which pushlab kept") as told:
            KeepFile(path)
        one_line(told, path)
        assert path.read_bytes() == content
        assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_newer_file_is_left_alone(path):
    KeepFile(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(UsageError, match="newer pushlab"):
        KeepFile(path)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM messages WHERE seq = 2",
        "DELETE FROM messages WHERE seq = 3",
        "UPDATE channels SET head = 9",
        "UPDATE messages SET data = x'ff'",
        "UPDATE messages SET data = 'text'",
        "UPDATE messages SET data = x''",
        "UPDATE messages SET accepted = 'noon'",
        "UPDATE messages SET accepted = -9e999",
        "UPDATE channels SET name = x'ff'",
        "UPDATE channels SET name = zeroblob(300)",
        "UPDATE channels SET epoch = x'ff'",
        "UPDATE channels SET epoch = 'a b'",
        "UPDATE hub SET seed = zeroblob(100)",
        "DELETE FROM hub",
        "DROP TABLE messages",
    ],
)
def test_a_damaged_file_is_told_in_one_line(path, damage):
    file = KeepFile(path)
    texts = [("room", seq, 5.0, "x") for seq in (1, 2, 3)]
    file.write(Batch(texts, {"room": "0a"}))
    file.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(damage)
        db.commit()
    with pytest.raises((UsageError, SetupError)) as told:
        list(KeepFile(path).load())
    one_line(told, path)


@pytest.mark.parametrize("seed", range(20))
def test_a_file_with_flipped_bytes_is_told_or_harmless(path, seed):
    file = KeepFile(path)
    file.write(Batch([("r", n + 1, 5.0, "x" * 500) for n in range(100)], {"r": "0a"}))
    file.close()
    content, dice = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(200):
        content[dice.randrange(100, len(content))] = dice.randrange(256)
    path.write_bytes(content)
    with contextlib.suppress(UsageError, SetupError):
        file = KeepFile(path)
        try:
            list(file.load())
        finally:
            file.close()


def test_a_file_called_memory_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = KeepFile(Path(":memory:"))
    file.write(Batch([("room", 1, 5.0, "x")], {"room": "0a"}))
    file.close()
    file = KeepFile(Path(":memory:"))
    assert [kept.head for kept in file.load()] == [1]
    file.close()


def test_no_such_folder_and_a_folder_are_told(tmp_path):
    for path, why in ((tmp_path / "no" / "x", "No such file"), (tmp_path, "directory")):
        with pytest.raises(SetupError, match=why) as told:
            KeepFile(path)
        one_line(told, path)


def test_a_read_only_file_is_told():
    folder = Path(tempfile.mkdtemp(prefix="pushlab-keep-"))
    path = folder / "kept"
    KeepFile(path).close()
    folder.chmod(0o555)
    path.chmod(0o444)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(65_534)
    try:
        with pytest.raises(SetupError, match="Permission denied") as told:
            KeepFile(path)
        one_line(told, path)
    finally:
        if as_root:
            os.seteuid(0)
        folder.chmod(0o755)
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()
