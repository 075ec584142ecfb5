"""From runs to numbers with units: accounting, latency, hits, statistics, predictions, cost."""
