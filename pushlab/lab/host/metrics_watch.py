"""Watching a server by what it tells Prometheus: its process cannot be looked at from here.

The client libraries of Prometheus tell CPU seconds, resident memory and descriptors of a process
under the same names in every language. It is asked twice a second; what it used within a window is
read between the answers, so that nothing need be asked at a window's very end.
"""

import asyncio
import math
import re
import time

import numpy as np

from pushlab.contract.subscriber import Endpoint
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.wire.http1 import BadResponse, request_bytes
from pushlab.wire.http_client import fetch
from pushlab.wire.tls import client_context

__all__ = ["MetricsWatch", "read_metrics"]

_EVERY_S = 0.5
_WITHIN_S = 2.0
_CPU, _MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"
_DESCRIPTORS = "process_open_fds"


class MetricsWatch(ProcessWatch):
    """Samples what is told at an address, in Prometheus's text format.

    Attributes:
        trouble: why the last look brought nothing; empty where it brought something.
    """

    exact = False

    def __init__(self, url: str, name: str = "") -> None:
        super().__init__(0, name)
        self.trouble = ""
        self._url = url
        self._end = Endpoint.from_url(url)
        self._asking: asyncio.Task[None] | None = None
        self._asked_s = -math.inf

    def used_cpu_s(self) -> float | None:
        """CPU seconds when it was asked last; None when there was no answer."""
        return self.samples[-1][3] if self.samples else None

    def used_between(self, start_ns: int, end_ns: int) -> float | None:
        """CPU seconds within a window; None where there are no answers before and behind it."""
        rows = sorted(self.samples, key=lambda row: row[2])
        at_ns, used = [row[2] for row in rows], [row[3] for row in rows]
        if not at_ns or at_ns[0] > start_ns or at_ns[-1] < end_ns:
            return None
        before, after = np.interp((start_ns, end_ns), at_ns, used)
        return float(after - before) if after >= before else None

    def why_not(self) -> str:
        """Why CPU and memory are not known."""
        told = self.trouble or "it was not answered before and behind the window"
        return f"metrics: {self._url}: {told}"

    def sample(self, phase: str = "") -> None:
        """Ask, unless it was asked a moment ago; the answer is a sample when it is there."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= _EVERY_S and (self._asking is None or self._asking.done()):
            self._asked_s = now_s
            self._asking = asyncio.ensure_future(self.look(phase))

    async def look(self, phase: str = "") -> None:
        """Ask once; what goes wrong is the `trouble`."""
        from_ns = time.monotonic_ns()
        try:
            answer = await fetch(
                self._end.host,
                self._end.port,
                request_bytes(
                    self._end.authority,
                    "GET",
                    self._end.path or "/",
                    headers={"Connection": "close", "Accept": "text/plain"},
                ),
                tls=client_context() if self._end.tls else None,
                within_s=_WITHIN_S,
            )
            if answer.status != 200:
                raise BadResponse(f"answers {answer.status}")
            cpu_s, memory, descriptors = read_metrics(
                b"".join(answer.body).decode(errors="replace")
            )
        except TimeoutError:
            self.trouble = f"does not answer within {_WITHIN_S:g} s"
        except (OSError, ValueError, BadResponse) as error:
            self.trouble = str(error) or "does not answer"
        else:
            self.trouble = ""
            at_ns = (from_ns + time.monotonic_ns()) // 2
            self.samples.append((self.name, phase, at_ns, cpu_s, memory, descriptors, None))
            most = map(max, self.held.values(), (memory, descriptors))
            self.held = dict(zip(self.held, most, strict=True))


def read_metrics(text: str) -> tuple[float, int, int]:
    """CPU seconds, resident bytes and open descriptors; no descriptors are 0.

    Several processes that are told apart by labels are added up.

    Raises:
        ValueError: CPU or memory is not told, or is no number.
    """
    cpu_s, memory, descriptors = (_sum(text, name) for name in (_CPU, _MEMORY, _DESCRIPTORS))
    for name, value in ((_CPU, cpu_s), (_MEMORY, memory)):
        if value is None:
            raise ValueError(f"tells no {name}")
    return cpu_s or 0.0, int(memory or 0), int(descriptors or 0)


def _sum(text: str, name: str) -> float | None:
    found = re.findall(rf"^{name}(?:\{{.*\}})?[ \t]+(\S+)", text, re.MULTILINE)
    try:
        values = [float(value) for value in found]
    except ValueError:
        values = [math.nan]
    if not all(0 <= value < math.inf for value in values):
        raise ValueError(f"tells {name} as no number: {found[0][:20]}")
    return sum(values) if values else None
