"""The names of a cell's figures, and the units that stand in them.

The list is not kept by hand: it is what the summary of a cell without trials holds.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from pushlab.analysis.models.prediction import Prediction
from pushlab.analysis.summary.summarise import summarise_cells
from pushlab.analysis.trials.figures import PUBLISH_KINDS
from pushlab.contract.hits import Hit

__all__ = ["figure_names", "unit_of"]

#: What a cell's summary holds beside figures.
_NO_FIGURES = frozenset(
    {"status", "reason", "transport", "options", "floor", "hits_source", "broker", "marks"}
    | {"unstable", "per_trial", "offer", "items", "assumptions", "confidence"}
    | {"formula_hits", "formula_latency"}
)


def unit_of(figure: str) -> str:
    """A figure's unit by its name: ``s``, ``bytes``, ``usd``, ``share``; empty for a number."""
    for part in reversed(figure.split(".")):
        words = part.split("_per_")[0].split("_")
        if words[-1] == "s" and not part.endswith("_per_s"):
            return "s"
        if "bytes" in words:
            return "bytes"
        if words[-1] in ("usd", "share"):
            return words[-1]
    return ""


@functools.cache
def figure_names() -> tuple[str, ...]:
    """Every figure that an objective may name, as in a cell that did not come to its turn."""
    cell = summarise_cells({"": []})[""]
    cell["hits"] = cell["hits_setup"] = dict.fromkeys(sorted(set(Hit) - PUBLISH_KINDS))
    cell["predicted"] = dict.fromkeys(Prediction.__slots__)
    cell["usd_per_month"]["alternative"] = {"usd": None}
    return tuple(_leaves(cell))


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterable[str]:
    for key, value in tree.items():
        if key in _NO_FIGURES or key.endswith("_ci"):
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        elif value is None or isinstance(value, (int, float)):
            yield above + key
