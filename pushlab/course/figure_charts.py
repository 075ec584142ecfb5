"""One figure of every row of a measurement, with the student's guess and the formula beside it."""

from collections.abc import Mapping, Sequence

from pushlab.course.bars import Bar, Bars, bars_chart
from pushlab.course.cards import Card
from pushlab.course.findings import Found, comparison, finding, kind_of, why_apart
from pushlab.course.guesses import Guess
from pushlab.course.measured import Measurement, Row, rate_in_words
from pushlab.course.pictures import Picture
from pushlab.quantities import counted, exact_duration

__all__ = ["comparison_card", "figure_chart", "footer_of", "found_in", "subtitle_of"]

_EACH_MESSAGE = ("waiting_s", "median_s", "p95_s", "p99_s", "worst_s")  # drawn with their dots
_FLOOR = (
    "The diamonds of push: its way is 0 here, so the formula is the floor, what the laboratory"
    " itself takes without any network."
)
_FEW = "No interval: for this figure it takes more trials, or more messages in each of them."
_NOUGHT = (
    "For push the formula says 0 here, since the server is on this computer: what is measured is"
    " the computer's own time."
)


def figure_chart(
    measured: Measurement,
    figure: str,
    guess: Guess | Mapping[str, Guess] | None,
    *,
    title: str | None = None,
) -> Picture:
    """Draw one figure of a measurement; see `Measured.chart`."""
    kind, guesses = kind_of(figure), _by_cell(measured, guess)
    drawn, found, names = [], [], []
    nought = floor = False
    for row in measured.rows:
        bars = []
        if row.cell in guesses:
            bars.append(Bar("guess", guesses[row.cell].value, guesses[row.cell].name))
        formula = row.formulas.get(figure)
        # No way takes no time at all: a formula that leaves the machine out says nothing of it.
        if formula == 0 and kind.unit == "s":
            formula, nought = None, True
        if formula is not None:
            bars.append(Bar("formula", formula * kind.factor, "the formula"))
        one = found_in(row, figure, formula)
        if one is not None:
            samples = row.samples_s if figure in _EACH_MESSAGE else ()
            bars.append(Bar("measured", one.value, "measured", one.interval, samples))
            found.append(one)
            names.append(row.name)
        floor = floor or bool(formula and row.pushes and not measured.work.one_way_ms)
        nothing = "nobody asks" if figure == "wasted" else "too few messages to tell"
        drawn.append(Bars(row.name, row.colour, bars, nothing))
    floor = floor and kind.unit == "s"
    few = measured.work.trials > 1 and bool(found) and not any(one.interval for one in found)
    notes = [
        _FEW if few else "",
        _NOUGHT if nought else "",
        _FLOOR if floor else "",
        why_apart(kind, found, names),
    ]
    return bars_chart(
        drawn,
        unit=kind.unit,
        axis=kind.axis,
        title=title or finding(kind, found),
        subtitle=subtitle_of(measured),
        footer="\n".join([*filter(None, notes), footer_of(measured)]),
    )


def comparison_card(measured: Measurement, figure: str, names: Sequence[str]) -> Card:
    """What the intervals allow to say of some rows; of all, if none is named."""
    kind = kind_of(figure)
    rows = [measured.row(name) for name in names] if names else measured.rows
    found = [one for row in rows if (one := found_in(row, figure)) is not None]
    told = comparison(kind, found)
    return Card(kind.several, told, small=footer_of(measured))


def found_in(row: Row, figure: str, formula: float | None = None) -> Found | None:
    """A row's number in the figure's unit; None where there is none."""
    kind = kind_of(figure)
    value: float | None = getattr(row.figures, figure)
    if value is None:
        return None
    between = row.intervals.get(figure)
    return Found(
        row.short,
        value * kind.factor,
        (between[0] * kind.factor, between[1] * kind.factor) if between else None,
        formula * kind.factor if formula is not None else None,
    )


def _by_cell(
    measured: Measurement, guess: Guess | Mapping[str, Guess] | None
) -> Mapping[str, Guess]:
    if guess is None:
        return {}
    if isinstance(guess, Mapping):
        drawn = {name: each for name, each in guess.items() if each.drawn}
        return {measured.cell(name): each for name, each in drawn.items()}
    return {measured.cells[0]: guess} if guess.drawn else {}


def subtitle_of(measured: Measurement) -> str:
    """What all rows had to do."""
    work = measured.work
    parts = [f"{work.clients:,} clients", rate_in_words(work)]
    intervals = _intervals_s(measured.rows)
    if len(intervals) == 1:
        parts.append(f"polling clients ask every {exact_duration(intervals.pop())}")
    if work.one_way_ms:
        parts.append(f"a server {work.one_way_ms:g} ms away")
    return ", ".join(parts)


def _intervals_s(rows: Sequence[Row]) -> set[float]:
    return {float(row.options["interval_s"]) for row in rows if "interval_s" in row.options}


def footer_of(measured: Measurement) -> str:
    """On what the numbers rest: messages, trials, time, machine; and whether it was another day."""
    work = measured.work
    counts = [row.figures.deliveries for row in measured.rows]
    many = (
        f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"
    )
    each = counted(work.trials, "trial")
    parts = [
        f"{many} messages delivered in {each} of {exact_duration(work.duration_s)}",
        ", ".join(filter(None, [work.machine, counted(work.cores, "core") if work.cores else ""])),
    ]
    if work.trials == 1:
        parts.append("one trial tells no interval")
    day = "" if measured.here else f"recorded on {work.recorded}, not on your machine: "
    return day + " · ".join(filter(None, parts))
