import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pushlab.errors import SetupError
from pushlab.systems.launch import launch
from tests.patience import PATIENCE_S, until

SERVER = "sh -c 'sleep 1000 & sleep 1000; true'"
#: Starts that server, says so, and waits.
LAUNCHES = f"""
import asyncio
from pushlab.systems.launch import launch

async def main():
    process = await launch({SERVER!r}, name="made-up")
    print(process.pid, process.scratch, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def tree(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def ours() -> set[int]:
    """Who descends from this process, in which other tests may have servers."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def test_a_server_ends_with_all_that_it_has_started_and_nobody_waits_for_it_any_more():
    before = ours()
    process = await launch(SERVER, name="made-up")
    await until(lambda: len(tree(process.pid)) == 3)
    began = tree(process.pid)
    await process.stop()
    _, alive = psutil.wait_procs(began, timeout=PATIENCE_S)  # till somebody has asked after them
    assert not alive
    assert not process.scratch.exists()
    assert ours() <= before


async def test_nobody_waits_for_a_server_that_was_killed():
    before = ours()
    process = await launch(SERVER, name="made-up")
    process.kill()
    await process.wait()
    await until(lambda: ours() <= before)
    await process.stop()
    assert not process.scratch.exists()


def test_a_server_ends_when_whoever_started_it_is_killed():
    running = subprocess.Popen([sys.executable, "-c", LAUNCHES], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        pid, scratch = running.stdout.readline().split()
        began = tree(int(pid))
        running.kill()
        _, alive = psutil.wait_procs(began, timeout=PATIENCE_S)
        assert not alive
        asyncio.run(until(lambda: not Path(scratch).exists()))
    finally:
        running.kill()
        running.communicate()
        shutil.rmtree(scratch, ignore_errors=True)


async def test_what_cannot_be_started_is_told():
    with pytest.raises(SetupError, match="made-up: cannot start 'no-such-program': No such file"):
        await launch("no-such-program", name="made-up")
