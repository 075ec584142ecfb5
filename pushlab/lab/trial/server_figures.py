"""The figures of what a trial's server is made of: its processes, its broker, its backplane."""

from typing import Any

from pushlab.lab.trial.moments import Moment
from pushlab.lab.trial.testbed import Cpu, Testbed
from pushlab.runs import BackplaneFigures, BrokerFigures, WorkerFigures

__all__ = ["backplane_figures", "broker_figures", "used_cpu_s", "worker_figures"]


def used_cpu_s(before: Cpu, after: Cpu, name: str) -> float | None:
    """CPU seconds between two moments; None where it was gone at one of them."""
    first, last = before.get(name), after.get(name)
    return None if first is None or last is None else last - first


def worker_figures(testbed: Testbed, before: Cpu, after: Cpu) -> list[WorkerFigures]:
    """The figures of each process of the server, if there are several."""
    hub = testbed.watches.get("hub")
    return [
        WorkerFigures(number=number, cpu_s=used_cpu_s(before, after, one.name), **one.held)
        for number, one in enumerate(hub.members if hub is not None else (), 1)
    ]


def broker_figures(
    testbed: Testbed, before: Moment | None, after: Moment | None
) -> BrokerFigures | None:
    """What the broker used between the ends of the window; None: there is none."""
    broker = testbed.broker
    if broker is None:
        return None
    used = _used(testbed, "broker", before, after)
    return BrokerFigures(kind=broker.kind, version=broker.version, **used)


def backplane_figures(
    testbed: Testbed, before: Moment | None, after: Moment | None
) -> BackplaneFigures | None:
    """What hubs shared and that used between the ends of the window; None: there is none."""
    beside = testbed.backplane
    if beside is None:
        return None
    used = _used(testbed, "backplane", before, after)
    return BackplaneFigures(kind=beside.kind, version=beside.version, **used)


def _used(
    testbed: Testbed, name: str, before: Moment | None, after: Moment | None
) -> dict[str, Any]:
    """What a process beside the server used between the ends of the window."""
    return {
        "cpu_s": used_cpu_s(before.cpu, after.cpu, name) if before and after else None,
        "counted_ns": [before.seen_ns, after.seen_ns] if before and after else None,
        "rss_bytes": testbed.held(name).get("rss_bytes"),
    }
