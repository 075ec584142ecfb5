"""``python -m benchmarks.rows.engines RUN``: what reads and summarises a trial in the least memory.

The same of the first trial of a run, each engine in a process of its own: every delivery read; and
each joined to its publish, the first of each reader kept, its latency's mean and exact percentiles.
DuckDB is asked for with ``pip install duckdb``; pushlab does not need it.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pushlab.runs import Run

_SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
_COLUMNS = ["channel", "seq", "subscriber", "received_ns"]


def _file(run: Run, kind: str) -> Path:
    from pushlab.runs.layout import rows_path

    return rows_path(run.path, kind, run.trials[0].order)


def _pieces(run: Run) -> object:
    return sum(len(piece) for piece in run.delivery_batches(run.trials[0]))


def _dataset(run: Run) -> object:
    import pyarrow.dataset as ds

    scanned = ds.dataset(_file(run, "deliveries")).scanner(columns=_COLUMNS, use_threads=True)
    return sum(batch.num_rows for batch in scanned.to_batches())


def _dataset_short(run: Run) -> object:
    import pyarrow.dataset as ds

    scanned = ds.dataset(_file(run, "deliveries")).scanner(
        columns=_COLUMNS, batch_readahead=1, fragment_readahead=1, use_threads=False
    )
    return sum(batch.num_rows for batch in scanned.to_batches())


def _summary(run: Run) -> object:
    from pushlab.analysis.stats.ordered import Ordered, quantiles
    from pushlab.analysis.trials.figures import load_rows

    values = load_rows(run, run.trials[0]).latency_s()
    ordered = Ordered.of(values)
    return [len(ordered), ordered.values().mean(), *quantiles(ordered, _SHARES).tolist()]


def _duckdb(run: Run) -> object:
    import duckdb

    shares = ", ".join(map(str, _SHARES))
    base = duckdb.connect(config={"memory_limit": "1GB", "threads": 2})
    base.execute("set temp_directory = '/var/tmp/pushlab-duckdb'")
    base.execute("set preserve_insertion_order = false")
    found = base.execute(
        f"""
        with first as (
            select channel, seq, subscriber, min(received_ns) as received_ns
            from read_parquet('{_file(run, "deliveries")}')
            group by channel, seq, subscriber)
        select count(*), avg(latency_s), quantile_cont(latency_s, [{shares}])
        from (select (received_ns - intended_ns) / 1e9 as latency_s
              from first join read_parquet('{_file(run, "publishes")}') using (channel, seq)
              where not warmup)
        """
    ).fetchone()
    assert found is not None
    return [found[0], found[1], *found[2]]


ENGINES: dict[str, Callable[[Run], object]] = {
    "read: pieces of ParquetFile": _pieces,
    "read: pyarrow.dataset": _dataset,
    "read: pyarrow.dataset, no readahead": _dataset_short,
    "summary: pieces, numpy": _summary,
    "summary: DuckDB, 1 GB": _duckdb,
}


def _one(name: str, folder: Path) -> None:
    begin_s = time.monotonic()
    said = ENGINES[name](Run.load(folder))
    used = resource.getrusage(resource.RUSAGE_SELF)
    took = [time.monotonic() - begin_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
    print(json.dumps([*took, said]))


def main() -> None:
    """Measure and print."""
    if len(sys.argv) > 2:
        _one(sys.argv[2], Path(sys.argv[1]))
        return
    for name in ENGINES:
        words = [sys.executable, "-m", "benchmarks.rows.engines", sys.argv[1], name]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"{name:<36} failed: {(done.stderr.strip().splitlines() or ['?'])[-1][:150]}")
            continue
        took_s, cpu_s, peak, said = json.loads(done.stdout)
        print(f"{name:<36} {took_s:6.1f} s {cpu_s:6.1f} CPU-s {peak:6.0f} MiB  {said}", flush=True)


if __name__ == "__main__":
    main()
