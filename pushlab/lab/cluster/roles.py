"""Which worker gets which role: by labels, and else each role on another machine while they last.

The server is alone where there are two workers or more, the publisher where there are three; the
shares of the swarm take turns on the rest. Workers of several machines are taken from one machine
after the other, since two on one machine share its cores.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pushlab.errors import SetupError
from pushlab.lab.scenario.placing import ClusterRoles

__all__ = ["Roles", "WorkerSeen", "choose_roles"]


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker as the scheduler tells of it.

    Attributes:
        address: Dask's, such as ``tcp://10.0.0.2:40331``.
        host: its machine.
        resources: its labels, each with an amount.
    """

    address: str
    host: str
    resources: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Roles:
    """The addresses of the workers of each role; those of the swarm get its shares in turn.

    Attributes:
        broker: empty: it stands beside the server.
    """

    server: str
    publisher: str
    swarm: Sequence[str]
    broker: str = ""


def choose_roles(workers: Iterable[WorkerSeen], wanted: ClusterRoles) -> Roles:
    """Share out the roles.

    Raises:
        SetupError: there is no worker for one.
    """
    ordered = _by_turns(workers)
    if not ordered:
        raise SetupError("no worker is left on the cluster")

    def fit(role: str) -> list[WorkerSeen]:
        label = getattr(wanted, role)
        found = [one for one in ordered if not label or one.resources.get(label, 0) > 0]
        if not found:
            raise SetupError(
                f"no worker of the cluster has the resource {label!r} (cluster.{role})"
            )
        return found

    server = fit("server")[0]
    taken, broker = {server.address}, ""
    if wanted.broker:
        broker = _first(fit("broker"), lambda one: one.address not in taken).address
        taken.add(broker)
    publisher = _first(fit("publisher"), lambda one: one.address not in taken)
    taken.add(publisher.address)
    swarm = [one for one in fit("swarm") if one.address not in taken]
    if not swarm:  # beside the publisher, which needs little; beside the server if it must be
        swarm = [_first(fit("swarm"), lambda one: one.address != server.address)]
    return Roles(server.address, publisher.address, [one.address for one in swarm], broker)


def _first(found: Sequence[WorkerSeen], wish: Callable[[WorkerSeen], bool]) -> WorkerSeen:
    """The first that is as wished, or else the last."""
    return next((one for one in found if wish(one)), found[-1])


def _by_turns(workers: Iterable[WorkerSeen]) -> list[WorkerSeen]:
    """One of each machine, then a second of each, and so on."""
    of_host: dict[str, list[WorkerSeen]] = defaultdict(list)
    for one in workers:
        of_host[one.host].append(one)
    turn = {one.address: place for each in of_host.values() for place, one in enumerate(each)}
    return sorted((one for each in of_host.values() for one in each), key=lambda o: turn[o.address])
