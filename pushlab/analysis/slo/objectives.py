"""Service level objectives: a figure of a cell, a comparison and a limit, as in ``sse.p99<50ms``.

::

    objective = [cell "."] figure operator limit
    cell      = a label, bare or in quotes; * stands for any text      all cells if left out
    figure    = a path in a cell's summary, or p50 ... p99.9, mean, max: those of latency_s
    operator  = < <= > >= == !=
    limit     = a number, and a unit that fits the figure: 50ms, 2KiB, 5%, 1e3

A bare label may hold dots and blanks: the figure is the longest known path at the end. A figure
without a value (too few samples, a failed cell) meets no objective, whatever the operator.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from pushlab.analysis.stats.percentiles import PERCENTILES
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.errors import UsageError

__all__ = ["Objective", "parse_objective"]

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COMPARISON = re.compile(r"<=|>=|==|!=|<|>")
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*\.|' r"\s*'((?:[^'\\]|\\.)*)'\s*\.")
# Possessive, so that a long limit that fits nothing is found to do so in one pass.
_LIMIT = re.compile(
    r"\s*+([+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)\s*+(\S*+)\s*+", re.ASCII
)
_FINE_PERCENTILE = re.compile(r"(^|\.)p(\d\d)\.?(\d)$")

_LONGEST = 500
_MOST_PARTS = 4  # of a figure's path, with room for a wrong one

_UNITS: Mapping[str, Mapping[str, float]] = {
    "s": {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0},
    "bytes": {"B": 1.0, "bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
    | {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
    "usd": {"USD": 1.0, "usd": 1.0},
    "share": {"%": 0.01},
    "": {},
}


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective.

    Attributes:
        cell: the label of the cells that it asks about, where ``*`` stands for any text.
        figure: the path of keys in a cell's summary, such as ``latency_s.p99``.
        operator: one of ``< <= > >= == !=``.
        limit: in the figure's own unit (`unit_of`); with `of`, a fraction.
        of: the count that the figure is divided by (``lost<0.1%``); None: by nothing.
        quoted: the label was in quotes: a ``*`` in it is a star.
        text: as it was written.
    """

    cell: str
    figure: str
    operator: str
    limit: float
    of: str | None = None
    quoted: bool = False
    text: str = field(default="", compare=False)

    def met_by(self, value: float) -> bool:
        """Whether a figure of this value meets the objective."""
        return _OPERATORS[self.operator](value, self.limit)

    def to_json(self) -> dict[str, str | float]:
        """What it says, in plain values."""
        told = ("text", "figure", "operator", "limit", "unit")
        return {name: getattr(self, name) for name in told}

    def asks(self, label: str, *, floor: bool = False) -> bool:
        """Whether it asks about the cell with this label; about the harness's floor only by name.

        Args:
            floor: the cell is the null transport, which shows the harness's own floor.
        """
        if self.quoted or "*" not in self.cell:
            return self.cell == label
        return not floor and _fits(self.cell, label)

    def __str__(self) -> str:
        """The objective in its long form; `parse_objective` reads it back."""
        label = re.sub(r'(["\\])', r"\\\1", self.cell)
        cell = f'"{label}"' if self.quoted else self.cell
        unit = "%" if self.of else {"s": "s", "bytes": "B", "usd": "USD"}.get(self.unit, "")
        limit = self.limit * 100 if self.of else self.limit
        return f"{cell}.{self.figure}{self.operator}{limit!r}{unit}"

    @property
    def unit(self) -> str:
        """The unit of `limit`: ``s``, ``bytes``, ``usd``, ``share``, or nothing for a number."""
        return "share" if self.of else FIGURES[self.figure].unit

    @property
    def kind(self) -> str:
        """What its limit and its figure's values are shown as; see `Figure.kind`."""
        return "share" if self.of else FIGURES[self.figure].kind


def parse_objective(text: str) -> Objective:
    """Read an objective; see the module's docstring for the grammar.

    Raises:
        UsageError: it is malformed, or names no known figure or unit; the text says what would be
            right. Whether a run has the cell is found out by `judge`.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"an objective of {len(text):,} characters; {_LONGEST:,} are the most")
    label, quoted, rest = _take_quoted(text)
    found = _COMPARISON.search(rest)
    if found is None:
        hint = "; equality is written ==" if "=" in rest else ""
        raise _wrong(
            text, f"no comparison in it{hint}; an objective is like sse.latency_s.p99<50ms"
        )
    path = _FINE_PERCENTILE.sub(r"\1p\2_\3", rest[: found.start()].strip())
    if quoted:
        name = path
        if _full_name(name) is None:
            raise _wrong(text, _unknown_figure(name))
    else:
        label, name = _split(text, path)
    figure = _full_name(name) or name
    limit, of = _limit(text, rest[found.end() :], figure, short=figure != name)
    return Objective(label, figure, found[0], limit, of, quoted, text.strip())


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


def _wrong(text: str, what: str) -> UsageError:
    return UsageError(f"objective {text.strip()!r}: {what}")


def _take_quoted(text: str) -> tuple[str, bool, str]:
    """The label in quotes at the beginning, whether there is one, and what follows."""
    found = _QUOTED.match(text)
    if found is None:
        if text.lstrip()[:1] in ('"', "'"):
            raise _wrong(
                text, 'a quoted label ends with the same quote and a dot: "my cell".lost==0'
            )
        return "", False, text
    label = found[1] if found[1] is not None else found[2]
    return re.sub(r"\\(.)", r"\1", label, flags=re.DOTALL), True, text[found.end() :]


def _full_name(name: str) -> str | None:
    """The path of a figure given by its path or its short name; None if it is not known."""
    return next((full for full in (name, f"latency_s.{name}") if full in FIGURES), None)


def _split(text: str, path: str) -> tuple[str, str]:
    """A bare path's label (``*`` without one) and its figure, the longest known one at its end."""
    if not path:
        raise _wrong(text, "no figure before the comparison")
    starts = [0, *(found.end() for found in re.finditer(r"\.", path))]
    for start in starts:
        name = path[start:].strip()
        if _full_name(name):
            label = path[: max(start - 1, 0)].strip()
            if start and not label:
                raise _wrong(text, "no label before the first dot; * stands for all cells")
            return label or "*", name
    raise _wrong(text, _unknown_figure(path))


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


def _limit(text: str, written: str, figure: str, *, short: bool) -> tuple[float, str | None]:
    """The limit in the figure's unit, and the count that it is a share of."""
    found = _LIMIT.fullmatch(written)
    if found is None:
        raise _wrong(text, f"the limit {written.strip()!r} is not a number with a unit, as 50ms is")
    value, word = float(found[1]), found[2]
    if abs(value) == float("inf"):
        raise _wrong(text, f"the limit {found[1]} is too large")
    unit, whole = FIGURES[figure].unit, FIGURES[figure].whole
    if word == "%" and whole:
        return value / 100, whole
    if not word:
        if short and unit:
            raise _wrong(text, f"{found[1]} of what? Write {found[1]}ms or {found[1]}s")
        return value, None
    if word not in _UNITS[unit]:
        fitting = ", ".join(_UNITS[unit])
        if whole:
            fitting = "%"
        told = f"it takes {fitting} or none" if fitting else "it is a plain number"
        raise _wrong(text, f"the unit {word!r} does not fit {figure}; {told}")
    return value * _UNITS[unit][word], None
