"""A chart of your own from a run: the share of deliveries that had arrived, over their latency.

    python examples/custom_chart.py results/reference latency.svg

A run's rows are Parquet, so anything that reads it can do this; results/README.md has the columns.
With `pip install pushlab[pandas]`, `run.to_pandas()` gives the same table as a DataFrame.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushlab.runs import Run
from pushlab.runs.tables import tables_of

if len(sys.argv) != 3:
    sys.exit("usage: custom_chart.py RUN FILE")
run = Run.load(Path(sys.argv[1]))
rows = pa.concat_tables(tables_of(run, "deliveries"))
rows = rows.filter(pc.and_(rows["matched"], pc.invert(rows["warmup"])))
figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
for cell in run.cells:
    latency_s = np.sort(rows.filter(pc.equal(rows["cell"], cell))["latency_s"].to_numpy())
    share = np.arange(1, len(latency_s) + 1) / max(len(latency_s), 1)
    axes.step(1e3 * latency_s, 100 * share, where="post", label=f"{cell} ({len(share):,})")
axes.set(xscale="log", xlabel="latency in ms, from the intended time", ylabel="arrived, %")
axes.legend(title="transport (deliveries)", frameon=False)
figure.savefig(sys.argv[2])
print(sys.argv[2])
