"""What the machine is and does: cores, limits, processes."""
