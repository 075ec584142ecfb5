import difflib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pushlab.lab.probe.probe import probe_system
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.fastapi import FastApi
from tests.patience import PATIENCE_S
from tests.systems.delivering import delivers

FOLDER = Path(__file__).parents[2] / "servers" / "fastapi"


async def test_it_delivers():
    await delivers("fastapi", "short-polling", "long-polling", "sse", "websocket")


def test_ten_lines_say_the_same_as_its_file():
    text = (FOLDER / "fastapi.toml").read_text()
    assert len(text.splitlines()) <= 10
    own = load_scenario(str(FOLDER / "fastapi.toml")).own
    assert own is not None
    assert (own.publish, own.speaks) == (FastApi.spec.publish, FastApi.spec.speaks)


def test_the_application_has_sixty_lines_of_code():
    lines = (FOLDER / "app.py").read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 60


@pytest.mark.systems
@pytest.mark.parametrize(("application", "came"), [("app:app", 0), ("app_resumes:app", 2)])
async def test_a_probe_says_that_it_does_not_resume_and_with_three_lines_that_it_does(
    application, came
):
    own = load_scenario(str(FOLDER / "fastapi.toml")).own
    assert own is not None
    sse = replace(
        own, start=own.start.replace("app:app", application), speaks={"sse": own.speaks["sse"]}
    )
    settings = ProbeSettings(listen_s=0.0, wait_s=PATIENCE_S)
    (found,) = (await probe_system(DeclaredSystem.of(sse), settings)).found
    assert not found.trouble
    assert found.resumed is not None
    assert (found.resumed.away, found.resumed.came) == (2, came)


def test_three_lines_make_its_event_stream_resume():
    def of(name: str) -> list[str]:
        """The event stream's route, each statement in a line, without remarks."""
        text = (FOLDER / name).read_text()
        (found,) = re.findall(
            r'@app\.get\("/rooms/\{channel\}/events"\).*?stream\(\)\)\n', text, re.S
        )
        return [line.split("  #")[0].strip() for line in found.splitlines()]

    lines = [*difflib.unified_diff(of("app.py"), of("app_resumes.py"), n=0, lineterm="")]
    more = [line for line in lines if line.startswith("+") and not line.startswith("+++")]
    assert len([line for line in more if "last_event_id" in line or "yield" in line]) == 3
    marks = re.findall(r"# (\d)", (FOLDER / "app_resumes.py").read_text())
    assert marks == ["1", "2", "3"]
