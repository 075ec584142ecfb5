"""What is said of the machine, and what is not; limits; CPU seconds of other processes."""

import asyncio
import getpass
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from pushlab.errors import NotEnoughDescriptors
from pushlab.lab.host.machine import (
    SPARE_DESCRIPTORS,
    describe_machine,
    require_descriptors,
)
from pushlab.lab.host.process_sampler import ProcessWatch, cpu_seconds
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.stored import FLOOR
from pushlab.lab.trial.baseline import baseline_backend
from pushlab.lab.trial.plan import TrialPlan, order_of_trials
from pushlab.runs import Run
from pushlab.testing.null import Null
from tests.lab.lab_tools import run, tiny


def test_the_description_names_no_host_no_user_and_no_path() -> None:
    told = json.dumps(describe_machine("mosquitto 2.0"))
    assert '"mosquitto 2.0"' in told
    for secret in (socket.gethostname(), getpass.getuser(), str(Path.home()), os.getcwd()):
        if len(secret) > 3:  # "vm" may be part of anything
            assert secret not in told


def test_the_description_names_the_commit_of_a_checkout() -> None:
    root = Path(__file__).parents[3]
    asked = ["git", "-C", str(root), "rev-parse", "HEAD"]
    git = shutil.which("git") and subprocess.run(asked, capture_output=True, text=True, check=False)
    if not git or git.returncode:
        pytest.skip("not in a checkout")
    assert str(describe_machine()["commit"]).rstrip("+") == git.stdout.strip()


def test_enough_descriptors_are_no_error_and_raise_the_soft_limit() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        require_descriptors(512)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 512 + SPARE_DESCRIPTORS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_few_descriptors_are_told_with_the_numbers() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine has no limit")
    require_descriptors(hard - SPARE_DESCRIPTORS)
    with pytest.raises(NotEnoughDescriptors) as caught:
        require_descriptors(hard - SPARE_DESCRIPTORS + 1)
    assert f"{hard:,}" in str(caught.value)
    assert f"{hard - SPARE_DESCRIPTORS:,}" in str(caught.value)


async def test_cpu_seconds_and_memory_of_another_process() -> None:
    code = (
        "import time\nwhile time.process_time() < 0.5: pass\nprint(time.process_time(), flush=True)"
        "\ninput()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    told = float(await process.stdout.readline())
    seen = cpu_seconds(process.pid)
    assert seen is not None
    assert told <= seen + 0.02 < told + 1
    watch = ProcessWatch(process.pid)
    watch.sample()
    assert watch.held["rss_bytes"] > 1_000_000
    assert watch.held["open_descriptors"] >= 3
    process.kill()
    await process.wait()
    assert cpu_seconds(process.pid) is None
    watch.sample()  # a process that is gone is no error


def test_the_order_of_trials_is_a_shuffle_of_each_repetition() -> None:
    order, again, other = (list(islice(order_of_trials(5, seed), 40)) for seed in (1, 1, 2))
    assert order == again != other
    rounds = [order[i : i + 5] for i in range(0, 40, 5)]
    for index, cells in enumerate(rounds):
        assert sorted(cells) == [(cell, index) for cell in range(5)]
    assert len({tuple(cell for cell, _ in cells) for cells in rounds}) > 1


def test_every_cell_of_a_repetition_gets_the_same_work() -> None:
    scenario = tiny(["sse", "websocket"])
    first, other = (TrialPlan(scenario, cell, i, 0) for i, cell in enumerate(scenario.cells))
    assert first.seed == other.seed
    assert (first.schedule().offset_ns == other.schedule().offset_ns).all()
    again = TrialPlan(scenario, scenario.cells[0], 2, 1)
    assert again.seed != first.seed
    assert (again.schedule().offset_ns != first.schedule().offset_ns).any()


async def test_the_harness_has_a_floor(tmp_path: Path) -> None:
    scenario = tiny(["sse"], duration_s=0.5)
    path = await run_scenario(
        scenario, out=tmp_path, floor=baseline_backend(Null()), command=["pushlab"]
    )
    result = Run.load(path)
    assert result.cells == ["sse", FLOOR]
    (floor,) = result.trials_of(FLOOR)
    assert floor.status == "ok"
    assert floor.floor
    assert not result.trials_of("sse")[0].floor
    publishes, deliveries = result.publishes(floor), result.deliveries(floor)
    assert (publishes.status == 202).all()
    assert len(deliveries) == len(publishes) * floor.per_channel
    others = result.publishes(result.trials_of("sse")[0])
    assert (publishes.channel[~publishes.warmup] == others.channel[~others.warmup]).all()


async def test_a_password_in_a_url_stays_out_of_the_run(tmp_path: Path) -> None:
    scenario = tiny(["sse"], duration_s=0.1, broker="mqtt://admin:secret-word@127.0.0.1:1")
    command = ["pushlab", "compare", "--broker=mqtt://admin:secret-word@127.0.0.1:1"]
    path = await run_scenario(scenario, out=tmp_path, command=command)
    text = (path / "run.json").read_text()
    assert "secret-word" not in text
    assert "mqtt://127.0.0.1:1" in text


async def test_no_token_and_no_key_is_in_a_run(tmp_path: Path) -> None:
    result = await run(tiny(["sse"], duration_s=0.1), tmp_path)
    text = (result.path / "run.json").read_text().lower()
    assert "bearer" not in text
    assert "token" not in text
