"""The figures of all hubs that share a backplane, summed."""

from collections.abc import Mapping
from typing import Any

from pushlab.hub.backplane.backplane import HubsFigures

__all__ = ["summed"]

#: Of one process's clock, or how old it is: the sum of several means nothing.
_LARGEST = ("now_ns", "uptime_s")


def summed(told: HubsFigures) -> dict[str, Any]:
    """One set of figures for all hubs that answered.

    A client that reads at two hubs is present once.
    """
    total: dict[str, Any] = {}
    for figures in told.hubs.values():
        _add(total, figures)
    for name in _LARGEST:
        if name in total:
            total[name] = max(figures[name] for figures in told.hubs.values())
    return {**total, "present": told.present}


def _add(total: dict[str, Any], figures: Mapping[str, Any]) -> None:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(name, {}), value)
        else:
            total[name] = total.get(name, 0) + value
