"""Whether the generator, or the server, was at its limit: the marks of a trial.

A slow server is no fault of the generator: what the publisher had to hold back since no connection
was answered does not count against it. Lateness is no limit: what publisher, event loops and other
programs could have made of a figure is judged later, against that figure.
"""

from pushlab.lab.host.machine import port_range
from pushlab.runs import PublisherFigures, ServerFigures, SwarmFigures

__all__ = ["marks_of"]

_BUSY = 0.8  # of a core
_NEAR = 0.8  # of a limit


def marks_of(
    *,
    duration_s: float,
    swarm: SwarmFigures | None = None,
    publisher: PublisherFigures | None = None,
    server: ServerFigures | None = None,
    system: str = "hub",
    descriptor_limit: int | None = None,
    closing_connections: int = 0,
) -> list[str]:
    """``generator-bound`` and ``server-bound``, each followed by the marks that say why.

    Args:
        duration_s: of the measured window.
        system: the server's name.
        descriptor_limit: how many descriptors the swarm's process may open.
        closing_connections: connections of the machine that are closed and occupy a port still.
    """
    marks: list[str] = []
    reasons = _busy_processes(duration_s, swarm, publisher)
    if swarm is not None and swarm.open_descriptors is not None:
        reasons += _scarce(swarm, swarm.open_descriptors, descriptor_limit, closing_connections)
    if reasons:
        marks += ["generator-bound", *reasons]
    busiest = _busiest(server)
    if busiest is not None and busiest[0] > _BUSY * duration_s:
        used_s, one = busiest
        marks += ["server-bound", f"{system}{one} at {used_s / duration_s:.0%} of a core"]
    return marks


def _busiest(server: ServerFigures | None) -> tuple[float, str] | None:
    """What the busiest process of a server used, and whose it is: each has a core at most."""
    if server is None:
        return None
    if each := [one.cpu_s for one in server.workers if one.cpu_s is not None]:
        return max(each), "'s busiest process"
    return None if server.cpu_s is None else (server.cpu_s, "")


def _busy_processes(
    duration_s: float, swarm: SwarmFigures | None, publisher: PublisherFigures | None
) -> list[str]:
    reasons: list[str] = []
    for name, process in (("swarm", swarm), ("publisher", publisher)):
        if process is None:
            continue
        cpu_s, one = process.cpu_s, ""
        if isinstance(process, SwarmFigures) and process.shares:
            cpu_s, one = max(share.cpu_s for share in process.shares), "'s busiest process"
        if cpu_s is not None and cpu_s > _BUSY * duration_s:
            reasons.append(f"{name}{one} at {cpu_s / duration_s:.0%} of a core")
    if publisher is not None and publisher.skipped > publisher.held:
        reasons.append(f"{publisher.skipped - publisher.held} publishes skipped by the publisher")
    return reasons


def _scarce(
    swarm: SwarmFigures, open_descriptors: int, limit: int | None, closing_connections: int
) -> list[str]:
    """Descriptors and ports near their end."""
    reasons: list[str] = []
    held = max([share.open_descriptors or 0 for share in swarm.shares] or [open_descriptors])
    if limit is not None and limit > 0 and held > _NEAR * limit:
        reasons.append(f"swarm has {held:,} of {limit:,} descriptors")
    ports = port_range()
    closed = max(0, swarm.dials - open_descriptors)
    used = min(swarm.dials, open_descriptors) + min(closing_connections, closed)
    if ports is not None and used > _NEAR * ports:
        reasons.append(f"swarm occupies {used:,} of {ports:,} ports")
    return reasons
