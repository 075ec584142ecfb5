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

from pushlab.analysis.slo.subject import Subject, read_subject, take_quoted
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
# Possessive, so that a long limit that fits nothing is found to do so in one pass.
_LIMIT = re.compile(
    r"\s*+([+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)\s*+(\S*+)\s*+", re.ASCII
)

_LONGEST = 500

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
        return Subject(self.cell, self.figure, self.quoted).asks(label, floor=floor)

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
    try:
        label, quoted, rest = take_quoted(text)
        found = _COMPARISON.search(rest)
        if found is None:
            hint = "; equality is written ==" if "=" in rest else ""
            raise UsageError(
                f"no comparison in it{hint}; an objective is like sse.latency_s.p99<50ms"
            )
        subject = read_subject(rest[: found.start()], label if quoted else None)
    except UsageError as error:
        raise _wrong(text, str(error)) from None
    limit, of = _limit(text, rest[found.end() :], subject)
    operator_, written = found[0], text.strip()
    return Objective(subject.cell, subject.figure, operator_, limit, of, quoted, written)


def _wrong(text: str, what: str) -> UsageError:
    return UsageError(f"objective {text.strip()!r}: {what}")


def _limit(text: str, written: str, subject: Subject) -> tuple[float, str | None]:
    """The limit in the figure's unit, and the count that it is a share of."""
    found = _LIMIT.fullmatch(written)
    if found is None:
        raise _wrong(text, f"the limit {written.strip()!r} is not a number with a unit, as 50ms is")
    value, word = float(found[1]), found[2]
    if abs(value) == float("inf"):
        raise _wrong(text, f"the limit {found[1]} is too large")
    figure = subject.figure
    unit, whole = FIGURES[figure].unit, FIGURES[figure].whole
    if word == "%" and whole:
        return value / 100, whole
    if not word:
        if subject.short and unit:
            raise _wrong(text, f"{found[1]} of what? Write {found[1]}ms or {found[1]}s")
        return value, None
    if word not in _UNITS[unit]:
        fitting = ", ".join(_UNITS[unit])
        if whole:
            fitting = "%"
        told = f"it takes {fitting} or none" if fitting else "it is a plain number"
        raise _wrong(text, f"the unit {word!r} does not fit {figure}; {told}")
    return value * _UNITS[unit][word], None
