"""What a calibration means for a scenario, in one line; a strict run does not begin without."""

import pytest

from pushlab.errors import CannotResolve
from pushlab.lab import preflight
from pushlab.lab.host.calibration import Calibration
from pushlab.lab.preflight import check_ready
from pushlab.lab.resolving import resolve
from pushlab.lab.scenario.cells import Cell
from tests.lab.lab_tools import tiny

PUSH = [Cell("sse", "sse"), Cell("websocket", "websocket")]
POLL = [Cell(f"poll {s}", "short-polling", {"interval_s": s}) for s in (0.02, 1.0)]


def machine(varies_s: float, others: float = 0.1) -> Calibration:
    spans = {"p50": 1e-4, "p99": 1e-3, "varies": varies_s}
    return Calibration(2, others, 0.0, 1e-9, timer_s=spans, round_trip_s={**spans, "varies": 0.0})


def test_a_quiet_machine_can_tell_all_that_is_asked() -> None:
    found = resolve(machine(3e-5), [*PUSH, *POLL])
    assert not found.cannot
    assert found.line == (
        "This machine resolves latency differences of about 300 µs now; other programs use 0.1 of 2"
        " cores."
    )


def test_a_busy_one_says_what_it_cannot_tell() -> None:
    found = resolve(machine(3e-3, others=1.9), [*PUSH, *POLL])
    assert found.cannot == [
        "rank sse and websocket by latency",
        "tell polling every 20 ms from push by latency",
        "say what a delivery costs in CPU",
    ]
    assert "about 30 ms now; other programs use 1.9 of 2 cores: it cannot rank" in found.line
    assert not resolve(machine(3e-3), PUSH[:1]).cannot  # there is nothing to tell it from
    assert not resolve(machine(0.04), POLL).cannot  # 0.98 s apart, and so half of that
    assert resolve(machine(0.06), POLL).cannot == ["tell the poll intervals apart by latency"]


@pytest.mark.parametrize("varies_s", [3e-5, 3e-3])
async def test_a_strict_run_begins_only_where_it_can_be_told_apart(monkeypatch, varies_s) -> None:
    async def calibrate(*_: object) -> Calibration:
        return machine(varies_s)

    monkeypatch.setattr(preflight, "calibrate", calibrate)
    scenario = tiny(["sse", "websocket"], duration_s=1.0)
    if varies_s > 1e-3:
        with pytest.raises(CannotResolve, match="cannot rank sse and websocket by latency"):
            await check_ready([scenario], strict=True)
    else:
        ready = await check_ready([scenario], strict=True)
        assert ready.environment["calibration"]["resolution_s"] == pytest.approx(3e-4)
    ready = await check_ready([scenario])
    assert ready.resolution is None  # a second of measuring is not worth another of looking
    assert "calibration" not in ready.environment
