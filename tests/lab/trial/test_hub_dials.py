"""A scenario's ``[hub]`` table sets the dials of its trials' hubs, and the run keeps them."""

from pathlib import Path

from pushlab.lab.scenario.source import Source
from pushlab.lab.scenario.toml_reader import make_scenario
from tests.lab.lab_tools import run

KEEP_ALIVE = len(b": keep-alive\n\n")


async def test_the_hubs_dials_reach_the_hub_and_the_run(tmp_path: Path) -> None:
    asked = {
        "clients": 2,
        "rate_per_s": 0.01,
        "warmup_s": 0.0,
        "duration_s": 1.0,
        "hub": {"keep_alive_s": 0.05, "max_hold_s": 33.0},
        "transport": [{"name": "sse"}],
    }
    done = await run(make_scenario(Source(asked, "mine.toml")), tmp_path)
    (trial,) = (trial for trial in done.trials if not trial.floor)
    assert (trial.status, trial.reason) == ("ok", None)
    assert trial.swarm is not None
    # Two silent clients for a second: about twenty keep-alives each, and a message at the most.
    assert trial.swarm.bytes_in > 2 * 4 * KEEP_ALIVE  # half of it may be a stall
    assert done.profiles["sse"].timers.keep_alive_s == 0.05
    told = done.scenario["hub"]
    assert (told["keep_alive_s"], told["max_hold_s"], told["lease_s"]) == (0.05, 33.0, 30.0)
