"""Which cells' figure is asked about, as in ``sse.p99``: for objectives, gates and differences.

A bare label may hold dots and blanks: the figure is the longest known path at the end; ``*`` in a
label stands for any text, and where there is none, all cells are meant. A label in quotes means
what it says.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from pushlab.analysis.stats.percentiles import PERCENTILES
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.errors import UsageError

__all__ = ["Subject", "no_cell", "parse_subject", "read_subject", "take_quoted"]

_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*\.|' r"\s*'((?:[^'\\]|\\.)*)'\s*\.")
_FINE_PERCENTILE = re.compile(r"(^|\.)p(\d\d)\.?(\d)$")
_LONGEST = 500
_MOST_PARTS = 4  # of a figure's path, with room for a wrong one


@dataclass(frozen=True, slots=True)
class Subject:
    """A figure of some cells.

    Attributes:
        cell: the label of the cells, where ``*`` stands for any text.
        figure: its path in a cell's summary, such as ``latency_s.p99``.
        quoted: the label was in quotes: a ``*`` in it is a star.
        short: the figure was given by its short name, which tells no unit: ``p99``.
    """

    cell: str
    figure: str
    quoted: bool = False
    short: bool = False

    def asks(self, label: str, *, floor: bool = False) -> bool:
        """Whether it asks about the cell with this label; about the harness's floor only by name.

        Args:
            floor: the cell is the null transport, which shows the harness's own floor.
        """
        if self.quoted or "*" not in self.cell:
            return self.cell == label
        return not floor and _fits(self.cell, label)


def parse_subject(text: str) -> Subject:
    """Read what is asked about, such as ``sse.p99`` or ``*.lost``.

    Raises:
        UsageError: it is malformed, or names no known figure; the text says what would be right.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"a figure of {len(text):,} characters; {_LONGEST:,} are the most")
    try:
        label, quoted, rest = take_quoted(text)
        return read_subject(rest, label if quoted else None)
    except UsageError as error:
        raise UsageError(f"figure {text.strip()!r}: {error}") from None


def read_subject(path: str, quoted: str | None = None) -> Subject:
    """Read a bare path, or what follows a label that was in quotes. Raises UsageError."""
    path = _FINE_PERCENTILE.sub(r"\1p\2_\3", path.strip())
    label, name = _split(path) if quoted is None else (quoted, path)
    figure = _full_name(name)
    if figure is None:
        raise UsageError(_unknown_figure(name))
    return Subject(label, figure, quoted is not None, figure != name)


def no_cell(asked: str, labels: Iterable[str]) -> str:
    """What to say where a run has no such cell."""
    labels = list(labels)
    close = get_close_matches(asked, labels, n=1)
    close = close or [label for label in labels if asked.startswith(f"{label}.")]
    hint = f"; did you mean {close[0]!r}?" if close else ""
    known = ", ".join(map(repr, labels)) or "none"
    return f"no cell {asked!r}{hint} (cells: {known})"


def _fits(pattern: str, label: str) -> bool:
    """Whether `label` is `pattern`, in which each star stands for any text.

    Each piece is taken at its first place, which leaves the most to the rest: no going back.
    """
    first, *middle, last = pattern.split("*")
    at, end = len(first), len(label) - len(last)
    if at > end or not (label.startswith(first) and label.endswith(last)):
        return False
    for piece in middle:
        at = label.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def take_quoted(text: str) -> tuple[str, bool, str]:
    """The label in quotes at the beginning, whether there is one, and what follows."""
    found = _QUOTED.match(text)
    if found is None:
        if text.lstrip()[:1] in ('"', "'"):
            raise UsageError('a quoted label ends with the same quote and a dot: "my cell".lost==0')
        return "", False, text
    label = found[1] if found[1] is not None else found[2]
    return re.sub(r"\\(.)", r"\1", label, flags=re.DOTALL), True, text[found.end() :]


def _full_name(name: str) -> str | None:
    """The path of a figure given by its path or its short name; None if it is not known."""
    return next((full for full in (name, f"latency_s.{name}") if full in FIGURES), None)


def _split(path: str) -> tuple[str, str]:
    """A bare path's label (``*`` without one) and its figure, the longest known one at its end."""
    if not path:
        raise UsageError("no figure before the comparison")
    starts = [0, *(found.end() for found in re.finditer(r"\.", path))]
    for start in starts:
        name = path[start:].strip()
        if _full_name(name):
            label = path[: max(start - 1, 0)].strip()
            if start and not label:
                raise UsageError("no label before the first dot; * stands for all cells")
            return label or "*", name
    raise UsageError(_unknown_figure(path))


def _unknown_figure(path: str) -> str:
    """What to say of a path that ends with no known figure."""
    names = list(FIGURES)
    parts = path.split(".")
    tails = [".".join(parts[i:]).strip() for i in range(len(parts))]
    for tail in tails:
        inner = [name for name in names if name.startswith(f"{tail}.")]
        if inner:
            return f"{tail!r} holds several figures: {', '.join(inner)}"
    shown = next((tail for tail in tails[1:] or tails if len(tail) > 2), path)
    short = [name.removeprefix("latency_s.") for name in names]
    close = [
        match
        for tail in tails[-_MOST_PARTS:]
        for match in get_close_matches(tail, {*names, *short}, 2, 0.75)
    ]
    if re.fullmatch(r"p[\d.]+", tails[-1]):
        close = [name.replace("_", ".") for name in PERCENTILES]
    if close:
        return f"unknown figure {shown!r}; did you mean {' or '.join(dict.fromkeys(close))}?"
    some = "latency_s.p99, p95, lost, hits_per_delivery, server_rss_bytes"
    return f"unknown figure {shown!r}; figures are the keys of a cell's summary, such as {some}"
