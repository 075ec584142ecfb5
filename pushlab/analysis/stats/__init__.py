"""Percentiles and intervals."""
