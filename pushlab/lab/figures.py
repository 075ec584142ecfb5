"""From what a trial noted to the figures in its record. Nothing is judged but the generator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pushlab.lab.open_loop import OpenLoop
from pushlab.lab.plan import TrialPlan
from pushlab.lab.stage import Cpu, Stage
from pushlab.runs import BrokerFigures, ServerFigures, SwarmFigures

__all__ = ["Notes", "collect"]

_BUSY = 0.8  # of a core
_LAG_S = 0.05
_NS = 1_000_000_000


@dataclass(slots=True)
class Notes:
    """What a trial noted on its way.

    Attributes:
        start, end: CPU seconds and the hub's hits at the ends of the window.
        swarm: the swarm's answer to ``finish``.
        swarm_hits, hub_hits: of the whole trial, after everybody left.
        sans_io: whether the swarm drives sans-I/O client halves.
    """

    start: tuple[Cpu, dict[str, int]] | None = None
    end: tuple[Cpu, dict[str, int]] | None = None
    swarm: Mapping[str, Any] | None = None
    swarm_hits: dict[str, int] = field(default_factory=dict)
    hub_hits: dict[str, int] = field(default_factory=dict)
    sans_io: bool = True


def collect(
    plan: TrialPlan, stage: Stage, notes: Notes, publisher: OpenLoop | None
) -> dict[str, Any]:
    """The record's figures; those that could not be taken are None."""
    swarm = _swarm(stage, notes)
    server = _server(stage, notes, swarm)
    return {
        "server": server,
        "broker": _broker(stage, notes),
        "swarm": swarm,
        "publisher": None if publisher is None else publisher.figures(),
        "marks": _marks(plan, notes, swarm),
    }


def _minus(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {kind: n - before.get(kind, 0) for kind, n in after.items() if n > before.get(kind, 0)}


def _server(stage: Stage, notes: Notes, swarm: SwarmFigures | None) -> ServerFigures | None:
    if notes.start is None or notes.end is None or stage.hub_watch is None:
        return None
    (before, setup), (after, then) = notes.start, notes.end
    hits = _minus(then, setup)
    requests = {kind: n for kind, n in notes.hub_hits.items() if kind != "publish"}
    if stage.broker is not None and swarm is not None and requests == notes.swarm_hits:
        # A broker tells its counts late, so the hub cannot know when a packet came. The totals
        # agree to the last packet: then the clients' clock says which of them lie in the window.
        hits = {**swarm.hits, **{kind: n for kind, n in hits.items() if kind == "publish"}}
        setup = {**swarm.hits_setup, **{k: n for k, n in setup.items() if k == "publish"}}
    return ServerFigures(
        hits=hits,
        hits_setup=setup,
        hits_all=notes.hub_hits,
        cpu_s=_used(before.hub_s, after.hub_s) or 0.0,
        rss_bytes=stage.hub_watch.rss_bytes,
        open_descriptors=stage.hub_watch.open_descriptors,
    )


def _used(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _broker(stage: Stage, notes: Notes) -> BrokerFigures | None:
    broker = stage.broker
    if broker is None:
        return None
    cpu_s = None
    if notes.start is not None and notes.end is not None:
        cpu_s = _used(notes.start[0].broker_s, notes.end[0].broker_s)
    return BrokerFigures(
        kind=broker.kind,
        version=broker.version,
        cpu_s=cpu_s,
        rss_bytes=stage.broker_watch.rss_bytes if stage.broker_watch else None,
    )


def _swarm(stage: Stage, notes: Notes) -> SwarmFigures | None:
    told = notes.swarm
    if told is None:
        return None
    start, end = told["start"], told["end"]
    zero: dict[str, Any] = {"hits": {}, "bytes_in": 0, "bytes_out": 0, "cpu_s": 0.0}
    before = start or {**zero, "disconnects": 0}
    return SwarmFigures(
        hits=_minus(end["hits"], before["hits"]),
        hits_setup={kind: int(n) for kind, n in before["hits"].items()},
        hits_all=notes.swarm_hits,
        bytes_in=end["bytes_in"] - before["bytes_in"],
        bytes_out=end["bytes_out"] - before["bytes_out"],
        bytes_in_setup=before["bytes_in"],
        bytes_out_setup=before["bytes_out"],
        cpu_s=end["cpu_s"] - before["cpu_s"],
        rss_bytes=stage.swarm_watch.rss_bytes if stage.swarm_watch else None,
        loop_lag_p99_s=told["loop_lag_p99_s"],
        duplicated=told["now"]["duplicated"] + told["wire_duplicates"],
        reordered=told["now"]["reordered"],
        gaps=told["now"]["gaps"],
        disconnects=end["disconnects"] - before["disconnects"],
        connect_s=list(told["connect_s"]),
    )


def _marks(plan: TrialPlan, notes: Notes, swarm: SwarmFigures | None) -> list[str]:
    """What to hold against the figures."""
    marks: list[str] = []
    busy: list[str] = []
    span_s = plan.scenario.duration_s
    if swarm is not None and swarm.cpu_s > _BUSY * span_s:
        busy.append(f"swarm at {swarm.cpu_s / span_s:.0%} of a core")
    if swarm is not None and (swarm.loop_lag_p99_s or 0.0) > _LAG_S:
        busy.append(f"swarm's event loop late by {(swarm.loop_lag_p99_s or 0.0) * 1e3:.0f} ms")
    if notes.start is not None and notes.end is not None:
        own_s = notes.end[0].own_s - notes.start[0].own_s
        if own_s > _BUSY * span_s:
            busy.append(f"publisher at {own_s / span_s:.0%} of a core")
    if busy:
        marks += ["generator-bound", *busy]
    if notes.start is not None and notes.end is not None:
        used_s = _used(notes.start[0].hub_s, notes.end[0].hub_s) or 0.0
        if used_s > _BUSY * span_s:
            marks += ["server-bound", f"hub at {used_s / span_s:.0%} of a core"]
    if not notes.sans_io:
        marks.append("friendly-form")
    if notes.swarm is not None and notes.swarm["closed"]:
        why = ", ".join(f"{reason} ({n})" for reason, n in notes.swarm["reasons"].items())
        marks.append(f"{notes.swarm['closed']} subscribers were ended: {why}")
    return marks
