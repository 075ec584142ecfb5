"""`pushlab workload from-log`: an access log in; who polls how often in vain, and a scenario, out.

What is written has counts, sizes and times, and the numbers of clients and channels: no address, no
user agent, no query.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tomli_w

from pushlab import signals
from pushlab.analysis.log.find import findings_of
from pushlab.analysis.log.findings import FINDINGS_FILE, LogFindings
from pushlab.analysis.log.polls import Wanted
from pushlab.analysis.log.reader import read_log
from pushlab.analysis.log.stretch import MOST_CLIENTS, Stretch
from pushlab.analysis.log.words import headline
from pushlab.commands.from_log_table import print_findings
from pushlab.commands.log_progress import watching
from pushlab.commands.terminal import json_text
from pushlab.commands.usage import Log, replayed
from pushlab.errors import SetupError, UsageError
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.scenario.trace_file import write_trace

__all__ = ["from_log"]

_PLAIN = "own-channels"  #: what is measured beside the log's own work: the five transports
_SCENARIO_FILE, _TRACE_FILE = "scenario.toml", "messages.csv"
_WRITTEN = ("name", "title", "description", "clients", "channels", "arrivals")
_WRITTEN_TOO = ("payload_bytes", "warmup_s", "duration_s", "drain_s", "trials", "seed")
_MESSAGES, _LEAST_S, _MOST_S, _POLLS = 2_000, 10.0, 120.0, 4
_LONGEST_S = 3600.0


def from_log(
    logs: Sequence[Path],
    *,
    path: str,
    out: Path | None,
    key: str = "",
    empty: tuple[int, int] | None = None,
    message_bytes: float | None = None,
    busiest: bool = False,
    as_json: bool = False,
) -> int:
    """Read, print and write; the exit status.

    Args:
        path: which requests are polls.
        out: a new folder for what is written; default: in results, named after the log.
        key: the parameter of the query by which clients are told apart.
        empty: the sizes of an answer that brings nothing.
        message_bytes: of a message.
        busiest: write the busiest stretch, not a usual one.

    Raises:
        UsageError: a log cannot be read, or says too little, or the folder is there.
        SetupError: the folder cannot be written.
    """
    folder = _folder(logs[0], out)
    with watching() as watch:
        reading = read_log(logs, Wanted(path, key=key), watch)
    found = findings_of(reading, path, empty=empty, message_bytes=message_bytes)
    scenario, stretch = _scenario(Log(found, reading.polls), busiest, message_bytes)
    _write(folder, found, scenario)
    if as_json:
        print(json_text(found.to_json()))
    else:
        print_findings(found, stretch)
    to = sys.stderr if as_json else sys.stdout
    if scenario is None:
        print(f"\nfindings: {folder / FINDINGS_FILE}", file=to)
    else:
        print(f"\nscenario: {folder / _SCENARIO_FILE}", file=to)
        print(f"measure:  pushlab compare {folder / _SCENARIO_FILE}", file=to)
    print(f"predict:  pushlab predict --log {folder}", file=to)
    return signals.exit_status() if reading.stopped else 0


def _folder(log: Path, out: Path | None) -> Path:
    """Where to write: a folder that is not there yet. Raises UsageError."""
    if out is not None:
        if out.exists():
            raise UsageError(f"--out: {out} is there already; name a new folder")
        return out
    stem = log.name.partition(".")[0] or "log"
    for number in range(1, 1000):
        found = Path("results") / (f"{stem}-log" if number == 1 else f"{stem}-log-{number}")
        if not found.exists():
            return found
    raise UsageError(f"results has too many folders {stem}-log; name one with --out")


def _scenario(
    log: Log, busiest: bool, message_bytes: float | None
) -> tuple[Scenario | None, Stretch | None]:
    """The scenario that replays a stretch of the log, long enough for some polls and messages."""
    found, plain = log.findings, load_scenario(_PLAIN)
    clients, rate_per_s = min(max(1.0, found.clients), MOST_CLIENTS), found.rate_per_s(1.0)
    wanted_s = _MESSAGES / (clients * rate_per_s) if rate_per_s else _LEAST_S
    span_s = max(min(max(wanted_s, _LEAST_S), _MOST_S), min(_POLLS * found.interval_s, _LONGEST_S))
    plain = plain.override(
        poll_interval_s=float(f"{found.interval_s:.4g}"),
        duration_s=span_s - plain.warmup_s,
        trials=3,
    )
    made, stretch = replayed(log, plain, busiest=busiest, message_bytes=message_bytes)
    if made is not None:
        named = {
            "name": "from-log",
            "title": "The work of an access log, replayed",
            "description": headline(found),
        }
        made = replace(made, **named)  # type: ignore[arg-type]
    return made, stretch


def _write(folder: Path, found: LogFindings, scenario: Scenario | None) -> None:
    """Write all into a new folder. Raises SetupError."""
    try:
        folder.mkdir(parents=True)
        (folder / FINDINGS_FILE).write_text(json_text(found.to_json()) + "\n", encoding="utf-8")
        if scenario is not None:
            write_trace(folder / _TRACE_FILE, scenario.trace)
            (folder / _SCENARIO_FILE).write_text(_toml(scenario), encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{folder}: cannot be written ({error.strerror})") from error


def _toml(scenario: Scenario) -> str:
    """The scenario's file, with the trace in one of its own."""
    values = {name: getattr(scenario, name) for name in _WRITTEN}
    values["trace"] = _TRACE_FILE
    values |= {name: getattr(scenario, name) for name in _WRITTEN_TOO}
    values["poll_interval_s"] = scenario.poll_interval_s
    tables = [tomli_w.dumps({"name": cell.transport}) for cell in scenario.cells]
    return "\n[[transport]]\n".join([tomli_w.dumps(values), *tables])
