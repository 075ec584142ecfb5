"""Loads that nobody measured: calibrated from a run, sized, and held against measurement."""
