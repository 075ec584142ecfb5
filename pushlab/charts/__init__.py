"""From numbers to figures: slide-sized charts whose titles state what the data say; the report."""

from pushlab.charts.draw import draw_charts
from pushlab.charts.report import write_report
from pushlab.charts.view import view_of

__all__ = ["draw_charts", "view_of", "write_report"]
