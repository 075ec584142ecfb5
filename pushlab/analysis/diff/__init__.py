"""What changed between two runs, and what is the same."""
