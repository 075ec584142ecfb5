"""Sizes from calibrations; and those that come with pushlab are what the reference run says."""

import json
from importlib.resources import files

import numpy as np
import pytest

from pushlab.analysis.forecast.costs import Costs, Seen
from pushlab.analysis.forecast.sizes import reference_of
from pushlab.analysis.trials.costs import Load

WINDOWS = [
    Seen(Load(servers=2, connections=800, hits=0, deliveries=0, publishes=0), 0.004, 0.0005),
    Seen(Load(servers=2, connections=800, hits=0, deliveries=0, publishes=40), 0.008, 0.001),
    Seen(Load(servers=2, connections=800, hits=0, deliveries=400, publishes=40), 0.03, 0.002),
]


def test_the_file_is_what_the_command_derives_from_the_reference_run():
    text = files("pushlab.analysis.cost").joinpath("reference.json").read_text(encoding="utf-8")
    derived = json.loads(json.dumps(reference_of()))
    assert json.loads(text) == derived, "run: python -m pushlab.analysis.forecast.sizes"


@pytest.mark.parametrize("windows", [WINDOWS, WINDOWS[2:]])
def test_corners_give_the_ends_that_linear_programs_give(windows):
    costs, random = Costs(windows, free=("hits",)), np.random.default_rng(1)
    corners = costs.corners()
    assert len(corners) > 1
    for _ in range(20):
        numbers = [float(x) for x in random.uniform(0, 1_000, 5)]
        load = Load(**dict(zip(Load.__slots__, numbers, strict=True)))
        ends = [sum(a * b for a, b in zip(corner, load.row, strict=True)) for corner in corners]
        assert min(ends) / (1 + costs.missed) == pytest.approx(costs.low(load), rel=2e-3)
        assert max(ends) * (1 + costs.missed) == pytest.approx(costs.high(load), rel=2e-3)


def test_without_intervals_there_is_one_set_of_costs():
    seen = [Seen(WINDOWS[2].load, 0.03, None)]
    costs = Costs(seen, free=("hits",))
    assert costs.corners() == [costs.best]
