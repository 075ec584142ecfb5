"""What a run amounts to: its figures for each transport, with intervals and caveats."""
