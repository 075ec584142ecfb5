"""Sweeps whose points are simulated runs."""

import itertools

from pushlab.runs import Sweep, SweepAxis, SweepPoint, SweepWriter
from tests.runs.simulated import simulate


def make_sweep(root, axes, cells_at, *, leave_out=(), trials=2):
    """Write a sweep whose points are simulated; `cells_at` gives each point's cells."""
    writer = SweepWriter.create(
        root,
        name="simulated",
        kind="sweep",
        source={},
        axes=[
            SweepAxis(key=key, values=[float(v) for v in values]) for key, values in axes.items()
        ],
    )
    with writer:
        for number, combination in enumerate(itertools.product(*axes.values())):
            values = dict(zip(axes, map(float, combination), strict=True))
            clients = int(values.get("clients", 20))
            rate = values.get("rate_per_s", 2.0)
            cells = cells_at(values)
            scenario = {"channels": "shared", "arrivals": "constant", "trials": trials}
            scenario |= {"clients": clients, "rate_per_s": rate, "duration_s": 4.0, "room_size": 9}
            folder = f"points/{number:03}"
            labels = [cell.label for cell in cells]
            writer.add_point(
                SweepPoint(folder=folder, values=values, scenario=scenario, cells=labels)
            )
            if number not in leave_out:
                run = simulate(
                    writer.path / "points",
                    *cells,
                    clients=clients,
                    per_channel=clients,
                    rate=rate,
                    duration_s=4.0,
                    trials=trials,
                )
                run.rename(writer.path / folder)
        writer.finish("incomplete" if leave_out else "complete")
    return Sweep.load(writer.path)
