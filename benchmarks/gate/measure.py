"""One trial of `gate.toml`, into a folder: no floor, no charts, so that many fit into a minute.

    python benchmarks/gate/measure.py --out FOLDER

It measures the pushlab that lies beside it, where a copy does; else the one that is installed.
"""

import argparse
import os
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--out", type=Path, required=True)

if __name__ == "__main__":
    out = parser.parse_args().out.absolute()
    os.chdir(Path(__file__).parent)  # where the processes look that are started

    import uvloop

    from pushlab.lab.runner import run_scenario
    from pushlab.lab.scenario.grid import load_grid

    scenario = load_grid("gate.toml", {}).points[0].scenario
    uvloop.run(run_scenario(scenario, out=out))
