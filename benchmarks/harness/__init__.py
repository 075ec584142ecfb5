"""What every benchmark shares: interleaving, CPU seconds, ratios with intervals, results on disk."""
