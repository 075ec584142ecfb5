"""Trials of servers of other makes: what each did is told of it, and faults are one line."""

import sys
from pathlib import Path

import pytest

from pushlab.analysis import analyse
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.runs import Run, TrialRecord
from tests.lab.lab_tools import children

SERVER = Path(__file__).parents[2] / "foreign_server.py"
POLLS = 'path = "/rooms/{channel}?since={last_id}"\nlast_id = "$.last"'
EVENTS = 'path = "/rooms/{channel}/events"'
OF_PROCESSES = ("", "dies")  # the others are tried on this event loop


async def measured(tmp_path: Path, fault: str = "", **transports: str) -> Run:
    tables = "\n".join(f"[system.{name.replace('_', '-')}]\n{t}" for name, t in transports.items())
    toml = f"""
clients = 6
channels = "rooms"
room_size = 3
rate_per_s = 10
warmup_s = 0.3
duration_s = 1.2
drain_s = 1
parts_s = {0.2 if not fault else 0}
poll_interval_s = 0.1
[system]
start = "{sys.executable} {SERVER} {{port}} {fault}"
ready = "{"" if fault == "mute" else "/"}"
publish = {{ path = "/rooms/{{channel}}", body = '{{"text": "{{message}}"}}' }}
{tables}
"""
    file = tmp_path / "mine.toml"
    file.write_text(toml)
    backend = None if fault in OF_PROCESSES else in_process_backend()
    return Run.load(await run_scenario(load_scenario(file), out=tmp_path, backend=backend))


async def test_a_server_of_ones_own_is_measured(tmp_path: Path) -> None:
    run = await measured(tmp_path, sse=EVENTS, short_polling=POLLS)
    assert [trial.status for trial in run.trials] == ["ok", "ok"], run.trials[0].reason
    for cell in analyse(run).cells.values():
        (trial,) = cell.all
        counts = trial.counts
        assert counts.expected == counts.delivered > 20
        assert (counts.lost, counts.duplicated, counts.reordered) == (0, 0, 0)
        server = trial.record.server
        assert server is not None
        assert server.counted_by == "clients"
        assert server.cpu_s is not None
        assert server.cpu_s > 0
    assert not children(str(SERVER))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("refuses", ["POST /rooms/{channel}", "401", "no such key"]),
        ("nowhere", ["GET /rooms/", "404"]),
        ("html", ["not an event stream", "text/html"]),
        ("silent", ["0 of 6 subscribers received a probe"]),
        ("mute", ["0 of 6 subscribers were accepted"]),
        ("deaf", ["publishing was not answered within"]),
        ("dies", ["mine died", "exit status 3", "out of memory"]),
    ],
)
async def test_a_fault_is_one_line_and_the_trial_is_kept(
    tmp_path: Path, fault: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pushlab.lab.trial.phases._READY_S", 1.0)
    run = await measured(tmp_path, fault, sse=EVENTS)
    trial: TrialRecord
    (trial,) = run.trials
    assert trial.status == "failed"
    assert trial.reason is not None
    assert "\n" not in trial.reason
    for words in told:
        assert words in trial.reason
    assert not children(str(SERVER))
