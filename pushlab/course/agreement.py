"""Whether a measurement agrees with its formulas; it is held of every recording.

A figure agrees if its formula lies within its interval, or within a share of it. A formula of a
wait leaves out what the machine takes, so a wait may be longer by a little.
"""

from pushlab.course.measured import Measurement, Row

__all__ = ["disagreements"]

#: By how much of the formula a figure may be off: counts are exact, but for the windows' edges.
_SHARES = {
    "waiting_s": 0.15,
    "requests_per_s": 0.12,
    "requests_per_message": 0.2,
    "wasted": 0.15,
}
_MACHINE_S = 0.008  # what a calm machine takes for a message at most, on average
_LEAST = {"requests_per_s": 1.0, "requests_per_message": 0.05, "wasted": 0.03}
_LOST = 0


def disagreements(measured: Measurement) -> list[str]:
    """What disagrees, a line each; none if all agrees."""
    return [line for row in measured.rows for line in _of(row)]


def _of(row: Row) -> list[str]:
    found = []
    if row.figures.lost > _LOST:
        found.append(f"{row.cell}: {row.figures.lost} messages were lost")
    for figure, formula in row.formulas.items():
        value = getattr(row.figures, figure)
        if value is None:
            continue
        low, high = row.intervals.get(figure, (value, value))
        slack = max(_SHARES[figure] * formula, _LEAST.get(figure, 0.0))
        more = _MACHINE_S if figure == "waiting_s" else 0.0
        inside = low <= formula + more and formula <= high and figure != "waiting_s"
        if not inside and not formula - slack <= value <= formula + slack + more:
            found.append(f"{row.cell}: {figure} is {value:.4g}, and its formula says {formula:.4g}")
    return found
