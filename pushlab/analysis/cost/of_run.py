"""What a month of a run's traffic costs, sized by what the run has measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pushlab.analysis.cost.architectures import (
    ARCHITECTURES,
    DEFAULT,
    Architecture,
    find_architectures,
)
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.measured import measured_sizes, traffic_by_cell
from pushlab.analysis.cost.month import Costs, price_all
from pushlab.analysis.cost.sizes import Sizes

if TYPE_CHECKING:  # it loads numpy
    from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["chosen_architecture", "run_costs"]


def chosen_architecture(names: str | None) -> Architecture:
    """The first that is named; where all five transports can run for None. Raises UsageError."""
    return DEFAULT if names is None else find_architectures(names)[0]


def run_costs(
    good: Mapping[str, Sequence["TrialFigures"]],
    *,
    clients: float | None = None,
    sizes: Mapping[str, Sizes] | None = None,
    chosen: Architecture = DEFAULT,
    prices: Path | None = None,
    **told: Any,
) -> Costs:
    """Price every cell's traffic as it was measured, in every architecture.

    Args:
        good: the trials of each cell that went well.
        clients: scaled to so many that behave alike.
        sizes: what the servers of each cell take; None: as measured, in proportion to the clients.
        prices: a file of one's own prices.
        told: `guesses` and `egress`, as for `price_all`.

    Raises:
        UsageError: see `load_book`, `price_all`, `Traffic.scaled`.
    """
    traffic = traffic_by_cell(good)
    if sizes is None:
        known = {cell: measured_sizes(good[cell]) for cell in traffic}
        sizes = {cell: one for cell, one in known.items() if one is not None}
    if clients is not None:
        traffic = {cell: each.scaled(clients) for cell, each in traffic.items()}
    every = list(ARCHITECTURES.values())
    return price_all(traffic, every, load_book(prices), chosen=chosen, sizes=sizes, **told)
