"""What each command does, from the rooms below: the lab, the runs, the analysis, the charts."""
