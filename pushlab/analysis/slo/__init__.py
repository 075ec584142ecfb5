"""Objectives, verdicts, and the greatest load that still meets them."""
