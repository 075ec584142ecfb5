"""Memory does not grow with the deliveries: four million beside one million, each in a process."""

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
    return run_steps(folder, rows, 1, ["record", "summarise", "export"])


@pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="no ru_maxrss here")
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room for columns in memory, as a long run has none left, and with small pieces.

    Anything that were kept of every row, in so little as a column of int64, would show.
    """
    monkeypatch.setenv("PUSHLAB_ROWS_SMALL", "1")
    few, many = 400_000, 2_000_000
    less, more = steps(tmp_path / "less", few), steps(tmp_path / "more", many)
    for step in less:
        grown = more[step]["peak_bytes"] - less[step]["peak_bytes"]
        assert grown < (many - few) * ROW_BYTES / 4, (step, grown, json.dumps(less[step])[:200])
    run = Run.load(Path(more["record"]["said"]))
    assert more["summarise"]["said"] == json.loads(json.dumps(summarise(run).to_json()))
    cell = more["summarise"]["said"]["transports"]["sse"]
    assert cell["expected"] == many // 5000 * 5000 - 20 * 5000
    assert cell["lost"] > 0
    assert cell["duplicated"] > 0
