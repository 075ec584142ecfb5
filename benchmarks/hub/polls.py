"""Short polls per CPU second of the server, beside nchan."""

from typing import ClassVar

from benchmarks.harness.model import OWN, Benchmark, Contender, Goal, Sample
from benchmarks.hub import nchan
from benchmarks.hub.servers import running_server
from benchmarks.hub.work import MESSAGE, Work, run_crowd

__all__ = ["POLLS"]

_CLIENTS = 100


class _Polls(Benchmark):
    """Everybody asks again as soon as the answer is there."""

    useful: ClassVar[bool]
    unit = "polls/CPU-s"
    contenders = (
        Contender(name=OWN, title="pushlab's hub", packages=("pushlab", "uvicorn", "uvloop")),
        Contender(
            name="nchan",
            title="nginx with nchan",
            packages=("nginx", "nchan"),
            missing=nchan.missing,
        ),
    )
    goals = (Goal(beside="nchan", least=0.4),)

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh server."""
        async with running_server(contender.name) as server:
            polls = await server.polls(_CLIENTS)
            work = Work(
                port=server.port,
                pids=server.pids,
                requests=polls.useful if self.useful else polls.empty,
                requests_too=polls.useful_too if self.useful else (),
                answers=(b"HTTP/1.1 200", MESSAGE) if self.useful else (polls.nothing, b"\r\n\r\n"),
                seconds=seconds,
            )
            return Sample.rate(**await run_crowd(work))


class _EmptyPolls(_Polls):
    name = "hub-polls-empty"
    title = "Hub: empty polls per server CPU-second"
    useful = False
    setting = (
        f"{_CLIENTS} clients of one channel on kept-alive connections, all up to date. The hub"
        " checks each client's token, renews its presence and answers 204; nchan answers 304."
    )


class _UsefulPolls(_Polls):
    name = "hub-polls-useful"
    title = "Hub: useful polls per server CPU-second"
    useful = True
    setting = (
        f"{_CLIENTS} clients of one channel on kept-alive connections, each behind by the newest"
        " message of 100 bytes. The hub answers with a page in JSON; nchan with the message bare."
    )


POLLS: tuple[type[Benchmark], ...] = (_EmptyPolls, _UsefulPolls)
