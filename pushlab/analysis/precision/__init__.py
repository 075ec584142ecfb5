"""How narrow intervals shall be, and whether they are: when a run may stop."""
