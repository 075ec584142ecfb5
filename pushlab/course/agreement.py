"""Whether a measurement agrees with its formulas; it is held of every recording.

A figure agrees if its formula lies within its interval, or within a share of it. A formula of a
wait leaves out what the machine takes, so a wait may be longer by a little. One of requests counts
the keep-alives of a long time, which are not due yet in a short trial, so there may be fewer.
"""

from pushlab.contract.registry import profile_of
from pushlab.course.measured import Measurement, Row, Work
from pushlab.errors import PushlabError

__all__ = ["disagreements"]

#: By how much of the formula a figure may be off: counts are exact, but for the windows' edges.
_SHARES = {
    "waiting_s": 0.15,
    "requests_per_s": 0.12,
    "requests_per_message": 0.2,
    "wasted": 0.15,
}
_MACHINE_S = 0.02  # what a machine that does little else takes for a message at most, on average
_LEAST = {"requests_per_s": 1.0, "requests_per_message": 0.05, "wasted": 0.03}
_LOST = 0


def disagreements(measured: Measurement) -> list[str]:
    """What disagrees, a line each; none if all agrees."""
    return [line for row in measured.rows for line in _of(row, measured.work)]


def _of(row: Row, work: Work) -> list[str]:
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
        fewer = _not_due_yet(row, work) if figure.startswith("requests") else 0.0
        if figure != "waiting_s" and low <= formula <= high:
            continue  # a wait's interval is wide where the machine was busy, so that says little
        if not formula * (1 - fewer) - slack <= value <= formula + slack + more:
            found.append(f"{row.cell}: {figure} is {value:.4g}, and its formula says {formula:.4g}")
    return found


def _not_due_yet(row: Row, work: Work) -> float:
    """The share of the formula's requests that are keep-alives, where none is due in a trial."""
    try:
        silence_s = profile_of(row.transport, row.options).client_keep_alive_s
    except PushlabError:  # a student's own
        return 0.0
    every = row.formulas.get("requests_per_s", 0.0)
    return (
        min(1.0, work.clients / silence_s / every) if silence_s > work.duration_s and every else 0
    )
