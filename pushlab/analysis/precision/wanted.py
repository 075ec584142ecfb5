"""How well a figure shall be known before a run stops, as in ``p99 ±10%``.

::

    wanted    = condition {"," condition}
    condition = ["ratio of "] [cell "."] figure ("±" | "+-" | "+/-") limit
    cell      = a label, bare or in quotes; * stands for any text      all cells if left out
    figure    = one that has an interval: a path in a cell's summary, or p50, p95, p99, mean
    limit     = a share of the figure: 10%; or, but for a ratio, an amount with a unit: 0.3ms

A figure is known when neither end of its 95 % interval is further from it than the limit. A ratio
is that of each cell to the lowest of all, with repetitions compared in pairs.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pushlab.analysis.slo.subject import Subject, read_subject, take_quoted
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.errors import UsageError
from pushlab.quantities import brief, parse_bytes, parse_number, parse_seconds, with_unit

__all__ = ["Wanted", "parse_wanted"]

_LONGEST = 500
_SUCH = "such as p99 ±10%, sse.p50 ±0.3ms or ratio of p50 ±10% (or +-10%)"
_SIGN = re.compile(r"±|\+/?-")
_READ: Mapping[str, Callable[[str], float]] = {"s": parse_seconds, "bytes": parse_bytes}
_UNIT = {"s": "ms", "bytes": "B"}
_RATIO = re.compile(r"\s*ratio\s+of\s+")
_COMMA = re.compile(r""",(?=(?:[^"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*$)""")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One condition.

    Attributes:
        subject: the figure, and of which cells.
        within: how far the interval may reach to either side.
        relative: `within` is a share of the figure; else it is in the figure's unit.
        of_ratio: the figure's ratio to the lowest cell is asked about.
        text: as it was written.
    """

    subject: Subject
    within: float
    relative: bool = True
    of_ratio: bool = False
    text: str = field(default="", compare=False)

    @property
    def words(self) -> str:
        """What is asked about, in few words: ``p99``, ``ratio of p50``."""
        name = FIGURES[self.subject.figure].short
        return f"ratio of {name}" if self.of_ratio else name

    def amount(self, value: float) -> str:
        """How far something reaches, as the limit is written: ``±34 %``, ``±0.31 ms``."""
        if self.relative:
            return f"±{brief(value * 100, 2)} %"
        return f"±{with_unit(value, unit=FIGURES[self.subject.figure].kind)}"

    @property
    def limit(self) -> str:
        """The limit in words: ``±10 %``."""
        return self.amount(self.within)


def parse_wanted(text: str) -> list[Wanted]:
    """Read conditions with commas between; see the module's docstring for the grammar.

    Raises:
        UsageError: one is malformed, or names a figure that has no interval; in one line, with an
            example.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"conditions of {len(text):,} characters; {_LONGEST:,} are the most")
    found: list[Wanted] = []
    for part in _COMMA.split(text):
        one = _condition(part)
        if one in found:
            raise _wrong(part, "it stands there twice")
        found.append(one)
    return found


def _condition(text: str) -> Wanted:
    ratio = _RATIO.match(text)
    try:
        label, quoted, rest = take_quoted(text[ratio.end() if ratio else 0 :])
        sign = _SIGN.search(rest)
        if sign is None:
            raise UsageError("it does not say how well")
        subject = read_subject(rest[: sign.start()], label if quoted else None)
        within, relative = _limit(rest[sign.end() :], subject, ratio is not None)
    except UsageError as error:
        raise _wrong(text, str(error)) from None
    return Wanted(subject, within, relative, ratio is not None, text.strip())


def _limit(written: str, subject: Subject, of_ratio: bool) -> tuple[float, bool]:
    """How far the interval may reach, and whether that is a share. Raises UsageError."""
    figure, written = FIGURES[subject.figure], written.strip()
    if not figure.interval:
        known = [one.name.removeprefix("latency_s.") for one in FIGURES.values() if one.interval]
        raise UsageError(f"{figure.name} has no interval; those that have one: {', '.join(known)}")
    relative = written.endswith("%")
    if of_ratio and not relative:
        raise UsageError("a ratio is known to a share of it")
    if relative:
        within = parse_number(written.removesuffix("%"), such="10") / 100
    else:
        if figure.unit and written[-1:].isdigit():
            raise UsageError(
                f"{written} of what? Write {written}% or {written}{_UNIT[figure.unit]}"
            )
        within = _READ.get(figure.unit, parse_number)(written)
    if not 0 < within < (1 if relative else math.inf):
        most = " and below 100%" if relative else ""
        raise UsageError(f"the limit {written} is out of range; it must be above 0{most}")
    return within, relative


def _wrong(text: str, what: str) -> UsageError:
    return UsageError(f"until {text.strip()!r}: {what}; {_SUCH}")
