"""The machine is known before it is used: real exchanges, for a tenth of a second."""

import asyncio
import dataclasses
import json

import pytest

from pushlab.lab.host import calibration
from pushlab.lab.host.calibration import Calibration, calibrate
from pushlab.lab.host.cores import choose_cores
from pushlab.lab.host.exchanges import _described


async def test_a_second_of_exchanges_says_how_late_all_is() -> None:
    found = await calibrate(choose_cores(), 0.2)
    assert found is not None
    assert found.cores >= 1
    assert found.others >= 0
    assert 0 < found.clock_s < 1e-3
    for spans in filter(None, (found.timer_s, found.round_trip_s)):  # a busy machine gives few
        assert 0 < spans["p50"] <= spans["p99"]
        assert spans["varies"] >= 0
    assert found.resolution_s > 0
    assert json.loads(json.dumps(found.to_json()))["resolution_s"] == found.resolution_s


async def test_a_machine_that_gave_no_samples_resolves_little() -> None:
    found = await calibrate(choose_cores(), 0.2)
    assert found is not None
    assert dataclasses.replace(found, round_trip_s={}).resolution_s >= 1.0


async def test_a_machine_that_cannot_be_looked_at_stops_no_run(monkeypatch) -> None:
    silent = await asyncio.create_subprocess_exec(
        "true", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )

    async def spawn(*arguments: str) -> asyncio.subprocess.Process:
        return silent

    monkeypatch.setattr(calibration, "spawn_child", spawn)
    assert await calibrate(choose_cores(), 0.1) is None
    assert silent.returncode is not None


def test_what_varies_is_told_from_what_is_always_there() -> None:
    always = _described([0.05] * 200)
    assert always["varies"] == pytest.approx(0)
    now_and_then = _described([0.05] * 150 + [0.07] * 50)
    assert now_and_then["varies"] == pytest.approx(0.02 * 40 / 190)
    once = _described([0.05] * 199 + [5.0])
    assert once["varies"] == pytest.approx(0)  # one hiccup is not the machine
    assert _described([0.05] * 3) == {}


def test_a_difference_is_resolved_at_ten_times_what_varies() -> None:
    spans = {"p50": 1e-4, "p99": 1e-3, "varies": 1e-5}
    parts = {"timer_s": spans, "round_trip_s": {**spans, "varies": 4e-5}}
    stamped = {"servers_s": spans, "generator_s": spans}
    kernel = Calibration(2, 0.1, 0.0, 1e-9, **parts, **stamped)
    assert kernel.resolution_s == pytest.approx(3e-4)
    assert Calibration(2, 0.1, 0.0, 1e-9, **parts).resolution_s == pytest.approx(5e-4)
