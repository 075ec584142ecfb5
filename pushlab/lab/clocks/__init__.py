"""How the clocks of a trial's processes stand to each other, and how well that is known."""
