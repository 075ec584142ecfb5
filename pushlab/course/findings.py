"""What a chart's title says: no more than its intervals allow, and in the words of its labels.

Rows whose intervals meet are named together, as a range: which of them is the smallest, nobody
knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pushlab.course.quantities import with_unit
from pushlab.course.trouble import CourseError
from pushlab.quantities import listed, span, times

__all__ = ["Found", "Kind", "comparison", "finding", "kind_of", "shown", "why_apart"]

_NEAR = 0.03  #: a formula this near to an interval agrees with it


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure: its unit, what the axis says, and the sentence of the title.

    Attributes:
        one: of a single row, with a place for its value; `several`: what is compared.
        apart: why formula and measurement may differ.
    """

    unit: str
    axis: str
    one: str
    several: str
    factor: float = 1.0
    apart: str = ""


_WAYS = (
    "the formula counts the wait for a question and the ways; the time that this computer"
    " itself takes comes on top"
)
_CHANCE = "the formula is for a long time; in a few seconds chance still shows"
_KINDS: Mapping[str, Kind] = {
    "waiting_s": Kind(
        "s",
        "how long a message was on its way, on average; each dot is one message",
        "A message waited {} on average",
        "How long a message waits, on average",
        apart=_WAYS,
    ),
    "median_s": Kind(
        "s",
        "the median: half of the messages took no longer; each dot is one message",
        "Half of the messages took no longer than {}",
        "What half of the messages do not exceed",
    ),
    "p95_s": Kind(
        "s",
        "the 95th percentile: 95 of 100 messages took no longer; each dot is one message",
        "95 of 100 messages took no longer than {}",
        "What 95 of 100 messages do not exceed",
    ),
    "p99_s": Kind(
        "s",
        "the 99th percentile: 99 of 100 messages took no longer; each dot is one message",
        "99 of 100 messages took no longer than {}",
        "What 99 of 100 messages do not exceed",
    ),
    "worst_s": Kind(
        "s",
        "the slowest message of all; each dot is one message",
        "The slowest message took {}",
        "The slowest message",
    ),
    "requests_per_s": Kind(
        "a second",
        "requests a second that the server handled, for all clients together",
        "Requests that the server handled: {}",
        "What the server has to handle",
        apart=_CHANCE,
    ),
    "requests_per_message": Kind(
        "requests",
        "requests for each message that arrived",
        "Each message took {}",
        "What a message costs in requests",
        apart=_CHANCE,
    ),
    "wasted": Kind(
        "%",
        "share of the requests that brought nothing",
        "{} of the requests brought nothing",
        "How many requests are in vain",
        factor=100.0,
        apart=_CHANCE,
    ),
    "bytes_per_message": Kind(
        "bytes",
        "bytes sent both ways for each message that arrived",
        "Each message took {}",
        "What a message costs in bytes",
    ),
    "cpu_ms_per_message": Kind(
        "ms",
        "work of the server's processor for each message that arrived",
        "Each message took {} of the server's processor",
        "What a message costs in processor time",
    ),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A row's number: what a sentence calls the row, the value, its interval, its formula."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    formula: float | None = None

    def meets(self, other: "Found", unit: str) -> bool:
        """Whether nobody can tell the two apart; without intervals, whether they look the same."""
        if self.interval is None or other.interval is None:
            return shown(self.value, unit) == shown(other.value, unit)
        return (
            self.interval[0] <= other.interval[1] and other.interval[0] <= self.interval[1]
        ) or shown(self.value, unit) == shown(other.value, unit)


def shown(value: float, unit: str) -> str:
    """A number as titles and labels show it, with its unit."""
    return with_unit(value if unit == "s" else float(f"{value:.3g}"), unit)


def kind_of(figure: str) -> Kind:
    """What there is to say of a figure. Raises CourseError."""
    if figure not in _KINDS:
        raise CourseError(f"there is no figure {figure!r} (figures: {', '.join(_KINDS)})")
    return _KINDS[figure]


def finding(kind: Kind, rows: Sequence[Found]) -> str:
    """The title: the one number, or the smallest and the largest of several rows."""
    if not rows:
        return f"{kind.several}: nothing was measured"
    if len(rows) == 1:
        return kind.one.format(shown(rows[0].value, kind.unit))
    alone = "" if all(row.interval for row in rows) else " in what was measured here"
    ordered = sorted(rows, key=lambda row: row.value)
    low, high, unplaced = _sides(ordered, kind)
    if not low:
        if len({shown(row.value, kind.unit) for row in rows}) == 1:
            return f"{kind.several}: {_range(rows, kind)} with each"
        return f"{kind.several}: {_range(ordered, kind)}, and no difference can be told"
    more = f" (not placed: {listed([row.name for row in unplaced])})" if unplaced else ""
    return f"{kind.several}: {_group(low, kind)}; {_group(high, kind)}{more}{alone}"


def _sides(ordered: Sequence[Found], kind: Kind) -> tuple[list[Found], list[Found], list[Found]]:
    """Who is with the smallest, who with the largest, and who might be with either.

    All three are empty if nobody can tell the smallest from the largest.
    """
    first, last = ordered[0], ordered[-1]
    if first.meets(last, kind.unit):
        return [], [], []
    low = [row for row in ordered if row.meets(first, kind.unit)]
    high = [row for row in ordered if row.meets(last, kind.unit)]
    both = [row for row in low if row in high]
    return [row for row in low if row not in both], [row for row in high if row not in both], both


def comparison(kind: Kind, rows: Sequence[Found]) -> str:
    """What may be said of rows beside each other: who stands apart, and who does not."""
    names = listed([row.name for row in rows])
    if len(rows) < 2:
        return "There is nothing to compare."
    if not all(row.interval for row in rows):
        return (
            f"One trial of each tells no interval, so of {names} nobody can say which is less."
            " Measure with `trials=3` or more."
        )
    ordered = sorted(rows, key=lambda row: row.value)
    low, high, unplaced = _sides(ordered, kind)
    if not low:
        return (
            f"{names}: {_range(ordered, kind)}, and their intervals overlap. This measurement tells"
            " no difference between them."
        )
    told = [f"{listed([row.name for row in side])}: {_range(side, kind)}" for side in (low, high)]
    much = f", {times(high[0].value / low[-1].value)} as much" if low[-1].value else ""
    text = (
        f"These stand apart: {'; '.join(told)}. Between {low[-1].name} and {high[0].name} it is"
        f" {shown(low[-1].value, kind.unit)} against {shown(high[0].value, kind.unit)}{much}."
    )
    rest = [row for row in ordered if row not in low and row not in high]
    if rest:
        verb = "lies" if len(rest) == 1 else "lie"
        where = "overlaps with both" if unplaced and len(rest) == 1 else f"{verb} between them"
        text += f" {listed([row.name for row in rest])} {where}."
    return text


def _group(rows: Sequence[Found], kind: Kind) -> str:
    names = listed([row.name for row in rows])
    joint = "" if names.startswith("asking") else "with "
    return f"{_range(rows, kind)} {joint}{names}"


def _range(rows: Sequence[Found], kind: Kind) -> str:
    low, high = rows[0].value, rows[-1].value
    if not high:
        return "none"
    same = shown(low, kind.unit) == shown(high, kind.unit)
    return (
        shown(high, kind.unit) if same else span((low, high), lambda value: shown(value, kind.unit))
    )


def why_apart(kind: Kind, rows: Sequence[Found], names: Sequence[str]) -> str:
    """A sentence for the foot of the chart where a formula lies outside of an interval."""
    off = []
    for row, name in zip(rows, names, strict=True):
        if row.formula is None or row.interval is None:
            continue
        low, high = row.interval[0] * (1 - _NEAR), row.interval[1] * (1 + _NEAR)
        if not low <= row.formula <= high:
            off.append(name)
    if not off or not kind.apart:
        return ""
    return f"Formula and measurement differ ({listed(off)}): {kind.apart}."
