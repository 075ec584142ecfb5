"""How a line of an access log is laid out, recognised from one line, and read by the block.

Lines of words with blanks or tabs between (nginx, Apache, App Engine, ALB, CloudFront, IIS) are
read by Arrow; lines of JSON (nginx, Apache, Caddy and others) by msgspec. A line that is not laid
out as those before it is refused, and may be of another layout.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pushlab.analysis.log.json_layout import json_layout
from pushlab.analysis.log.lines import Lines, each, times
from pushlab.analysis.log.moments import size_of, status_of

__all__ = ["Layout", "fields_of", "layout_of"]


class Layout(Protocol):
    """One way in which lines are laid out."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def with_heads(self) -> bool:
        """Whether an answer's size has its head in it."""

    def read(self, block: bytes) -> tuple[list[Lines], bytes]:
        """What whole lines say, and those of them that are not laid out so."""


def layout_of(line: bytes, fields: Sequence[str] = ()) -> Layout | None:
    """The layout of a line; None: it has none that is known.

    Args:
        fields: what the last ``#Fields`` of the log said.
    """
    if line.lstrip()[:1] == b"{":
        return json_layout(line)
    if (line.count(b'"') - line.count(b'\\"')) % 2:  # cut: it would take the next line with it
        return None
    text = line.decode("latin-1").rstrip("\r\n")
    delimiter = "\t" if "\t" in text else " "
    try:
        words = next(csv.reader([text], delimiter=delimiter, escapechar="\\", doublequote=False))
    except (csv.Error, StopIteration):
        return None
    named = None
    if fields or delimiter == "\t":
        named = _by_fields(delimiter, words, fields or _CLOUDFRONT)
    return named or _balancer(words) or _combined(words)


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of words.

    Attributes:
        count: of words in a line.
        time: the numbers of the words that make it, from 0; `who` likewise.
        request: of the request line, or of its target where `bare`.
        query: of the query, where it is apart.
        with_port: the first word of `who` ends with a port, which is no client's for long.
    """

    name: str
    delimiter: str
    count: int
    time: tuple[int, ...]
    request: int
    status: int
    size: int | None
    who: tuple[int, ...]
    query: int | None = None
    bare: bool = False
    with_heads: bool = False
    with_port: bool = False

    def read(self, block: bytes) -> tuple[list[Lines], bytes]:
        """See `Layout`."""
        refused: list[bytes] = []
        if not block.isascii():  # what is refused is shown to us as text
            block = block.decode("latin-1").encode()
        found = list(self._halves(block, refused))
        return found, b"".join(refused)

    def _halves(self, block: bytes, refused: list[bytes]) -> Iterator[Lines]:
        """Read a block; one in which a quote has no end, by halves, until the line is alone."""
        before = len(refused)
        try:
            yield self._read(block, refused)
        except pa.ArrowInvalid:
            del refused[before:]
            middle = block.find(b"\n", len(block) // 2 - 1) + 1
            if not 0 < middle < len(block):
                middle = block.find(b"\n") + 1
            if not 0 < middle < len(block):
                refused.append(block)
                return
            yield from self._halves(block[:middle], refused)
            yield from self._halves(block[middle:], refused)

    def _read(self, block: bytes, refused: list[bytes]) -> Lines:
        wanted = {*self.time, self.request, self.status, *self.who}
        wanted |= {one for one in (self.size, self.query) if one is not None}
        names = [str(i) for i in range(self.count)]

        def refuse(row: Any) -> str:
            refused.append(row.text.encode() + b"\n")
            return "skip"

        table = pacsv.read_csv(
            pa.BufferReader(block),
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=names, block_size=len(block) + 1
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self.delimiter,
                escape_char="\\",
                double_quote=False,
                invalid_row_handler=refuse,
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=[str(i) for i in sorted(wanted)],
                column_types={name: pa.binary() for name in names},
                strings_can_be_null=False,
            ),
        )
        return self._lines(table)

    def _lines(self, table: Any) -> Lines:
        columns = {int(name): table[name].combine_chunks() for name in table.column_names}
        parts = [columns[i] for i in self.time]
        time = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, b" ")
        target = columns[self.request]
        if not self.bare:
            found = pc.extract_regex(target, r"^[A-Z]+ (?P<target>\S+)")
            target = found.field("target") if len(found) else target
        if self.query is not None:
            target = pc.binary_join_element_wise(target, columns[self.query], b"?")
        who = [columns[i] for i in self.who] or [columns[self.status]]
        if self.with_port:
            who[0] = pc.replace_substring_regex(who[0], r":\d+$", "")
        count = table.num_rows
        size = each(columns[self.size], size_of, np.int64) if self.size is not None else None
        return Lines(
            times(time),
            pc.fill_null(target, b""),
            each(columns[self.status], status_of, np.int16),
            np.full(count, -1, np.int64) if size is None else size,
            who[0] if len(who) == 1 else pc.binary_join_element_wise(*who, b"\0"),
        )


_REQUEST = re.compile(r"[A-Z]+ \S+( HTTP/[\d.]+)?$")
_DATE = re.compile(r"\[?(\d\d/[A-Z][a-z]{2}/\d{4}|\d{4}-\d\d-\d\d)")
_ZONE = re.compile(r"[+-]\d\d:?\d\d\]?")
_DAY = re.compile(r"\[?(\d\d/[A-Z][a-z]{2}/\d{4}[: ]?|\d{4}-\d\d-\d\d)")


def _combined(words: Sequence[str]) -> Words | None:
    """nginx's and Apache's common and combined, and what was made of them; App Engine's logs."""
    request = next((i for i, word in enumerate(words) if _REQUEST.match(word)), None)
    time = next((i for i, word in enumerate(words) if _DAY.match(word)), None)
    if request is None or time is None or time > request or len(words) < request + 3:
        return None
    if status_of(words[request + 1].encode()) < 0:
        return None
    parts = [time]
    if _DATE.fullmatch(words[time]) or _ZONE.fullmatch(words[time + 1]):
        parts.append(time + 1)
    address = time - 3
    agent = request + 4  # behind status, size and referrer
    who = [i for i in (address, agent) if 0 <= i < len(words)]
    named = "combined" if agent < len(words) else "common"
    return Words(
        name=named if address >= 0 else "console",
        delimiter=" ",
        count=len(words),
        time=tuple(parts),
        request=request,
        status=request + 1,
        size=request + 2,
        who=tuple(who),
        with_heads=any(word.startswith("cpu_ms=") for word in words),
    )


def _balancer(words: Sequence[str]) -> Words | None:
    """ALB's: type, time, balancer, client:port, target:port, three times, two statuses, two sizes,
    request, agent (Elastic Load Balancing, "Access logs for your Application Load Balancer").
    """
    if len(words) < 14 or words[0] not in ("http", "https", "h2", "ws", "wss", "grpcs"):
        return None
    return Words(
        name="ALB",
        delimiter=" ",
        count=len(words),
        time=(1,),
        request=12,
        status=8,
        size=11,
        who=(3, 13),
        with_heads=True,
        with_port=True,
    )


#: Of standard logs (CloudFront, "Standard log file fields"), for one whose first lines are lost.
_CLOUDFRONT = (
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)"),
    *("cs-uri-stem", "sc-status", "cs(Referer)", "cs(User-Agent)", "cs-uri-query"),
)


def fields_of(block: bytes) -> list[str] | None:
    """What the last ``#Fields`` in a block says; None: there is none."""
    found = re.findall(rb"(?m)^#Fields:\s*(.*)$", block)
    return found[-1].decode("latin-1").split() if found else None


def _by_fields(delimiter: str, words: Sequence[str], fields: Sequence[str]) -> Words | None:
    """W3C's extended format, CloudFront's and IIS's."""
    place = {name.lower(): i for i, name in enumerate(fields)}
    stem, status = place.get("cs-uri-stem"), place.get("sc-status")
    time = [place[name] for name in ("date", "time") if name in place]
    if stem is None or status is None or len(time) != 2 or len(words) < len(fields):
        return None
    if status_of(words[status].encode()) < 0:
        return None
    who = [place[name] for name in ("c-ip", "cs(user-agent)") if name in place]
    return Words(
        name="CloudFront" if delimiter == "\t" else "W3C",
        delimiter=delimiter,
        count=len(words),
        time=tuple(time),
        request=stem,
        status=status,
        size=place.get("sc-bytes"),
        who=tuple(who),
        query=place.get("cs-uri-query"),
        bare=True,
        with_heads=True,
    )
