"""What a backplane costs, beside the hub without one: ratios that are measured by turns."""
