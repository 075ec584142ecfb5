"""How often the intervals that pushlab prints hold the truth, and how wide they are."""
