"""A run's hold of a Dask cluster: which workers there are, who gets which role, and what is lost.

Dask's own configuration says how its connections are encrypted; an address such as
``tls://scheduler:8786`` is all that is told here. Workers are called ``worker-1``, ``worker-2`` and
so on: a run's folder names no host.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pushlab.errors import MissingExtra, SetupError, UsageError
from pushlab.hub.child import end_child, spawn_child
from pushlab.lab.cluster.host import Host
from pushlab.lab.cluster.place import DaskPlace
from pushlab.lab.cluster.roles import WorkerSeen, choose_roles
from pushlab.lab.cluster.versions import check_versions
from pushlab.lab.place import Placement
from pushlab.lab.scenario.placing import ClusterRoles

__all__ = ["Cluster", "open_cluster"]

_CONNECT_S = 15.0
_START_S = 60.0
_AGAIN_S = 15.0  # for a nanny to start another worker, where none is left
_LOOK_S = 0.25
_LEASE_S = 180.0  # a runner that reads many rows may be silent for long
_LOCAL = "local:"
_MOST_LOCAL = 64


class Cluster:
    """The workers of a cluster, and the places that were opened on them; see `open_cluster`.

    Args:
        client: of Dask's, asynchronous.
        wanted: which workers may run what.
    """

    def __init__(self, client: Any, wanted: ClusterRoles) -> None:
        self._client = client
        self._wanted = wanted
        self._labels: dict[str, str] = {}
        self._places: dict[str, DaskPlace] = {}
        self._checked: set[str] = set()

    @property
    def machines(self) -> Mapping[str, Mapping[str, Any]]:
        """By label, the machine and the software of each worker that was used."""
        hosts = list(dict.fromkeys(one.address for one in self._places.values()))
        return {
            one.label: {"host": f"host-{hosts.index(one.address) + 1}", **one.machine}
            for one in self._places.values()
            if one.machine
        }

    def label(self, address: str) -> str:
        """What a worker is called; it keeps its name, and no other gets it."""
        return self._labels.setdefault(address, f"worker-{len(self._labels) + 1}")

    async def _workers(self) -> list[WorkerSeen]:
        """Those that are there now, but for what was lost, in the order of their labels."""
        told = await self._client.scheduler.identity()
        found = []
        for address, about in told["workers"].items():
            place = self._places.get(address)
            if place is None or not place.why_lost:
                host = urlsplit(address).hostname or ""
                found.append(WorkerSeen(address, host, about.get("resources") or {}))
        found.sort(key=lambda one: (one.host, one.address))
        for one in found:
            self.label(one.address)
        return sorted(found, key=lambda one: int(self.label(one.address).rpartition("-")[2]))

    async def until_ready(self, workers: int) -> None:
        """Wait for so many workers, and hold their versions against those here.

        Raises:
            SetupError: they do not come, or are not alike.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S if workers > 1 else _AGAIN_S):
                while len(await self._workers()) < workers:  # noqa: ASYNC110 - Dask's to know
                    await asyncio.sleep(_LOOK_S)
        if not await self._workers():
            raise SetupError("the cluster has no worker; start some, and see docs/scale.md")
        await self._check_new()

    async def _check_new(self) -> None:
        """Check the versions of workers that were not there before. Raises SetupError."""
        there = {one.address for one in await self._workers()}
        if not there <= self._checked:
            await check_versions(self._client, self.label)
            self._checked |= there

    async def placement(self) -> Placement:
        """Where the roles of the next trial run, on the workers that there are.

        Raises:
            SetupError: there is none for a role.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                while not await self._workers():  # noqa: ASYNC110 - Dask's to know
                    await asyncio.sleep(_LOOK_S)
        await self._check_new()
        roles = choose_roles(await self._workers(), self._wanted)
        apart = [roles.broker] if roles.broker else []
        addresses = list(dict.fromkeys([roles.server, roles.publisher, *roles.swarm, *apart]))
        places = dict(zip(addresses, await self._opened(addresses), strict=True))
        swarm = tuple(places[address] for address in roles.swarm)
        broker = places.get(roles.broker)
        return Placement(places[roles.server], places[roles.publisher], swarm, broker)

    async def _opened(self, addresses: list[str]) -> list[DaskPlace]:
        """The places on these workers. Raises SetupError: one cannot be opened."""
        return await asyncio.gather(*(self._open(address) for address in addresses))

    async def _open(self, address: str) -> DaskPlace:
        if address in self._places:
            return self._places[address]
        label = self.label(address)
        future = self._client.submit(
            Host, _LEASE_S, actor=True, workers=[address], allow_other_workers=False, pure=False
        )
        try:
            actor = await asyncio.wait_for(future, _START_S)
        except Exception as error:  # whatever a worker may say
            raise SetupError(f"{label}: nothing can be started there: {error}") from error
        host = urlsplit(address).hostname or "127.0.0.1"
        place = self._places[address] = DaskPlace(actor, label, host)
        await place.open()
        return place

    async def close(self) -> None:
        """End whatever runs on the workers."""
        await asyncio.gather(*(place.close() for place in self._places.values()))


@contextlib.asynccontextmanager
async def open_cluster(address: str, wanted: ClusterRoles) -> AsyncIterator[Cluster]:
    """The cluster of a scheduler (``tcp://host:8786``), or one of this machine (``local:4``).

    Raises:
        UsageError: the address is none.
        MissingExtra: Dask is not installed.
        SetupError: nobody answers there, no worker is there, or versions differ.
    """
    local = _local_workers(address)
    try:
        import distributed
    except ImportError as error:
        raise MissingExtra(
            "--cluster needs Dask, which is not installed; pip install 'pushlab[cluster]'"
        ) from error
    # What Dask says of a worker that is gone is told here in one line.
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    async with contextlib.AsyncExitStack() as stack:
        if local:
            address = await stack.enter_async_context(_local_cluster(local))
        try:
            connect: Any = distributed.Client
            client = await connect(address, asynchronous=True, timeout=_CONNECT_S)
        except (OSError, TimeoutError, TypeError, ValueError) as error:
            told = " ".join(str(error).split()) or type(error).__name__
            raise SetupError(f"no Dask scheduler answers at {address}: {told}") from error
        stack.push_async_callback(client.close)
        cluster = Cluster(client, wanted)
        stack.push_async_callback(cluster.close)
        await cluster.until_ready(local or 1)
        yield cluster


def _local_workers(address: str) -> int:
    """How many workers of this machine are asked for; 0: a scheduler's. Raises UsageError."""
    if not address.startswith(_LOCAL):
        if "://" not in address or not urlsplit(address).hostname:
            raise UsageError(
                f"--cluster: {address!r} is neither a scheduler's address, such as"
                " tcp://scheduler:8786, nor local:4"
            )
        return 0
    told = address.removeprefix(_LOCAL)
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= _MOST_LOCAL:
        raise UsageError(f"--cluster: local:N takes a number of workers from 1 to {_MOST_LOCAL}")
    return int(told)


@contextlib.asynccontextmanager
async def _local_cluster(workers: int) -> AsyncIterator[str]:
    """The scheduler's address of a cluster on this machine, which runs meanwhile."""
    process = await spawn_child("pushlab.lab.cluster.local_process", str(workers))
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        except TimeoutError:
            line = b""
        if not line:
            process.kill()
            said = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
            why = said[-1] if said else "it said nothing"
            raise SetupError(f"no Dask cluster could be started here: {why}")
        draining = asyncio.ensure_future(_drain(process.stderr))
        try:
            yield json.loads(line)["address"]
        finally:
            draining.cancel()
    finally:
        await end_child(process, within_s=10.0)


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass
