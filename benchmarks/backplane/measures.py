"""The goals, one by one: each makes rows of the table."""

import statistics
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

from benchmarks.backplane.hubs import fresh_place, own_redis, running_hub, running_workers
from benchmarks.backplane.latency import latencies_s
from benchmarks.backplane.turns import Row, by_turns
from benchmarks.hub.servers import HubServer
from benchmarks.hub.work import Work, run_crowd

__all__ = ["memory", "redis_cost", "redis_latency", "workers"]

_SUBSCRIBERS = 500
_POLLERS = 100
_PIPELINED = 20
_MESSAGES = 400
_MOST_CONNECTIONS = 1_000

Sampler = Callable[[], Awaitable[float]]


async def _fan_out(server: HubServer, seconds: float, *, under_way: int, count: int) -> dict:
    return await run_crowd(
        Work(
            port=server.port,
            pids=server.pids,
            requests=server.subscribe("sse", count),
            publish_port=server.port,
            publish_hellos=[b""] * under_way,
            publish_request=server.publish(),
            seconds=seconds,
        )
    )


def _per_delivery_us(told: dict) -> float:
    return 1e6 * told["cpu_s"] / told["work"]


def _ratios(row: Row, found: list[dict[str, float]], of: str, to: str) -> Row:
    row.values = [each[of] / each[to] for each in found]
    row.beside = {name: statistics.median(each[name] for each in found) for name in found[0]}
    return row


# ---- memory, beside the hub before ----------------------------------------------------------


async def memory(code: Path, repetitions: int, seconds: float) -> list[Row]:
    """The memory backplane beside the hub that knew of none: per delivery and per poll."""

    def delivery(of: Path | None) -> Sampler:
        async def sample() -> float:
            async with running_hub(code=of) as server:
                return _per_delivery_us(
                    await _fan_out(server, seconds, under_way=1, count=_SUBSCRIBERS)
                )

        return sample

    def poll(of: Path | None) -> Sampler:
        async def sample() -> float:
            async with running_hub(code=of) as server:
                polls = await server.polls(_POLLERS)
                work = Work(
                    port=server.port,
                    pids=server.pids,
                    requests=polls.empty,
                    answers=(polls.nothing, b"\r\n\r\n"),
                    seconds=seconds,
                )
                return _per_delivery_us(await run_crowd(work))

        return sample

    rows = []
    for what, sampler in (("delivery", delivery), ("empty poll", poll)):
        found = await by_turns({"before": sampler(code), "memory": sampler(None)}, repetitions)
        row = Row(
            f"memory backplane / the hub before: hub CPU per {what} (µs)",
            "interval below 1.03",
            most=1.03,
            strict=True,
        )
        rows.append(_ratios(row, found, "memory", "before") if found else row)
    return rows


# ---- redis, beside memory ----------------------------------------------------------


async def redis_cost(repetitions: int, seconds: float) -> list[Row]:
    """Hub CPU through Redis beside memory: per delivery of a fan-out, and added per publish."""
    with own_redis() as redis:

        def sampler(name: str, *, count: int, under_way: int) -> Sampler:
            async def sample() -> float:
                where = fresh_place(redis) if name == "redis" else "memory"
                async with running_hub(backplane=where) as server:
                    told = await _fan_out(server, seconds, under_way=under_way, count=count)
                    return _per_delivery_us(told)

            return sample

        names = ("memory", "redis")
        fan_out = await by_turns(
            {name: sampler(name, count=_SUBSCRIBERS, under_way=4) for name in names}, repetitions
        )
        publish = await by_turns(
            {name: sampler(name, count=1, under_way=_PIPELINED) for name in names}, repetitions
        )
    each = _ratios(
        Row(
            f"redis / memory: hub CPU per delivery at fan-out {_SUBSCRIBERS} (µs)",
            "at most 1.15",
            most=1.15,
        ),
        fan_out,
        "redis",
        "memory",
    )
    added = Row(
        f"redis - memory: hub CPU added per publish, {_PIPELINED} under way (µs)",
        "at most 120 µs",
        unit="µs",
        most=120.0,
        values=[one["redis"] - one["memory"] for one in publish],
        beside={name: statistics.median(one[name] for one in publish) for name in names},
        note="one reader: the way back from Redis is counted too",
    )
    return [each, added]


async def redis_latency(repetitions: int) -> list[Row]:
    """The median from publish to delivery, through Redis and without."""
    with own_redis() as redis:

        def sampler(name: str) -> Sampler:
            async def sample() -> float:
                where = fresh_place(redis) if name == "redis" else "memory"
                async with running_hub(backplane=where) as server:
                    return 1e3 * statistics.median(latencies_s(server, _MESSAGES))

            return sample

        found = await by_turns({name: sampler(name) for name in ("memory", "redis")}, repetitions)
    return [
        Row(
            "redis - memory: publish to delivery, median (ms)",
            "at most 1 ms",
            unit="ms",
            most=1.0,
            values=[each["redis"] - each["memory"] for each in found],
            beside={name: statistics.median(each[name] for each in found) for name in found[0]},
        )
    ]


# ---- two workers beside one ----------------------------------------------------------


async def workers(repetitions: int, seconds: float) -> list[Row]:
    """`--workers 2` beside one: deliveries per hub CPU-second, and who holds the connections."""
    shares: list[float] = []
    with own_redis() as redis:

        def sampler(count: int) -> Sampler:
            async def sample() -> float:
                async with running_workers(count, redis) as server:
                    told = await _fan_out(server, seconds, under_way=4, count=_SUBSCRIBERS)
                    return told["work"] / told["cpu_s"]

            return sample

        found = await by_turns({"1": sampler(1), "2": sampler(2)}, repetitions)
        for _ in range(repetitions):
            async with running_workers(2, redis) as server:
                shares.append(_fuller(server))
    rates = Row(
        "--workers 2 / one, both through Redis: deliveries per hub CPU-second",
        "at least 0.85",
        least=0.85,
    )
    return [
        _ratios(rates, found, "2", "1"),
        Row(
            f"--workers 2: connections at the fuller one, of {_MOST_CONNECTIONS:,}",
            "at most 60 %",
            unit="share",
            most=0.60,
            values=shares,
        ),
    ]


def _fuller(server: HubServer) -> float:
    """The share of the one that has most of a thousand connections."""
    with server.connected(_MOST_CONNECTIONS):
        held = Counter(
            {
                pid: sum(
                    each.status == psutil.CONN_ESTABLISHED and each.laddr.port == server.port
                    for each in psutil.Process(pid).net_connections("tcp")
                )
                for pid in server.pids
            }
        )
    return max(held.values()) / sum(held.values())
