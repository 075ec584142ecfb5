"""A measurement beside something else: the reference run, or what a month of it would cost."""

from pushlab.course.bars import Bar, Bars, bars_chart
from pushlab.course.figure_charts import found_in
from pushlab.course.findings import Found, Kind, finding, kind_of
from pushlab.course.measured import Measurement, Month, rate_in_words
from pushlab.course.measurement_charts import Measured, measured_from
from pushlab.course.mode import reading, recording
from pushlab.course.pictures import Picture
from pushlab.course.recordings import find, needed, save
from pushlab.course.reference import reference_run
from pushlab.course.tape import measurement_from, measurement_json
from pushlab.course.trouble import CourseError

KIND = "reference"

__all__ = ["beside_reference", "month_of"]


def beside_reference(measured: Measured, figure: str) -> Picture:
    """One figure as it was measured, and of the run that comes with pushlab.

    Args:
        figure: as `Measured.chart` takes it.

    Raises:
        CourseError: there is no such figure.
        RunError: the reference run is not there.
    """
    kind = kind_of(figure)
    other = _reference()
    where = "here" if measured.here else "the recording"
    rows = []
    for row in measured.rows:
        bars = []
        there = [each for each in other.rows if each.transport == row.transport]
        for one in (row, *there[:1]):
            found = found_in(one, figure)
            if found is not None:
                here = one is row
                bars.append(
                    Bar(
                        "measured" if here else "other",
                        found.value,
                        where if here else "reference",
                        found.interval,
                    )
                )
        rows.append(Bars(row.name, row.colour, bars))
    ours, theirs = measured.work, other.work
    return bars_chart(
        rows,
        unit=kind.unit,
        axis=kind.axis.partition(";")[0],
        title=f"{kind.several}: on this machine, and in the reference run",
        subtitle=(
            f"here {ours.clients:,} clients, {rate_in_words(ours)};"
            f" there {theirs.clients:,}, {rate_in_words(theirs)}"
        ),
        footer="two machines, two days; only what depends on neither is the same in both",
    )


def _reference() -> Measurement:
    """The run that comes with pushlab; recorded, for where its rows cannot be read."""
    known = find(KIND, {}) if recording() else None
    if not reading() and known is None:
        measured = measured_from(reference_run(), here=False)
        if recording():
            day = measured.work.recorded or ""
            save(KIND, {}, {"day": day, **measurement_json(measured)})
        return measured
    told = known or needed(KIND, {}, "The rows of a run are not read here")
    return measurement_from(told, day=str(told["day"]))


_MONTH = Kind(
    "USD",
    "",
    "A month of this traffic likely costs {}",
    "What a month of this traffic likely costs",
)


def _likely(measured: Measured, month: Month) -> list[Found]:
    """What is drawn: who is named together in the title has ranges that overlap in the picture."""
    return [
        Found(row.short, month.usd[row.cell][0], month.usd[row.cell])
        for row in measured.rows
        if row.cell in month.usd
    ]


def month_of(measured: Measured) -> Picture:
    """What a month of the traffic that was measured costs, all in one architecture.

    Raises:
        CourseError: there is no price for what was measured.
    """
    month = measured.month
    if month is None:
        raise CourseError("no architecture is known that carries what was measured")
    rows = [
        Bars(
            row.name,
            row.colour,
            [
                Bar("measured", month.usd[row.cell][0], "likely"),
                Bar("other", month.usd[row.cell][1], "at most"),
            ],
        )
        for row in measured.rows
        if row.cell in month.usd
    ]
    return bars_chart(
        rows,
        unit="USD",
        axis="a month (30 days) at list prices, in US dollars",
        title=finding(_MONTH, _likely(measured, month)),
        subtitle=(
            f"{measured.work.clients:,} clients, {rate_in_words(measured.work)}; all in"
            f" {month.place}"
        ),
        footer="grey: if all that had to be guessed turns out dear",
    )
