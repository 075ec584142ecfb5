"""Sides of a comparison, made by hand."""

from collections.abc import Sequence

import numpy as np

from pushlab.analysis.stats.estimate import Estimate


def side(values: Sequence[float], repetitions: Sequence[int] = ()) -> Estimate:
    """The mean of what some trials say."""
    known = [float(value) for value in values]  # numpy's means of a few numbers are slow
    return Estimate(
        sum(known) / len(known),
        len(known),
        lambda chosen: sum(known[i] for i in chosen) / len(chosen),
        tuple(repetitions),
    )


def drawn(rng: np.random.Generator, *, trials: int, spread: float, level: float = 1.0) -> Estimate:
    """A side whose trials scatter by `spread`, as a share of `level`."""
    return side(level * np.exp(rng.normal(0, spread, trials)))
