"""What benchmarks share: interleaving, CPU seconds, ratios with intervals, results on disk."""
