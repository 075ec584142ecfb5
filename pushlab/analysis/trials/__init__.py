"""One trial's rows to its figures: accounting, latency, hits, staleness."""
