"""What one trial says of capacity: whether the objectives held, and how busy everybody was."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pushlab.analysis.slo.objectives import Objective
from pushlab.analysis.slo.search import Attempt, Limits, capacity_of
from pushlab.analysis.slo.verdicts import judge
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.summarise import Analysis, summarise_cells
from pushlab.runs import TrialRecord

__all__ = [
    "BUSY",
    "Cause",
    "Load",
    "Result",
    "Words",
    "cause_of",
    "conclude",
    "impossible",
    "look_at",
]

#: A process that uses more of a core than this has little left to give.
BUSY = 0.8

_FULL = 0.9  # of all cores
_OTHERS = 0.5  # cores

#: What ran out. ``formula``: nothing, since the transport cannot do it by its own rules, whoever
#: serves. ``generator`` and ``descriptors`` are on our side: the server may carry more.
Cause = Literal[
    "formula",
    "server",
    "broker",
    "backplane",
    "generator",
    "descriptors",
    "errors",
    "machine",
    "nothing",
]


#: What may have run out before the server did.
_OURS = frozenset({"generator", "descriptors", "machine"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Load(Attempt):
    """One trial at one load, judged.

    Attributes:
        values: the figure of each objective, by the objective's text; None: not measured.
        broken: the objectives that were not met.
        busy: shares of a core that ``hub``, ``broker``, ``swarm`` and ``publisher`` used, and
            the share of all cores that was in use by whomever, ``machine``.
        cause: what ran out, where the objectives did not hold.
        why: the same in words, for the end of a sentence.
    """

    values: dict[str, float | None] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)
    cause: Cause | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a search found.

    Attributes:
        capacity: the load at which half of the trials hold; where none broke, the most that held;
            None: no load held.
        low, high: its 95 % interval; None above: it may be larger, since what ran out was not the
            server, or since nothing broke.
        narrow: whether the interval is as narrow as was asked for.
        cause, why: see `Load`, of the load that broke nearest above.
        sentence: all of it in words.
    """

    capacity: float | None
    low: float | None
    high: float | None
    narrow: bool
    cause: Cause | None
    why: str
    sentence: str


def look_at(
    analysis: Analysis,
    objectives: Sequence[Objective],
    *,
    at: float,
    machine: float | None = None,
    rules: str = "",
) -> Load:
    """Judge the last trial of a run.

    Args:
        machine: the share of all cores that was in use meanwhile, by whomever.
        rules: see `cause_of`.

    Raises:
        UsageError: an objective asks about another cell.
    """
    last = max(
        (t for cell in analysis.cells.values() for t in cell.all), key=lambda t: t.record.order
    )
    trial = last.record
    if trial.status != "ok":
        why = trial.reason or "no reason is known"
        return Load(at=at, outcome="failed", cause="errors", why=why)
    summary = summarise_cells({trial.cell: CellTrials([last])}, {trial.cell: trial.system})
    verdicts = [(one, judge(one, summary)[0]) for one in objectives]
    values = {one.text: verdict.value for one, verdict in verdicts}
    broken = [one.text for one, verdict in verdicts if not verdict.as_measured]
    busy = _busy(trial)
    if machine is not None:
        busy["machine"] = machine
    if not broken:
        return Load(at=at, outcome="held", values=values, busy=busy)
    cause, why = cause_of(trial.marks, busy, analysis.run.environment)
    unmeasured = [verdict.why for _, verdict in verdicts if verdict.why]
    if unmeasured:
        why = f"{unmeasured[0]}, {why}"
    return Load(
        at=at, outcome="broke", values=values, broken=broken, busy=busy, cause=cause, why=why
    )


def _busy(trial: TrialRecord) -> dict[str, float]:
    parts = {
        "hub": trial.server,
        "broker": trial.broker,
        "backplane": trial.backplane,
        "swarm": trial.swarm,
        "publisher": trial.publisher,
    }
    used = {name: part.cpu_s for name, part in parts.items() if part and trial.duration_s}
    if trial.server and (each := [one.cpu_s or 0.0 for one in trial.server.workers]):
        used["hub"] = max(each)  # each process has a core at most
    return {name: cpu_s / trial.duration_s for name, cpu_s in used.items() if cpu_s is not None}


def cause_of(
    marks: Sequence[str],
    busy: Mapping[str, float],
    environment: Mapping[str, Any],
    rules: str = "",
) -> tuple[Cause, str]:
    """What ran out: the generator before the server, so that its end is never taken for that one's.

    Args:
        environment: the run's; how many cores there are, and who is pinned to which.
        rules: why the transport cannot do it by its own rules, which goes before all; see
            `pushlab.analysis.slo.rules`.
    """
    if rules:
        return "formula", rules
    pinning = environment.get("pinning") or {}
    ours = {name: share for name, share in busy.items() if name != "machine"}
    shares = ", ".join(f"the {name} at {share:.0%} of a core" for name, share in ours.items())
    if "generator-bound" in marks:
        words = [mark for mark in marks if mark.startswith(("swarm", "publisher"))]
        return "generator", f"the generator ran out: {', '.join(words) or 'it sent too late'}"
    if _full(busy, pinning, "swarm", "publisher"):
        return "generator", f"the generator ran out: its cores are full ({shares})"
    if busy.get("hub", 0.0) > BUSY:
        return "server", f"with the hub at {busy['hub']:.0%} of a core"
    if busy.get("broker", 0.0) > BUSY:
        return "broker", f"with the broker at {busy['broker']:.0%} of a core"
    if busy.get("backplane", 0.0) > BUSY:
        return "backplane", f"with the backplane at {busy['backplane']:.0%} of a core"
    if _full(busy, pinning, "hub", "broker", "backplane"):
        return "server", f"with the cores of hub and broker full ({shares})"
    if busy.get("machine", 0.0) > _FULL:
        others = busy["machine"] * (environment.get("cores") or 1) - sum(ours.values())
        by = f", {others:.1f} of them by other programs" if others > _OTHERS else ""
        return "machine", f"with all cores of the machine in use{by} ({shares})"
    return "nothing", f"with nobody busy ({shares})" if shares else "with nobody busy"


def _full(busy: Mapping[str, float], pinning: Mapping[str, Any], *names: str) -> bool:
    """Whether processes that are pinned to the same cores use all of them."""
    cores = len(pinning.get(names[0]) or ())
    return bool(cores) and sum(busy.get(name, 0.0) for name in names) > _FULL * cores


@dataclass(frozen=True, slots=True)
class Words:
    """How a search reads.

    Attributes:
        name: the transport's.
        unit: what a load counts, such as ``clients``.
        values: the objectives, each with what makes words of a value of its figure.
    """

    name: str
    unit: str
    values: Mapping[str, Callable[[float], str]]

    @property
    def goal(self) -> str:
        """All objectives."""
        return " and ".join(self.values)

    def figure(self, objective: str) -> str:
        """An objective's left side as it was written: ``p95``."""
        return re.split("[<>=!]", objective)[0].strip()

    def loaded(self, at: float) -> str:
        """The load with its unit: ``1 client``, ``3,200 clients``."""
        unit = self.unit.removesuffix("s") if at == 1 else self.unit
        return f"{self.load(at)} {unit}"

    def load(self, at: float) -> str:
        """The number alone."""
        whole = self.unit == "clients" or at == int(at)
        return f"{round(at):,}" if whole or at >= 100 else f"{at:.3g}"

    def figures(self, load: Load) -> str:
        """The figures that broke their objectives: ``p95 was 180 ms``."""
        told = []
        for text in load.broken:
            value = load.values.get(text)
            if value is not None:
                told.append(f"{self.figure(text)} was {self.values[text](value)}")
        return " and ".join(told)


def conclude(
    loads: Sequence[Load], limits: Limits, words: Words, *, stopped: bool = False
) -> Result:
    """The result of the trials so far.

    Args:
        stopped: whether the search was interrupted.
    """
    found = capacity_of(loads, limits)
    low, high = found.interval
    about = found.about if found.about is not None else (low or None)
    last = _nearest_break(loads, about or 0.0)
    ours = last is not None and last.cause in _OURS
    more = about is not None and (last is None or ours or stopped)
    text = _held(about, (low, high), words, more=more, most=limits.most)
    if about is None and last is not None:
        text = f"{words.name} did not hold {words.goal} at {words.loaded(high)}"
    if last is not None:
        there = "" if about is None else f"at {words.load(last.at)} "
        text += f"; {there}{_fate(last, words)}"
    if found.about is not None and not found.narrow and not stopped:
        text += f". After {len(loads)} trials it is not known to {limits.precision:.0%}"
    return Result(
        capacity=about,
        low=low or None,
        high=None if more or not math.isfinite(high) else high,
        narrow=found.narrow,
        cause=None if last is None else last.cause,
        why="" if last is None else last.why,
        sentence=f"Stopped before its end: {text}" if stopped else text,
    )


def impossible(load: Load, words: Words) -> Result:
    """The result where a closed form says that no load can hold, so that nothing was measured."""
    text = f"{words.name} cannot hold {words.goal} at any load: {load.why}"
    return Result(
        capacity=None,
        low=None,
        high=None,
        narrow=True,
        cause=load.cause,
        why=load.why,
        sentence=text,
    )


def _nearest_break(loads: Sequence[Load], about: float) -> Load | None:
    """The load that says what ran out: the least above the capacity that did not hold.

    A trial that was judged tells more than one that failed.
    """
    broken = [load for load in loads if load.outcome != "held"]
    above = [load for load in broken if load.at >= about] or broken
    return min(above, key=lambda load: (load.at, load.outcome != "broke"), default=None)


def _held(
    about: float | None, interval: tuple[float, float], words: Words, *, more: bool, most: float
) -> str:
    """The part of the sentence that says up to where the objectives held."""
    if about is None:
        return f"{words.name}: nothing is known about {words.goal}"
    low, high = interval
    if low < high < math.inf:
        bounds = f"from {words.load(low)}" if more else f"{words.load(low)} to {words.load(high)}"
        reach = "at" if more else "up to"
        beyond = ", and may hold it at more" if more else ""
        return (
            f"{words.name} holds {words.goal} {reach} about {words.loaded(about)}"
            f" (95 % interval {bounds}){beyond}"
        )
    tried = ", the most that was tried" if about >= most else " and may hold it at more"
    return f"{words.name} held {words.goal} at {words.loaded(about)}{tried}"


def _fate(load: Load, words: Words) -> str:
    """What happened where the objectives did not hold."""
    if load.outcome == "failed":
        return f"the trials failed: {load.why}"
    if load.outcome == "limit":
        return f"descriptors ran out: {load.why}"
    figures = words.figures(load)
    if load.cause == "generator":
        return load.why + (f" ({figures})" if figures else "")
    return f"{figures} {load.why}" if figures else load.why
