"""Runs of any number of deliveries, and in how much memory they are recorded and summarised."""
