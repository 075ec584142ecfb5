"""One step in a process of its own: what it took, and the most memory that it held."""

import json
import os
import resource
import sys
import time
from pathlib import Path

__all__ = ["STEPS", "main"]


def _make(folder: Path, rows: int, trials: int) -> object:
    from benchmarks.rows.made import make_run

    return str(make_run(folder, rows, trials=trials))


def _summarise(folder: Path, *_: int) -> object:
    from pushlab.analysis import summarise
    from pushlab.runs import Run

    return summarise(Run.load(folder)).to_json()


def _export(folder: Path, *_: int) -> object:
    from pushlab.commands.export import export

    return export(folder, out=folder / "deliveries.parquet", force=True)


def _draw(folder: Path, *_: int) -> object:
    from pushlab.analysis import analyse
    from pushlab.charts.latency import latency_chart
    from pushlab.charts.staleness import staleness_chart
    from pushlab.charts.view import RunView
    from pushlab.runs import Run

    view = RunView(analyse(Run.load(folder)))
    return [chart(view).title for chart in (latency_chart, staleness_chart)]


def _small() -> None:
    """Let pieces be small, and nothing stay in memory: what grows is seen sooner."""
    from pushlab.analysis.stats import ordered, spool, values
    from pushlab.analysis.trials import staleness
    from pushlab.runs import batches

    spool.MEMORY_BYTES = 0
    ordered.RUN = values._WHOLE = staleness._AT_ONCE = batches.GROUP_ROWS = 1 << 16


STEPS = {"record": _make, "summarise": _summarise, "export": _export, "draw": _draw}


def main() -> None:
    """``step.py STEP FOLDER ROWS TRIALS``: a line of JSON."""
    step, folder, rows, trials = sys.argv[1:]
    if "PUSHLAB_ROWS_SMALL" in os.environ:
        _small()
    begin_s = time.monotonic()
    said = STEPS[step](Path(folder), int(rows), int(trials))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "took_s": time.monotonic() - begin_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "said": said,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
