"""From numbers to figures: slide-sized charts whose titles state what the data say."""

from pushlab.charts.draw import draw_charts
from pushlab.charts.sweep import draw_sweep

__all__ = ["draw_charts", "draw_sweep"]
