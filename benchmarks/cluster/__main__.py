"""A cluster on this machine: 15,000 subscribers over two hubs and three shares of the swarm.

    python -m benchmarks.cluster            # `make cluster-demo` installs what it needs

A Dask scheduler and three workers are started as one would start them on four machines: one worker
for the server (two hubs and their Redis) and the publisher, two for the swarm's shares. No process
may have more than 20,000 descriptors. Exit status 1 if a message was lost, or a share or hub was
not there; 2 if something could not be started.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pushlab.analysis.summary.stored import summary_of
from pushlab.child_environment import child_environment
from pushlab.errors import BackplaneUnavailable
from pushlab.hub.backplane.redis_server import find_redis
from pushlab.runs import Run, latest_run

SCENARIO = Path(__file__).parent / "demo.toml"
DESCRIPTORS = 20_000
HUBS, SHARES = 2, 3
WORKERS = ("server=1", "swarm=1", "swarm=1")
_START_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build/cluster-demo"))
    parser.add_argument("--clients", type=int, help="fewer or more of them")
    asked = parser.parse_args()
    if reason := missing():
        print(f"cluster-demo: {reason}", file=sys.stderr)
        return 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began_s = time.monotonic()
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out.mkdir(parents=True)
    with dask_cluster(asked.out) as address:
        print(f"a Dask scheduler on {address}, {len(WORKERS)} workers", flush=True)
        command = [sys.executable, "-m", "pushlab", "compare", str(SCENARIO)]
        command += ["--cluster", address, "--out", str(asked.out / "run")]
        command += ["--clients", str(asked.clients)] if asked.clients else []
        status = subprocess.run(command, env=child_environment(), check=False).returncode
    if status:
        print(f"cluster-demo: pushlab compare ended with {status}", file=sys.stderr)
        return 2
    return judged(Run.load(latest_run(asked.out / "run")), time.monotonic() - began_s)


def missing() -> str:
    """What is not installed, and how to install it; empty if all is there."""
    try:
        find_redis()
    except BackplaneUnavailable as error:
        return str(error)
    for module, extra in (("distributed", "cluster"), ("redis", "redis")):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed; pip install 'pushlab[{extra}]'"
    return ""


@contextlib.contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    """A scheduler and its workers, each a process, as on machines of their own; its address."""
    file = (folder / "scheduler.json").absolute()
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((folder / "dask.log").open("wb"))
        stack.enter_context(_process([*scheduler, *common], log))
        address = _until_told(file)
        for number, label in enumerate(WORKERS):
            worker = ["distributed.cli.dask_worker", "--name", f"worker-{number + 1}"]
            worker += ["--nthreads", "1", "--memory-limit", "0", "--resources", label]
            worker += ["--local-directory", str(folder / "dask"), *common]
            stack.enter_context(_process(worker, log))
        _until_there(address, len(WORKERS))
        yield address


@contextlib.contextmanager
def _process(arguments: list[str], log: object) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,  # type: ignore[arg-type]
        stderr=subprocess.STDOUT,
        env={**child_environment(), "DASK_DISTRIBUTED__WORKER__DAEMON": "False"},
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_told(file: Path) -> str:
    due_s = time.monotonic() + _START_S
    while time.monotonic() < due_s:
        with contextlib.suppress(OSError, ValueError):
            return str(json.loads(file.read_text())["address"])
        time.sleep(0.1)
    raise SystemExit("cluster-demo: no Dask scheduler came up")


def _until_there(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=_START_S) as client:
        client.wait_for_workers(workers, timeout=_START_S)


def judged(run: Run, took_s: float) -> int:
    """Say what came of it, and who ran where."""
    trial, cell = run.trials[0], summary_of(run).cells["sse"]
    delivered, lost = cell["delivered"] or 0.0, cell["lost"] or 0.0
    print(f"\n{trial.clients:,} subscribers: {delivered:,.0f} deliveries, {lost:,.0f} lost")
    for words in run.placed:
        print(f"  {words}")
    hubs = trial.server.workers if trial.server else []
    for hub in hubs:
        descriptors = hub.open_descriptors or 0
        print(f"  hub {hub.number}: {descriptors:,} descriptors, {hub.cpu_s or 0:.2f} CPU seconds")
    shares = trial.swarm.shares if trial.swarm else []
    for share in shares:
        print(
            f"  share {share.number} of the swarm: {share.clients:,} subscribers,"
            f" {share.deliveries:,} deliveries, {share.open_descriptors:,} descriptors"
        )
    print(f"  {took_s:.0f} s in all; at most {DESCRIPTORS:,} descriptors in a process")
    print(f"  the report: {run.path / 'report.html'}")
    whole = (
        trial.status == "ok"
        and not lost
        and delivered
        and len(shares) == SHARES
        and len(hubs) == HUBS
    )
    return 0 if whole else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
