"""What is asked: the scenario, its files, its sweeps and its schedule."""
