"""Memory does not grow with the deliveries: a million beside a fifth of it, each in a process.

The soak has four million beside one.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rows.__main__ import run_steps
from pushlab.analysis import summarise
from pushlab.runs import Run

#: What numpy arrays of one row of the deliveries' four columns take.
ROW_BYTES = 24


def steps(folder: Path, rows: int) -> dict[str, Any]:
    folder.mkdir()
    return run_steps(folder, rows, 1, ["record", "summarise"])


@pytest.mark.soak
@pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="no ru_maxrss here")
@pytest.mark.parametrize(
    ("few", "many", "row_bytes"),
    [
        (200_000, 1_000_000, ROW_BYTES / 2),
        pytest.param(1_000_000, 4_000_000, 4, marks=pytest.mark.soak),
    ],
)
def test_memory_is_bounded(
    few: int, many: int, row_bytes: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without room for columns in memory, as a long run has none left, and with small pieces."""
    monkeypatch.setenv("PUSHLAB_ROWS_SMALL", "1")
    less, more = steps(tmp_path / "less", few), steps(tmp_path / "more", many)
    for step in less:
        grown = more[step]["peak_bytes"] - less[step]["peak_bytes"]
        assert grown < (many - few) * row_bytes, (step, grown)
    run = Run.load(Path(more["record"]["said"]))
    assert more["summarise"]["said"] == json.loads(json.dumps(summarise(run).to_json()))
    cell = more["summarise"]["said"]["transports"]["sse"]
    assert cell["expected"] == many - 20 * 5000
    assert cell["lost"] > 0
    assert cell["duplicated"] > 0
