"""A run as one HTML page that needs nothing else: to read, to print and to pass on."""

from pushlab.charts.report.page import write_report

__all__ = ["write_report"]
