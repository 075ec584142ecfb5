"""The FastAPI application of servers/fastapi does not resume, and does with three lines more."""

from dataclasses import replace
from pathlib import Path

import pytest

from pushlab.lab.probe.probe import probe_system
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.systems.declared import DeclaredSystem
from tests.patience import PATIENCE_S

FILE = Path(__file__).parents[3] / "servers" / "fastapi" / "fastapi.toml"


@pytest.mark.parametrize(("app", "came"), [("app", 0), ("app_resumes", 2)])
async def test_an_event_stream_that_does_not_resume_is_told_from_one_that_does(app: str, came: int):
    pytest.importorskip("fastapi")
    pytest.importorskip("sse_starlette")
    own = load_scenario(str(FILE)).own
    assert own is not None
    own = replace(
        own,
        start=own.start.replace("app:app", f"{app}:app"),
        speaks={"sse": own.speaks["sse"]},
    )
    settings = ProbeSettings(listen_s=0.0, wait_s=PATIENCE_S)
    result = await probe_system(DeclaredSystem.of(own), settings)
    seen = result.found[0]
    assert not seen.trouble
    assert seen.stream is not None
    assert seen.stream.ids
    assert seen.resumed is not None
    assert seen.resumed.place.startswith("Last-Event-ID: ")
    assert (seen.resumed.away, seen.resumed.came) == (2, came)
