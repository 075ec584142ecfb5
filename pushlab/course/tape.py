"""A measurement as JSON and back, so that it can be recorded; rounded where no chart shows more."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pushlab.course.measured import Figures, Measurement, Month, Row, Watched, Work

__all__ = ["measurement_from", "measurement_json"]

_DIGITS = 4  # of what was measured
_DIGITS_OF_MOMENTS = 6  # between which messages take less than a thousandth


def measurement_json(measured: Measurement) -> dict[str, Any]:
    """All that a measurement holds, in plain values, its month among them."""
    month = measured.month
    told = {
        "work": asdict(measured.work),
        "rows": [asdict(row) for row in measured.rows],
        "month": asdict(month) if month else None,
    }
    rounded: dict[str, Any] = _rounded(told)
    return rounded


def _rounded(value: Any, digits: int = _DIGITS) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, Mapping):
        return {
            key: _rounded(each, _DIGITS_OF_MOMENTS if key == "watched" else digits)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_rounded(each, digits) for each in value]
    return value


def measurement_from(told: Mapping[str, Any], *, day: str) -> Measurement:
    """A measurement that was recorded on that day."""
    work = Work(**{**told["work"], "recorded": day})
    month = told["month"] and Month(
        told["month"]["title"],
        told["month"]["place"],
        {cell: (usd[0], usd[1]) for cell, usd in told["month"]["usd"].items()},
    )
    return Measurement(work, [_row(row) for row in told["rows"]], here=False, month=lambda: month)


def _row(told: Mapping[str, Any]) -> Row:
    plain = {key: _frozen(value) for key, value in told.items()}
    watched = told["watched"]
    return Row(
        **{
            **plain,
            "options": told["options"],
            "figures": Figures(**told["figures"]),
            "watched": watched and Watched(**{key: _frozen(each) for key, each in watched.items()}),
        }
    )


def _frozen(value: Any) -> Any:
    """Lists as the tuples that they were."""
    if isinstance(value, Mapping):
        return {key: _frozen(each) for key, each in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
