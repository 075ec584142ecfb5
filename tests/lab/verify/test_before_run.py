"""What a run looks at before its first trial, and keeps."""

from pushlab.lab.preflight import Readiness, is_measurement
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.events import SystemVerified
from pushlab.lab.verify.before_run import CLAUSES_BEFORE_RUN, verify_cells
from pushlab.runs import Run
from pushlab.systems.spec import Publish, Speech, SystemSpec
from tests.lab.probe.small_servers import serving
from tests.runs.simulated import ENVIRONMENT, SimulatedBackend

PUBLISH = Publish(path="/publish/{channel}", body='{"text": "{message}"}')
SPEAKS = {
    "sse": Speech(path="/sse/{channel}", last_id="id"),
    "websocket": Speech(path="/ws/{channel}"),
}


def cells(url, *transports):
    """These of one's own server at that address, and the hub's."""
    own = SystemSpec(name="mine", url=url, publish=PUBLISH, speaks=SPEAKS)
    mine = [Cell(f"{name} on mine", name, system="mine", own=own) for name in transports]
    return [Cell("sse", "sse"), *mine]


async def test_each_foreign_cell_is_looked_at_and_what_breaks_is_told():
    told = []
    async with serving() as server:
        found = await verify_cells(cells(server.url, "sse", "websocket"), told.append)
    assert list(found) == ["sse on mine", "websocket on mine"]
    assert list(found["sse on mine"]) == list(CLAUSES_BEFORE_RUN)
    assert {each["verdict"] for each in found["sse on mine"].values()} == {"holds"}
    lost = "of 5 that were published while it was away, 5 were lost"
    assert found["websocket on mine"]["resume"] == {"verdict": "breaks", "said": lost}
    assert told == [SystemVerified(f"websocket on mine: resume: breaks: {lost}", breaks=True)]


async def test_where_all_holds_one_line_says_so():
    told = []
    async with serving() as server:
        await verify_cells(cells(server.url, "sse"), told.append)
    clauses = "delivery, order, once, fan-out and resume"
    assert told == [SystemVerified(f"mine: {clauses} hold over sse")]


async def test_two_settings_of_one_transport_are_looked_at_one_after_the_other():
    async with serving() as server:
        first, *mine = cells(server.url, "sse")
        twice = [first, *mine, Cell("another", "sse", system="mine", own=mine[0].own)]
        assert list(await verify_cells(twice, lambda event: None)) == ["sse on mine", "another"]


async def test_a_server_that_does_not_start_is_told_and_ends_nothing():
    own = SystemSpec(name="mine", start="nobody-has-this", publish=PUBLISH, speaks=SPEAKS)
    told = []
    found = await verify_cells([Cell("x", "sse", system="mine", own=own)], told.append)
    assert {each["verdict"] for each in found["x"].values()} == {"not tried"}
    assert len(told) == 1
    assert "nobody-has-this" in told[0].line


async def test_it_is_kept_with_the_run(tmp_path, monkeypatch):
    async def looked(scenarios, **how):
        return Readiness(ENVIRONMENT)

    monkeypatch.setattr("pushlab.lab.runner.check_ready", looked)
    async with serving() as server:
        scenario = load_scenario("tiny").override(transports=["sse"], duration_s=10.0, trials=1)
        assert is_measurement([scenario])
        object.__setattr__(scenario, "cells", tuple(cells(server.url, "websocket")))
        backend = SimulatedBackend()
        kept = await run_scenario(scenario, out=tmp_path / "a", backend=backend)
        assert Run.load(kept).verified["websocket on mine"]["resume"]["verdict"] == "breaks"
        left = await run_scenario(scenario, out=tmp_path / "b", backend=backend, verify=False)
        assert Run.load(left).verified == {}
