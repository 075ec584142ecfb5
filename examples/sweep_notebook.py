# %% [markdown]
# # A sweep, cell by cell
#
# VS Code and Jupyter (with jupytext) open this file as a notebook. As a program:
# `python examples/sweep_notebook.py`.
#
# The question: from which poll interval on does asking cost fewer requests than a push?

# %%
import json
import subprocess
import sys

INTERVALS_S = [0.1, 0.4]
RATE_PER_S = 10  # messages a second in each of the scenario's rooms

# %% [markdown]
# Lists make a grid. The trials of all points are interleaved, and `--json` prints every point's
# summary; what is meant for people goes to the terminal.

# %%
command = [sys.executable, "-m", "pushlab", "compare", "tiny", "--json", "--no-charts"]
command += ["--transports", "short-polling,long-polling", "--duration", "0.5"]
command += ["--poll-interval", ",".join(map(str, INTERVALS_S)), "--rate", str(RATE_PER_S)]
command += sys.argv[1:]  # such as --out FOLDER
done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
points = json.loads(done.stdout)["points"]

# %% [markdown]
# One row for each point: what was measured, and beside it what a closed form predicts.

# %%
print(f"{'interval':>8}  {'short polling':>20}  {'long polling':>20}   hits per client and second")
for point in points:
    row = f"{point['values']['poll_interval_s']:>6g} s"
    for cell in ("short-polling", "long-polling"):
        figures = point["transports"][cell]
        seconds = figures["clients"] * figures["duration_s"]
        predicted = figures["predicted"]["hits"]
        row += f"  {figures['hits_total'] / seconds:>8.2f} (model {predicted / seconds:.2f})"
    print(row)
