"""Files of an access log, read by the block in constant memory.

Files may be packed by gzip and of several layouts; those that were rotated are put into the order
of their times. What cannot be read of them is counted and told, and stops nothing.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

from pushlab.analysis.log.layouts import Layout, fields_of, layout_of
from pushlab.analysis.log.lines import Lines
from pushlab.analysis.log.polls import Polls, Wanted
from pushlab.errors import UsageError

__all__ = ["Reading", "read_log"]

_BLOCK = 4 << 20
_FIRST = 256 << 10
_PACKED = b"\x1f\x8b"  #: how gzip's files begin (RFC 1952)
_COMMENT = re.compile(rb"(?m)^#.*\n?")

#: Told now and then: how many bytes of how many were read, and how many lines they had.
Watch = Callable[[int, int, int], None]


@dataclass(slots=True)
class Reading:
    """What was read.

    Attributes:
        files: how many.
        lines: in them; `broken`: those that are laid out in no known way or lack something.
        layouts: lines of each, by its name.
        with_heads: whether answers' sizes have their heads in them.
        troubles: what could not be read, a sentence each.
        stopped: whether it was stopped before the end.
    """

    polls: Polls
    files: int = 0
    lines: int = 0
    broken: int = 0
    layouts: Counter[str] = field(default_factory=Counter)
    with_heads: bool = False
    troubles: list[str] = field(default_factory=list)
    stopped: bool = False


def read_log(paths: Sequence[Path], wanted: Wanted, watch: Watch | None = None) -> Reading:
    """Read the files of a log, and tally the polls in them; Ctrl-C ends it with what was read.

    Raises:
        UsageError: a file cannot be read at all; it has not been begun then.
    """
    reading = Reading(Polls(wanted), files=len(paths))
    total = sum(_size(path) for path in paths)
    before = 0
    try:
        for path in sorted(paths, key=_first_s):
            blocks = _Blocks(reading)
            with _opened(path) as (raw, file):
                for block in _whole_lines(file, reading, path, _BLOCK):
                    blocks.take(block)
                    if watch is not None:
                        watch(before + raw.tell(), total, reading.lines)
            before += _size(path)
    except KeyboardInterrupt:
        reading.stopped = True
    return reading


def _size(path: Path) -> int:
    """A file's length. Raises UsageError: it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.seek(0, 2)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error


def _first_s(path: Path) -> float:
    """The time of a file's first request; infinite where none is in its first block."""
    reading = Reading(Polls(Wanted("*")))
    with _opened(path) as (_, file):
        for block in _whole_lines(file, reading, path, _FIRST):
            _Blocks(reading).take(block)
            break
    return reading.polls.first_s


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BufferedIOBase, BufferedIOBase]]:
    """The file as it lies, and as it reads."""
    with path.open("rb") as raw:
        packed = raw.peek(2)[:2] == _PACKED
        yield raw, (gzip.GzipFile(fileobj=raw) if packed else raw)


def _whole_lines(file: BufferedIOBase, reading: Reading, path: Path, size: int) -> Iterator[bytes]:
    """The file in blocks of whole lines; what is longer than two blocks is one broken line."""
    parts: list[bytes] = []
    for piece in _pieces(file, reading, path, size):
        parts.append(piece)
        if sum(map(len, parts)) < size:
            continue
        data = b"".join(parts)
        end = data.rfind(b"\n") + 1
        if end:
            yield data[:end]
        elif len(data) > 2 * size:
            reading.lines, reading.broken, data = reading.lines + 1, reading.broken + 1, b""
        parts = [data[end:]]
    if rest := b"".join(parts):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _pieces(file: BufferedIOBase, reading: Reading, path: Path, size: int) -> Iterator[bytes]:
    """What can be read of the file; where it breaks off, that is told."""
    while True:
        try:
            piece = file.read1(size)
        except (OSError, EOFError, zlib.error) as error:
            told = error.strerror if isinstance(error, OSError) and error.strerror else error
            reading.troubles.append(f"{path.name} breaks off ({told}); read until there")
            return
        if not piece:
            return
        yield piece


class _Blocks:
    """Reads the blocks of one file, whose lines are mostly laid out like the one before."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._fields: list[str] = []
        self._layout: Layout | None = None

    def take(self, block: bytes) -> None:
        """Read a block of whole lines."""
        if block[:1] == b"#" or b"\n#" in block:
            self._fields = fields_of(block) or self._fields
            block = _COMMENT.sub(b"", block)
        if self._layout is not None:
            block = self._read(self._layout, block)
        if block and (layout := self._layout_of(block)) not in (None, self._layout):
            assert layout is not None
            block = self._read(layout, block)
            self._layout = layout
        if block:
            self._read_apart(block)

    def _layout_of(self, block: bytes) -> Layout | None:
        return layout_of(block[: block.find(b"\n")], self._fields)

    def _read(self, layout: Layout, block: bytes) -> bytes:
        """Tally what is laid out so; the rest."""
        found, refused = layout.read(block)
        for lines in found:
            self._tally(layout, lines)
        return refused

    def _tally(self, layout: Layout, lines: Lines) -> None:
        reading = self._reading
        broken = reading.polls.take(lines)
        reading.lines += len(lines)
        reading.broken += broken
        reading.layouts[layout.name] += len(lines) - broken
        reading.with_heads |= layout.with_heads

    def _read_apart(self, block: bytes) -> None:
        """Read lines each of which may be laid out in its own way; those in none are broken."""
        apart: dict[Layout, list[bytes]] = {}
        refused: list[bytes] = []
        for line in block.splitlines(keepends=True):
            if line.strip():
                layout = layout_of(line, self._fields)
                (refused if layout is None else apart.setdefault(layout, [])).append(line)
        for layout, lines in apart.items():
            refused += self._read(layout, b"".join(lines)).splitlines()
            if len(lines) > len(block) // 2:
                self._layout = layout
        self._reading.lines += len(refused)
        self._reading.broken += len(refused)
