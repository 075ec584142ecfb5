"""From numbers to figures: slide-sized charts whose titles state what the data say; the report."""

from pushlab.charts.draw import draw_charts, draw_view
from pushlab.charts.report import write_report
from pushlab.charts.sweep import draw_sweep
from pushlab.charts.view import view_of

__all__ = ["draw_charts", "draw_sweep", "draw_view", "view_of", "write_report"]
