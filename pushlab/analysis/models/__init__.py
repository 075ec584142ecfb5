"""Closed forms and the simulation that keeps them honest."""
