"""Costs that one run took apart foretell the CPU of others, at a tenth and ten times its rate."""

from pathlib import Path

import pytest

from pushlab.analysis.forecast.calibration import calibration_of
from pushlab.analysis.forecast.costs import Costs
from pushlab.analysis.summary.summarise import analyse
from pushlab.analysis.trials.costs import Load, windows_of
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.runs import Run
from tests.lab.lab_tools import run

RATES = (0.05, 0.5, 5.0)


async def measured(transport: str, rate: float, out: Path) -> Run:
    scenario = load_scenario("quick").override(
        transports=[transport], rate_per_s=rate, duration_s=4.0, trials=5, parts_s=1.0
    )
    return await run(scenario, out / f"{transport}-{rate:g}")


@pytest.mark.soak
@pytest.mark.parametrize("transport", ["sse", "short-polling"])
async def test_a_run_foretells_the_cpu_of_other_rates(transport: str, tmp_path: Path) -> None:
    runs = {rate: await measured(transport, rate, tmp_path) for rate in RATES}
    known = calibration_of([runs[0.5]])[transport].costs
    idle = known.cores(Load(connections=400.0)).value
    print(f"{transport}: idle {idle * 1e3:.2f} ms a second")
    for rate in RATES:
        good = analyse(runs[rate]).cells[transport].good
        main = [windows_of(trial)[0] for trial in good]
        seen = Costs.of([(0, [one]) for one in main]).seen[0]
        told = known.cores(seen.load)
        assert seen.reach_s is not None
        each = seen.cpu_s / seen.load.deliveries
        print(
            f"  at {rate:g}/s: {each * 1e6:.0f} µs per delivery; foretold {told.value * 1e3:.1f} ms"
            f" ({told.low * 1e3:.1f} to {told.high * 1e3:.1f}), took {seen.cpu_s * 1e3:.1f}"
        )
        assert told.low - seen.reach_s <= seen.cpu_s <= told.high + seen.reach_s
        if rate <= 0.5:  # at ten times the rate it depends on the machine how much it says
            assert told.high < 3 * told.low
