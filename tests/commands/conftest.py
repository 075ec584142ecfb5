"""What the tests of several commands share."""

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.stored import store
from pushlab.runs import Run
from tests.runs.simulated import Cell, simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a run with something lost, something marked, and its stored summary."""
    cells = [Cell("sse", "sse"), Cell("websocket", "websocket", loss=0.01, marks=("server-bound",))]
    path = simulate(tmp_path_factory.mktemp("runs"), *cells, trials=5)
    store(analyse(Run.load(path)))
    return path
