"""Waiting, requests and waste over the poll interval, by the formulas: three small charts."""

from collections.abc import Callable, Sequence

from pushlab.analysis.models.formulas import poll_latency_s, wasted_fraction
from pushlab.charts.palette import INK
from pushlab.contract.registry import profile_of
from pushlab.course.findings import shown
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.course.svg.plot import Spot, axes, draw_spots
from pushlab.course.svg.scales import Linear, Log, Scale
from pushlab.course.svg.sheet import LEFT, RIGHT, sheet
from pushlab.quantities import exact_duration, large

__all__ = ["HIGH_S", "LOW_S", "interval_chart"]

LOW_S, HIGH_S = 0.1, 100.0
_DAY_S = 86_400
_POINTS = 80
_HEIGHT, _HEAD = 300.0, 40.0
_TICKS = (0.1, 1.0, 10.0, 100.0)


def interval_chart(marked_s: Sequence[float], *, clients: int, rate_per_s: float) -> Picture:
    """Waiting, requests and waste over the poll interval, with some intervals marked."""
    colour = profile_of("short-polling").colour
    panels: tuple[tuple[str, Callable[[float], float], str], ...] = (
        ("average wait", lambda t: poll_latency_s(interval_s=t, delay_s=0.0), "s"),
        ("requests a day", lambda t: clients / t * _DAY_S, ""),
        ("in vain", lambda t: 100 * wasted_fraction(rate_per_s=rate_per_s, interval_s=t), "%"),
    )
    often = with_unit(1 / rate_per_s, "s")
    title = "Ask less often: messages wait longer, the server rests"
    subtitle = f"{clients:,} clients, a message every {often} in each room; by the formulas"
    page = sheet(title, subtitle, "", height=_HEIGHT, axis="the client asks every ...")
    ratio = (HIGH_S / LOW_S) ** (1 / (_POINTS - 1))
    every = [LOW_S * ratio**at for at in range(_POINTS)]
    step = (RIGHT - LEFT) / 3
    words = []
    for number, (name, formula, unit) in enumerate(panels):
        left = LEFT + number * step + 68
        across = Log(LOW_S * 0.8, HIGH_S * 1.3, left, LEFT + (number + 1) * step - 12)
        up = _up(formula, unit, page.bottom, page.top + _HEAD)
        page.canvas.text((left, page.top + 10), name, 17, bold=True)
        axes(page.canvas, across, up, (exact_duration, lambda y, u=unit: _tick(y, u)), ticks=_TICKS)  # type: ignore[misc]
        page.canvas.line([(across(t), up(formula(t))) for t in every], colour, 3.5)
        spots = [
            Spot((t, formula(t)), _shown(formula(t), unit), INK, fill=colour, right=t < 3.0)
            for t in marked_s
        ]
        draw_spots(page.canvas, across, up, spots)
        told = [f"{with_unit(t, 's')}: {_shown(formula(t), unit)}" for t in marked_s]
        words.append(f"{name}: " + "; ".join(told))
    return Picture(page.canvas, title, "\n".join(words))


def _up(formula: Callable[[float], float], unit: str, bottom: float, top: float) -> Scale:
    if unit == "%":
        return Linear(-6, 108, bottom, top)
    low, high = sorted((formula(LOW_S), formula(HIGH_S)))
    return Log(low / 1.5, high * 2.0, bottom, top)


def _tick(value: float, unit: str) -> str:
    if unit == "s":
        return exact_duration(value)
    return large(value, 3) if value >= 1e6 else f"{value:,g}{' %' if unit == '%' else ''}"


def _shown(value: float, unit: str) -> str:
    return large(value, 3) if not unit and value >= 1e6 else shown(value, unit)
