"""servers/mosquitto/start.sh, as a terminal runs it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from pushlab.brokers.start import start_broker
from pushlab.contract.events import Connected, Message
from pushlab.contract.tokens import TokenKeys
from tests.brokers.site import Reader, Site, bridged, needs_mosquitto
from tests.patience import PATIENCE_S, until

START = Path(__file__).parents[2] / "servers" / "mosquitto" / "start.sh"


@contextlib.asynccontextmanager
async def by_hand(port: int | str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """start.sh as a terminal runs it: in a process group of its own, which Ctrl-C reaches."""
    shell = await asyncio.create_subprocess_exec(
        *("sh", str(START), str(port)),
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield shell
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        await shell.communicate()


def group_of(pid: int) -> list[psutil.Process]:
    """The processes of a group that still run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def command_lines(pid: int) -> str:
    """Those of a group's processes."""
    return " ".join(word for process in group_of(pid) for word in process.cmdline())


@needs_mosquitto
@pytest.mark.parametrize("end", ["Ctrl-C", "TERM to the shell alone"])
async def test_the_broker_started_by_hand_carries_messages_and_leaves_nothing(
    end, unused_port, tmp_path, monkeypatch
):
    async with by_hand(unused_port, tmp_path) as shell, asyncio.timeout(PATIENCE_S):
        assert shell.stdout is not None
        command = (await shell.stdout.readline()).decode().split()
        variable, secret = command.pop(0).split("=")
        assert command[:3] == ["pushlab", "serve", "--broker"]
        assert secret not in command_lines(shell.pid)
        monkeypatch.setenv(variable, secret)
        keys = TokenKeys.fresh()
        broker = await start_broker(command[3])
        async with bridged(broker, keys) as hub:
            here = Site(keys, broker, hub)
            stop = asyncio.Event()
            reader = Reader(here, *await here.hub.create_channel("ann", "news"))
            reading = asyncio.ensure_future(reader.run(stop))

            def arrived(kind):
                return [event for event in reader.events if isinstance(event, kind)]

            await until(lambda: arrived(Connected), "connected")
            for number in range(20):
                hub.publish("news", str(number))
            await until(lambda: len(arrived(Message)) == 20, "messages")
            assert [message.data for message in arrived(Message)] == [str(n) for n in range(20)]
            stop.set()
            await reading
        assert len(group_of(shell.pid)) == 2  # the shell and Mosquitto
        assert list(tmp_path.iterdir())
        if end == "Ctrl-C":
            os.killpg(shell.pid, signal.SIGINT)
        else:
            shell.send_signal(signal.SIGTERM)
        assert await shell.wait() == {"Ctrl-C": 130}.get(end, 143)
        assert group_of(shell.pid) == []
        assert list(tmp_path.iterdir()) == []


@needs_mosquitto
async def test_a_port_in_use_is_said_before_any_password(tmp_path):
    async with (
        await start_broker("mosquitto") as other,
        by_hand(other.access.port, tmp_path) as shell,
        asyncio.timeout(PATIENCE_S),
    ):
        output, errors = await shell.communicate()
    assert (shell.returncode, output) == (1, b"")
    assert f"did not start on 127.0.0.1:{other.access.port}" in errors.decode()
    assert group_of(shell.pid) == []
    assert list(tmp_path.iterdir()) == []


async def test_a_port_that_is_none_is_refused(tmp_path):
    async with by_hand("18x", tmp_path) as shell, asyncio.timeout(PATIENCE_S):
        output, errors = await shell.communicate()
    assert (shell.returncode, output) == (2, b"")
    assert errors == b"usage: start.sh [PORT], not '18x'\n"
    assert list(tmp_path.iterdir()) == []
