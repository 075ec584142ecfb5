"""Four shares of the swarm in Dask's workers, beside one process here: by `pushlab compare`."""

import asyncio
import importlib.util
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.backplane.turns import Row, by_turns
from benchmarks.harness.model import NotRun
from pushlab.analysis.summary.stored import summary_of
from pushlab.child_environment import child_environment
from pushlab.runs import Run, latest_run

__all__ = ["swarms"]

_SCENARIO = Path(__file__).parent / "swarm.toml"
_HERE: list[str] = []
_SHARED = ["--swarm-workers", "4"]
_AWAY = ["--swarm-workers", "4", "--cluster", "local:4"]


async def swarms(repetitions: int) -> list[Row]:
    """The generator's CPU per delivery."""
    if importlib.util.find_spec("distributed") is None:
        raise NotRun("Dask is not installed; try: pip install 'pushlab[cluster]'")

    def sampler(more: list[str]) -> Callable[[], Awaitable[float]]:
        async def sample() -> float:
            with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
                return await _per_delivery_us(more, Path(folder) / "run")

        return sample

    found = await by_turns(
        {"1 here": sampler(_HERE), "4 here": sampler(_SHARED), "4 in Dask": sampler(_AWAY)},
        repetitions,
    )
    return [
        Row(
            "swarm in 4 Dask workers / 1 process here: generator CPU per delivery (µs)",
            "at most 1.1",
            most=1.1,
            values=[each["4 in Dask"] / each["1 here"] for each in found],
            beside={name: statistics.median(each[name] for each in found) for name in found[0]},
            note="'4 here': the same shares without Dask; the publisher is in all of them",
        )
    ]


async def _per_delivery_us(more: list[str], out: Path) -> float:
    command = ["-m", "pushlab", "compare", str(_SCENARIO), "--out", str(out), "--no-charts", *more]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env=child_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode(errors="replace").strip().splitlines()[-1])
    cells = summary_of(Run.load(latest_run(out))).cells["sse"]
    cpu_s, delivered = cells["generator_cpu_s"], cells["delivered"]
    if cells["lost"]:
        raise RuntimeError(f"{cells['lost']:,.0f} deliveries were lost")
    assert cpu_s is not None
    assert delivered
    return 1e6 * cpu_s / delivered
