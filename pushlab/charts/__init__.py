"""From numbers to figures: slide-sized charts whose titles state what the data say; the report.

What is named here is loaded when it is first used: its colours are wanted without matplotlib too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pushlab.charts.draw import draw_charts as draw_charts
    from pushlab.charts.report import write_report as write_report
    from pushlab.charts.view import view_of as view_of

_HOMES = {"draw_charts": "draw", "view_of": "view", "write_report": "report"}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"pushlab.charts.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
