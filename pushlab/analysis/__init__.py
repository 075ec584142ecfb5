"""From runs to numbers with units: accounting, latency, hits, statistics, predictions, cost."""

from pushlab.analysis.models.prediction import predict
from pushlab.analysis.summary.summarise import analyse, summarise

__all__ = ["analyse", "predict", "summarise"]
