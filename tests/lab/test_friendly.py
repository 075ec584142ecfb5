"""A plug-in whose library insists on its own sockets can be measured, and the results say so."""

import os
import subprocess
import sys
from pathlib import Path

from pushlab.runs import Run
from tests.patience import PATIENCE_S

PLUGIN = """
from pushlab.client import connect
from pushlab.contract.profile import Profile
from pushlab.contract.registry import make_transport
from pushlab.contract.transport import Transport

class Friendly(Transport):
    name = "friendly"
    profile = Profile(title="Friendly form only")

    def routes(self, hub):
        return make_transport("sse").routes(hub)

    async def messages(self, endpoint, token, *, cursor=None):
        url = f"http://{endpoint.authority}"
        async with connect(url, token, transport="sse", cursor=cursor) as messages:
            async for event in messages.events():
                yield event
"""
SCRIPT = """
import asyncio, sys
from pathlib import Path
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.toml_reader import load_scenario
scenario = load_scenario("tiny").override(transports=["friendly"], duration_s=0.5)
print(asyncio.run(run_scenario(scenario, out=Path(sys.argv[1]))))
"""


def test_the_friendly_form_is_run_as_tasks_and_marked(tmp_path: Path) -> None:
    (tmp_path / "friendly_plugin.py").write_text(PLUGIN)
    info = tmp_path / "friendly_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: friendly-plugin\nVersion: 1.0\n")
    points = "[pushlab.transports]\nfriendly = friendly_plugin:Friendly\n"
    (info / "entry_points.txt").write_text(points)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = Run.load(Path(done.stdout.strip()))
    (trial,) = result.trials
    assert trial.status == "ok", trial.reason
    assert "friendly-form" in trial.marks
    publishes, deliveries = result.publishes(trial), result.deliveries(trial)
    assert (publishes.status == 202).all()
    assert len(deliveries) == len(publishes) * trial.per_channel
    assert trial.swarm is not None
    assert trial.swarm.hits_all == {}
