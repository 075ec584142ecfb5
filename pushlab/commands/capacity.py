"""`pushlab capacity`: raise the load until an objective breaks, and say what ran out."""

import asyncio
import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import psutil
import uvloop
from rich.console import Console
from rich.status import Status

from pushlab import signals
from pushlab.analysis.slo.capacity import Load, Result, Words, conclude, impossible, look_at
from pushlab.analysis.slo.objectives import Objective, parse_objective
from pushlab.analysis.slo.rules import refused_by_rule
from pushlab.analysis.slo.search import Limits, next_load
from pushlab.analysis.stats.percentiles import PERCENTILES, samples_needed
from pushlab.analysis.summary.stored import store
from pushlab.analysis.summary.summarise import analyse
from pushlab.analysis.summary.sweep_lines import summarise_points
from pushlab.commands import terminal
from pushlab.commands.sweep import tell_folders
from pushlab.errors import NotEnoughDescriptors, Stopped, UsageError
from pushlab.lab.host.machine import require_descriptors
from pushlab.lab.planned import PlannedTrial, Search
from pushlab.lab.preflight import check_ready, check_systems, held_by_one
from pushlab.lab.runner import run_trials
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.events import LabEvent, Phase, Progress, TrialFinished, TrialStarted
from pushlab.quantities import exact, share, with_unit
from pushlab.runs import Sweep, SweepAxis, SweepWriter
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["capacity", "print_capacity"]

Vary = Literal["clients", "rate_per_s"]

_MOST: Mapping[Vary, float] = {"clients": 20_000, "rate_per_s": 10_000}
_LEAST: Mapping[Vary, float] = {"clients": 1, "rate_per_s": 0.1}
_UNITS: Mapping[Vary, str] = {"clients": "clients", "rate_per_s": "messages/s per channel"}
_SHARES = {
    "hub": "hub",
    "broker": "broker",
    "backplane": "backplane",
    "swarm": "swarm",
    "publisher": "publisher",
    "machine": "all cores",
}
_MARGIN = 1.3  # random arrivals bring fewer samples than the rate says
_LONGEST_S = 60.0


def capacity(
    transport: str,
    *,
    objectives: Sequence[str],
    scenario_name: str,
    overrides: Mapping[str, Any],
    vary: Vary = "clients",
    start: float | None = None,
    most: float | None = None,
    precision: float = 0.1,
    trials: int = 40,
    out: Path,
    pinning: bool = True,
    with_charts: bool = True,
    as_json: bool = False,
    may_load: Sequence[str] = (),
) -> int:
    """Search; the exit status: 0 if there is an answer, 1 if there is none.

    Args:
        objectives: as for `parse_objective`.
        overrides: keyword arguments for `Scenario.override`.
        most: the largest load to try.
        precision: how far the interval of the answer may reach to either side, as a share of it.
        trials, may_load: how many are made at most, on which other machines too.

    Raises:
        UsageError, SetupError: what is asked for is wrong, or this machine cannot do it.
        Stopped: by a signal; what was found is printed and kept.
    """
    scenario = _of_one_setting(transport, scenario_name, overrides)
    check_systems([scenario], may_load)
    label = scenario.cells[0].label
    goals = [_objective(text, label) for text in objectives]
    limits = _limits(scenario, vary, start, most, precision, trials)
    writer = SweepWriter.create(
        out,
        name=label if scenario.name == "capacity" else f"{scenario.name}-{label}",
        kind="capacity",
        source={"file": f"{scenario.name}.toml"},
        axes=[SweepAxis(key=vary, values=[])],
    )
    words = Words(
        scenario.cells[0].make().profile.title,
        _UNITS[vary],
        {goal.text: partial(with_unit, unit=goal.kind) for goal in goals},
    )
    with writer:
        search = _Search(scenario, goals, limits, words, vary, writer, pinning, may_load)
        stopped = uvloop.run(search.run())
    sweep = Sweep.load(writer.path)
    summarise_points(sweep)
    print_capacity(sweep, to_stderr=as_json)
    if stopped:
        raise Stopped(f"the search was stopped; what it found is in {sweep.path}")
    tell_folders("steps", sweep, with_charts=with_charts, as_json=as_json)
    if as_json:
        print(terminal.json_text(sweep.capacity))
    found = sweep.capacity or {}
    return 1 if found.get("capacity") is None and found.get("cause") in (None, "errors") else 0


def _of_one_setting(transport: str, name: str, overrides: Mapping[str, Any]) -> Scenario:
    asked = {"parts_s": 0.0, **overrides}  # what a delivery costs is not asked
    scenario = load_scenario(name).override(transports=[transport], **asked)
    if len(scenario.cells) != 1:
        labels = ", ".join(cell.label for cell in scenario.cells)
        raise UsageError(f"{transport} has several settings in {name}; name one: {labels}")
    if scenario.cells[0].client == "browser":
        raise UsageError("a search for capacity needs more clients than Chromium bears")
    return scenario


def _objective(text: str, label: str) -> Objective:
    objective = parse_objective(text)
    if not objective.asks(label):
        raise UsageError(f"objective {text!r} asks about {objective.cell!r}, and not about {label}")
    return objective


def _limits(
    scenario: Scenario,
    vary: Vary,
    start: float | None,
    most: float | None,
    precision: float,
    trials: int,
) -> Limits:
    first = float(getattr(scenario, vary)) if start is None else start
    top = max(_MOST[vary], first) if most is None else most
    least = _LEAST[vary]
    if not least <= first <= top or top > 1_000_000:
        raise UsageError(
            f"--start {first:g} and --max {top:g}: there must be {least:g} <= start <= max"
            " <= 1,000,000"
        )
    if vary == "clients" and (first != int(first) or top != int(top)):
        raise UsageError(f"--start {first:g}, --max {top:g}: clients are whole numbers")
    if not 0.01 <= precision <= 1:
        raise UsageError(f"--precision {precision:g}: must lie between 0.01 and 1")
    if not 1 <= trials <= 99:
        raise UsageError(f"--trials {trials}: must lie between 1 and 99")
    return Limits(
        start=first,
        most=top,
        least=least,
        precision=precision,
        trials=trials,
        whole=vary == "clients",
    )


@dataclasses.dataclass(slots=True)
class _Search:
    """The loop: ask the search for a load, measure it, judge it, write it down.

    Attributes:
        at: the load under way.
        times: of all cores together, busy and idle, while it is measured.
    """

    scenario: Scenario
    goals: Sequence[Objective]
    limits: Limits
    words: Words
    vary: Vary
    writer: SweepWriter
    pinning: bool
    may_load: Sequence[str]
    folders: Search = field(init=False)
    loads: list[Load] = field(default_factory=list)
    console: Console = field(default_factory=partial(Console, stderr=True, highlight=False))
    status: Status = field(init=False)
    at: float = 0.0
    times: list[tuple[float, float]] = field(default_factory=list)

    async def run(self) -> bool:
        """Search to the end, or until a signal; whether it was stopped."""
        stop = asyncio.Event()
        with signals.setting(stop), self.console.status("") as self.status:
            command = ["pushlab", *sys.argv[1:]]
            looking = check_ready(
                [self.scenario], command=command, pinning=self.pinning, may_load=self.may_load
            )
            ready = await signals.unless_stopped(looking, stop)
            self.writer.begin_session(ready.command, ready.environment)
            self._keep(stopped=True)
            self.folders = Search(self.scenario, self.writer, ready, vary=self.vary)
            await run_trials(self._trials(), ready=ready, observer=self._watch, stop=stop)
            stopped = stop.is_set()
            self._keep(stopped=stopped)
            self.writer.finish("incomplete" if stopped else "complete")
            return stopped

    def _trials(self) -> Iterator[PlannedTrial]:
        """The next trial, as long as what has been tried does not say enough."""
        while (at := self._next()) is not None:
            self.at = at
            try:
                require_descriptors(held_by_one(self._at_load(at)))
            except NotEnoughDescriptors as error:
                self._add(Load(at=at, outcome="limit", cause="descriptors", why=str(error)))
                continue
            yield self.folders.trial_at(at, duration_s=self._duration_s(at))

    def _next(self) -> float | None:
        if self._rules(self.limits.least):
            return None
        return next_load(self.loads, self.limits)

    def _rules(self, at: float) -> str:
        """Why the transport cannot do it at this load by its own rules."""
        scenario = self._at_load(at)
        profile = scenario.cells[0].make().in_force(scenario.hub_settings)
        return refused_by_rule(
            profile,
            self.goals,
            rate_per_s=scenario.rate_per_s,
            one_way_s=scenario.link.one_way_ms / 1e3,
        )

    def _at_load(self, at: float) -> Scenario:
        changed: dict[str, Any] = {self.vary: int(at) if self.vary == "clients" else at}
        return dataclasses.replace(self.scenario, **changed)

    def _add(self, load: Load) -> None:
        self.loads.append(load)
        self._tell(load)
        self._keep(stopped=True)

    def _machine(self) -> float | None:
        """The share of all cores that was in use while the trial measured, by whomever."""
        if len(self.times) < 2:
            return None
        (busy, idle), (then, rest) = self.times[0], self.times[-1]
        total = then - busy + rest - idle
        return (then - busy) / total if total > 0 else None

    def _duration_s(self, at: float) -> float:
        """Long enough for the percentiles that the objectives ask about."""
        scenario = self._at_load(at)
        per_s = scenario.channel_count * scenario.rate_per_s  # publishes are the samples
        longest = scenario.duration_s
        for goal in self.goals:
            leaf = goal.figure.rpartition(".")[2]
            if leaf in PERCENTILES:
                longest = max(longest, _MARGIN * samples_needed(PERCENTILES[leaf]) / per_s)
        return min(longest, max(_LONGEST_S, scenario.duration_s))

    def _keep(self, *, stopped: bool) -> Result:
        if why := self._rules(self.limits.least):
            told = Load(at=self.limits.least, outcome="broke", cause="formula", why=why)
            result = impossible(told, self.words)
        else:
            result = conclude(self.loads, self.limits, self.words, stopped=stopped)
        self.writer.set_capacity(
            {
                "transport": self.scenario.cells[0].transport,
                "cell": self.scenario.cells[0].label,
                "vary": self.vary,
                "objectives": [goal.to_json() for goal in self.goals],
                "limits": dataclasses.asdict(self.limits),
                "loads": [dataclasses.asdict(load) for load in self.loads],
                **dataclasses.asdict(result),
            }
        )
        return result

    def _watch(self, event: LabEvent) -> None:
        if isinstance(event, TrialStarted):
            self.times.clear()
        if isinstance(event, Progress):
            if event.phase is Phase.MEASURING:
                now = psutil.cpu_times()
                idle = now.idle + getattr(now, "iowait", 0.0)
                self.times.append((sum(now) - idle, idle))
            load = f"{self.words.load(self.at)} {self.words.unit}"
            self.status.update(f"{load}: {event.phase}, {event.connected:,} connected")
        if isinstance(event, TrialFinished) and event.record.status != "interrupted":
            analysis = analyse(self.folders.run_at(self.at))
            store(analysis)
            machine, rules = self._machine(), self._rules(self.at)
            self._add(look_at(analysis, self.goals, at=self.at, machine=machine, rules=rules))

    def _tell(self, load: Load) -> None:
        values = [
            f"{self.words.figure(text)} {self.words.values[text](value)}"
            for text, value in load.values.items()
            if value is not None
        ]
        busy = [f"{name} {share(part)}" for name, part in load.busy.items()]
        told = [*values, ", ".join(busy)] if load.values else [load.why]
        self.console.print(
            f"{self.words.load(load.at):>8} {self.words.unit}: {load.outcome:<6} "
            + "; ".join(told),
            style=None if load.outcome == "held" else "yellow",
            soft_wrap=True,
        )


def print_capacity(sweep: Sweep, *, to_stderr: bool = False) -> None:
    """Print what a search found."""
    console = Console(stderr=to_stderr, highlight=False, emoji=False)
    found = sweep.capacity or {}
    console.print()
    say(console, f"{found.get('sentence', 'Nothing was measured')}.", "bold")
    if found.get("loads"):
        console.print()
        print_table(console, _table(found))


def _table(found: Mapping[str, Any]) -> Table:
    texts = [goal["text"] for goal in found["objectives"]]
    rows = []
    for load in sorted(found["loads"], key=lambda load: load["at"]):
        held = load["outcome"] == "held"
        cells = [Cell(load["values"].get(text)) for text in texts]
        cells.append(Cell(load["outcome"], bad=not held))
        rows.append(
            Row([load["at"]], [*cells, *(Cell(load["busy"].get(name)) for name in _SHARES)])
        )
    goals = [
        Column(text, show=partial(with_unit, unit=parse_objective(text).kind)) for text in texts
    ]
    shares = [Column(words, show=share) for words in _SHARES.values()]
    leading = [Column(_UNITS[found["vary"]].split(" ")[0], show=exact)]
    return Table(leading, [*goals, Column("outcome", text=True), *shares], rows)
