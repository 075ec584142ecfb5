"""From numbers to figures: slide-sized charts whose titles state what the data say."""

from pushlab.charts.draw import draw_charts

__all__ = ["draw_charts"]
