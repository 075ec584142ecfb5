"""How well the clock of a process elsewhere is known, and what its answers cost."""
