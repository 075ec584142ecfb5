"""A signal ends a command without a traceback, with the status that a shell tells."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from pushlab import signals
from pushlab.errors import Stopped
from tests.patience import PATIENCE_S

#: Runs the command ``pushlab scenarios`` and sends itself a signal as it loads a module.
_SCRIPT = """
import os, signal, sys
from pushlab.__main__ import main

module, number = sys.argv[1], int(sys.argv[2])

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), number)

sys.meta_path.insert(0, Finder())
sys.argv = ["pushlab", "scenarios"]
if os.environ.get("AS_NOHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


def run(module: str, number: int, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, module, str(int(number))],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize(
    ("module", "number", "status"),
    [
        ("pushlab.errors", signal.SIGINT, 130),  # before anything is loaded
        ("pushlab.cli.deciding", signal.SIGINT, 130),
        ("pushlab.cli.deciding", signal.SIGHUP, 129),
        ("pushlab.commands.scenarios", signal.SIGTERM, 143),  # while the command is loaded
        ("pushlab.commands.scenarios", signal.SIGINT, 130),
    ],
)
def test_a_signal_while_modules_are_loaded_is_quiet(module, number, status):
    done = run(module, number)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_a_signal_within_an_exec_keeps_its_status(tmp_path):
    tmp_path.joinpath("interrupted.py").write_text(
        "import sys, pushlab.cli\n"
        "from pushlab.__main__ import main\n"
        "end = 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'\n"
        "pushlab.cli._run = lambda words: exec(end)\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")


def test_nohup_is_respected():
    done = run("pushlab.commands.scenarios", signal.SIGHUP, AS_NOHUP="1")
    assert done.returncode == 0
    assert "quick" in done.stdout


async def test_a_signal_sets_the_event_and_what_was_there_before_comes_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        stop = asyncio.Event()
        with signals.interrupting(), signals.setting(stop):
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)  # a second one does no more
            await asyncio.wait_for(stop.wait(), PATIENCE_S)
            await asyncio.sleep(0)
        assert signals.exit_status() == 128 + number
        assert signals.ended_by_signal()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_what_is_stopped_before_its_end_is_cancelled():
    stop, ended = asyncio.Event(), []

    async def work():
        try:
            await asyncio.sleep(PATIENCE_S)
        finally:
            ended.append(True)

    async def quick():
        return 7

    assert await signals.unless_stopped(quick(), stop) == 7
    asyncio.get_running_loop().call_later(0.01, stop.set)
    with pytest.raises(Stopped):
        await signals.unless_stopped(work(), stop)
    assert ended == [True]
