"""One trial's CPU seconds and what they were for: its windows, and costs by subtraction.

In the measured window CPU per delivery holds whatever else the server did. From the windows beside
it (`pushlab.runs.CostWindow`) each part is had alone: what it takes idle, then a publish that
nobody reads above that, then a delivery above both; of polling, a poll in vain and one that brings
something.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pushlab.analysis.models.prediction import Service
from pushlab.contract.hits import Hit
from pushlab.runs import TrialRecord

if TYPE_CHECKING:
    from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["Load", "Window", "cost_of", "service_of", "windows_of"]

_NO_HITS = {Hit.CONNECT, Hit.RECONNECT, Hit.LEAVE, Hit.PUBLISH, Hit.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What servers work for, a second or in a whole window.

    Attributes:
        servers: whose processes run, whatever comes: server seconds.
        connections: held: connection seconds.
        hits: requests for the sake of delivery: polls; in a stream none count apart.
        deliveries: with their acknowledgements; a stream's keep-alives count as deliveries.
        publishes: messages that come to a server.
    """

    servers: float = 1.0
    connections: float = 0.0
    hits: float = 0.0
    deliveries: float = 0.0
    publishes: float = 0.0

    @property
    def row(self) -> tuple[float, float, float, float, float]:
        """Its parts, in order."""
        return self.servers, self.connections, self.hits, self.deliveries, self.publishes

    def times(self, factor: float) -> "Load":
        """So many times as much of everything."""
        return Load(**dict(zip(Load.__slots__, (x * factor for x in self.row), strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of a trial: what was done in it, and what CPU time that took."""

    name: str
    load: Load
    cpu_s: float
    span_s: float
    empty: int = 0
    broker_cpu_s: float = 0.0


def windows_of(trial: "TrialFigures") -> list[Window]:
    """The measured window, ``main``, and those beside it."""
    record, counts = trial.record, trial.rows.counts
    span_s, broker = record.duration_s, record.broker
    found = [
        _window(
            record,
            "main",
            span_s,
            record.clients,
            (trial.hits, counts.delivered, counts.accepted),
            (trial.cpu_s or 0.0, (broker.cpu_s if broker else None) or 0.0),
        )
    ]
    for part in record.parts:
        broker_s = part.broker_cpu_s or 0.0
        done = (part.hits, part.deliveries, part.publishes)
        cpu = (part.cpu_s + broker_s + (part.backplane_cpu_s or 0.0), broker_s)
        found.append(_window(record, part.name, part.span_s, part.clients, done, cpu))
    return found


def _window(
    record: TrialRecord,
    name: str,
    span_s: float,
    clients: int,
    done: tuple[Mapping[str, int], int, int],
    cpu: tuple[float, float],
) -> Window:
    hits, deliveries, publishes = done
    polls = sum(n for kind, n in hits.items() if kind not in _NO_HITS) if record.profile.asks else 0
    load = Load(
        servers=span_s,
        connections=span_s * clients,
        hits=polls,
        deliveries=deliveries,
        publishes=publishes,
    )
    empty = hits.get(Hit.POLL_EMPTY, 0)
    return Window(
        name=name, load=load, cpu_s=cpu[0], span_s=span_s, empty=empty, broker_cpu_s=cpu[1]
    )


#: By name: CPU seconds that are for it, and how many of it there were.
Split = tuple[float, float]


def cost_of(part: str, *, broker: bool = False) -> Callable[["TrialFigures"], Split | None]:
    """One part of the costs, for a figure of the catalogue: CPU seconds, and events.

    Args:
        part: ``alone`` or ``idle`` (a second), ``publish``, ``delivery`` (of a stream), ``empty``
            or ``useful`` (poll).
        broker: of the broker's process alone.

    Returns:
        A function of a trial; None where the trial has no such windows, or its transport no such
        events.
    """

    def of(trial: "TrialFigures") -> Split | None:
        if not trial.record.parts or trial.cpu_s is None:
            return None
        seen = {one.name: one for one in windows_of(trial)}
        if broker:
            if trial.record.broker is None:
                return None
            seen = {name: replace(one, cpu_s=one.broker_cpu_s) for name, one in seen.items()}
        return _PARTS[part](seen, trial.record.profile.asks)

    return of


def service_of(trials: Sequence["TrialFigures"]) -> Service | None:
    """How long one cell's server works for a publish and for each reader; None where not told.

    Of polls at an interval none waits for another.
    """
    if not trials or trials[0].record.profile.delivery == "interval-poll":
        return None
    told = []
    for part in ("publish", "useful" if trials[0].record.profile.asks else "delivery"):
        splits = [found for each in trials if (found := cost_of(part)(each)) is not None]
        events = sum(count for _, count in splits)
        if not events:
            return None
        told.append(max(0.0, sum(cpu_s for cpu_s, _ in splits) / events))
    return Service(*told)


Seen = dict[str, Window]


def _a_second(name: str) -> Callable[[Seen, bool], Split | None]:
    return lambda seen, asks: (seen[name].cpu_s, seen[name].span_s) if name in seen else None


def _publish(seen: Seen, asks: bool) -> Split | None:
    """What it takes above idling, where polls go on."""
    if not {"idle", "unread"} <= seen.keys():
        return None
    idle, unread = seen["idle"], seen["unread"]
    polls = unread.load.hits - idle.load.hits * unread.span_s / idle.span_s
    above = unread.cpu_s - idle.cpu_s * unread.span_s / idle.span_s
    if polls and (one := _empty(seen, asks)):  # more came, or fewer, by chance
        above -= polls * one[0] / one[1]
    return above, unread.load.publishes


def _delivery(seen: Seen, asks: bool) -> Split | None:
    """What it takes above idling and publishing, at the other rate."""
    publish = _publish(seen, asks)
    if asks or publish is None or "second" not in seen:
        return None
    idle, second = seen["idle"], seen["second"]
    above = second.cpu_s - idle.cpu_s * second.span_s / idle.span_s
    return above - second.load.publishes * publish[0] / publish[1], second.load.deliveries


def _empty(seen: Seen, asks: bool) -> Split | None:
    """While nothing is published, above what the server takes with nobody connected."""
    if not asks or not {"alone", "idle"} <= seen.keys() or not seen["idle"].empty:
        return None
    alone, idle = seen["alone"], seen["idle"]
    return idle.cpu_s - alone.cpu_s * idle.span_s / alone.span_s, idle.load.hits


def _useful(seen: Seen, asks: bool) -> Split | None:
    """With its messages, at the other rate; above publishing and polls in vain."""
    publish = _publish(seen, asks)
    if not asks or publish is None or not {"alone", "second"} <= seen.keys():
        return None
    second, empty = seen["second"], _empty(seen, asks)
    base = seen["alone"] if empty else seen["idle"]
    above = second.cpu_s - base.cpu_s * second.span_s / base.span_s
    above -= second.load.publishes * publish[0] / publish[1]
    if empty:
        above -= second.empty * empty[0] / empty[1]
    return above, second.load.hits - second.empty


_PARTS: dict[str, Callable[[Seen, bool], Split | None]] = {
    "alone": _a_second("alone"),
    "idle": _a_second("idle"),
    "publish": _publish,
    "delivery": _delivery,
    "empty": _empty,
    "useful": _useful,
}
