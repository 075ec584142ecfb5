"""From runs to numbers with units: accounting, latency, hits, statistics, predictions, cost.

What is named here is loaded when it is first used: a stored summary is shown without numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pushlab.analysis.models.prediction import predict
    from pushlab.analysis.summary.summarise import Analysis, analyse, summarise

__all__ = ["Analysis", "analyse", "predict", "summarise"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "models.prediction" if name == "predict" else "summary.summarise"
    return getattr(import_module(f"{__name__}.{home}"), name)
