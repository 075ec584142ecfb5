"""Columns in memory as long as there is room, and then in a file that nobody sees."""

import errno
import gc
import os

import numpy as np
import pytest

from pushlab.analysis.stats import spool as spool_module
from pushlab.analysis.stats.spool import Column, Spool
from pushlab.errors import SetupError


@pytest.fixture
def room(monkeypatch):
    """Room in memory for 1000 bytes more than there are now."""
    gc.collect()
    monkeypatch.setattr(spool_module, "MEMORY_BYTES", spool_module._Held.now + 1000)
    return 1000


def filled(column, pieces=4):
    for i in range(pieces):
        column.append(np.arange(50) + 100 * i)
    return column


def test_what_goes_beyond_the_budget_is_read_from_a_file(room):
    column = filled(Column())
    assert [block.in_memory for block in column.blocks] == [True, True, False, False]
    assert not column.in_memory
    assert len(column) == 200
    assert column.starts() == [0, 50, 100, 150, 200]
    for _ in range(2):
        pieces = list(column.pieces())
        assert [piece.tolist() for piece in pieces] == [
            (np.arange(50) + 100 * i).tolist() for i in range(4)
        ]
    assert column.blocks[3].read(10, 12).tolist() == [310, 311]
    assert column.blocks[3].read(48, 99).tolist() == [348, 349]


def test_columns_of_one_spool_share_a_file_and_keep_their_types(room):
    spool = Spool()
    numbers, floats = Column(spool), Column(spool)
    for i in range(5):
        numbers.append(np.arange(100, dtype=np.int32) + i)
        floats.append(np.arange(100) / 3 + i)
    assert [piece.dtype for piece in (*numbers.pieces(), *floats.pieces())] == [np.int32] * 5 + [
        np.float64
    ] * 5
    assert [float(piece[1]) for piece in floats.pieces()] == [1 / 3 + i for i in range(5)]


def test_the_room_is_given_back(room):
    before = spool_module._Held.now
    column = filled(Column())
    assert spool_module._Held.now == before + 800
    del column
    gc.collect()
    assert spool_module._Held.now == before


def test_a_part_of_an_array_does_not_hold_all_of_it():
    large = np.zeros(10_000_000)
    column = Column()
    column.append(large[:10])
    assert all(piece.base is None or piece.base.nbytes < 1000 for piece in column.pieces())


def test_a_disk_that_is_full_is_told_in_one_line(room, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(SetupError, match=r"no room for 400 bytes .*No space left.*TMPDIR"):
        filled(Column())


def test_the_file_has_no_name(room, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    column = filled(Column())
    assert list(column.pieces())[3][0] == 300
    assert list(tmp_path.iterdir()) == []
