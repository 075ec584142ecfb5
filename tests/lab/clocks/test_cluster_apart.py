"""A trial on a Dask cluster whose workers' clocks are minutes apart: all is told by one of them."""

from pathlib import Path

import pytest

from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.placing import ClusterRoles
from pushlab.runs import Run
from tests.lab.clocks.places import unshared, why_no_shift
from tests.lab.clocks.test_shifted_processes import check
from tests.lab.cluster.dask_cluster import dask_cluster
from tests.lab.lab_tools import tiny

pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.skipif(bool(why_no_shift()), reason=why_no_shift() or "it can")

SHIFTS_S = {"publisher": 100, "swarm": -50, "hub": 250}


@pytest.mark.soak
async def test_workers_whose_clocks_differ_measure_as_one(tmp_path: Path) -> None:
    with dask_cluster(tmp_path) as dask:
        for role, shift_s in SHIFTS_S.items():
            dask.add(role, before=unshared(shift_s))
        path = await run_scenario(
            tiny(["sse"], warmup_s=0.3, duration_s=1.5).with_values(
                {}, cluster=ClusterRoles(server="hub", publisher="publisher", swarm="swarm")
            ),
            out=tmp_path / "out",
            cluster=await dask.up(),
            pinning=False,
        )
    check(Run.load(path), {**SHIFTS_S, "runner": 0})
