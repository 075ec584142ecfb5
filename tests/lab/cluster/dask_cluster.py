"""A Dask scheduler and workers of the tests' own, each a process that can be killed."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.patience import PATIENCE_S, until


class DaskCluster:
    """A scheduler; `add` starts workers."""

    def __init__(self, folder: Path, protocol: str = "tcp", **environment: str) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._file = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        where = ("--host", "127.0.0.1", "--port", "0", "--protocol", protocol)
        self._run("scheduler", *where)

    def _run(self, *words: str, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        common = ("--scheduler-file", str(self._file), "--no-dashboard")
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "dask", *words, *common],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    @property
    def address(self) -> str:
        return str(json.loads(self._file.read_text())["address"])

    async def up(self) -> str:
        def there() -> bool:
            with contextlib.suppress(OSError, ValueError, KeyError):
                return bool(self.address)
            return False

        await until(there, "the scheduler did not start")
        return self.address

    def add(self, *labels: str, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """A worker with these resources; `before`: a command that starts it."""
        resources = ",".join(f"{label}=1" for label in labels)
        more = ("--resources", resources) if resources else ()
        local = ("--local-directory", str(self._folder))
        words = ("worker", "--no-nanny", "--nthreads", "1", *local, *more)
        return self._run(*words, before=before)

    def close(self) -> None:
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait(PATIENCE_S)


@contextlib.contextmanager
def dask_cluster(folder: Path, **how: str) -> Iterator[DaskCluster]:
    cluster = DaskCluster(folder, **how)
    try:
        yield cluster
    finally:
        cluster.close()


def of_pushlab(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """What a worker has started."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(worker.pid).children(recursive=True)
    return []


async def until_gone(processes: list[psutil.Process]) -> None:
    """Wait until none of them runs any more."""

    def gone() -> bool:
        return not any(
            one.is_running() and one.status() != psutil.STATUS_ZOMBIE
            for one in processes
            if psutil.pid_exists(one.pid)
        )

    await until(gone, f"left behind: {processes}")
    await asyncio.sleep(0)
