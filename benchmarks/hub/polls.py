"""Short polls per CPU second of the server, asked by wrk, beside nchan."""

import json
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.harness.model import OWN, Benchmark, Contender, Goal, Sample
from benchmarks.harness.processes import program_missing, start_child
from benchmarks.hub import nchan
from benchmarks.hub.servers import running_server
from benchmarks.hub.work import GENERATOR_CORE, MARK, cpu_of_all

__all__ = ["POLLS"]

_CLIENTS = 100
_WARM_S = 1.0

#: wrk's script: each request is the next client's, whole and made beforehand.
_SCRIPT = """
local requests = {{ {requests} }}
local count, at = #requests, 0
request = function()
  at = at % count + 1
  return requests[at]
end
done = function(summary)
  local e = summary.errors
  print(string.format("told %d %d", summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def _missing() -> str | None:
    return program_missing("wrk")() or nchan.missing()


class _Polls(Benchmark):
    """Everybody asks again as soon as the answer is there."""

    useful: ClassVar[bool]
    unit = "polls/CPU-s"
    contenders = (
        Contender(
            name=OWN,
            title="pushlab's hub",
            packages=("pushlab", "uvicorn", "uvloop", "wrk"),
            missing=program_missing("wrk"),
        ),
        Contender(
            name="nchan", title="nginx with nchan", packages=("nginx", "nchan"), missing=_missing
        ),
    )
    goals = (Goal(beside="nchan", least=0.4),)

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh server."""
        async with running_server(contender.name) as server:
            polls = await server.polls(_CLIENTS)
            requests = polls.useful if self.useful else polls.empty
            status, body = await server.ask(requests[0])
            if (status == 200 and MARK in body) is not self.useful or status not in (200, 204, 304):
                raise RuntimeError(f"not the answer that was wanted: {status} {body[:60]!r}")
            await _wrk(server.url, requests, _WARM_S)
            (cpu_s, kernel_s), began_s = cpu_of_all(server.pids), time.monotonic()
            done = await _wrk(server.url, requests, seconds)
            wall_s = time.monotonic() - began_s
            cpu_now_s, kernel_now_s = cpu_of_all(server.pids)
            return Sample.rate(
                done, cpu_now_s - cpu_s, wall_s, kernel_s=round(kernel_now_s - kernel_s, 3)
            )


async def _wrk(url: str, requests: Sequence[bytes], seconds: float) -> int:
    """Let wrk ask; how many answers it had, all of them good."""
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
        script = Path(folder) / "polls.lua"
        # JSON's escapes of these ASCII texts are Lua's as well.
        quoted = ",\n".join(json.dumps(request.decode()) for request in requests)
        script.write_text(_SCRIPT.format(requests=quoted))
        whole_s = max(1, round(seconds))  # wrk knows no fractions
        command = ["wrk", "-t1", f"-c{_CLIENTS}", f"-d{whole_s}s", "-s", str(script), url]
        async with start_child(command, core=GENERATOR_CORE) as child:
            await child.until(lambda: child.ended, seconds + 30, "wrk")
            await child.wait()
            told = re.search(r"told (\d+) (\d+)", child.log)
            if told is None or int(told[2]):
                raise RuntimeError(f"wrk said: {child.log[-300:]}")
            return int(told[1])


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
