"""Runs the clauses of the contract that make sense anywhere against any system that is started."""
