"""The command as a process: how it ends, what it keeps and what it leaves behind; `serve` too."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import ssl
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pushlab.systems.certificates import fresh_certificate
from tests.patience import PATIENCE_S


def descendants(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def told_to(processes: "list[psutil.Process]") -> str:
    """All that can be read of them from outside: command lines and environments."""
    told = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            until_it_is_itself(process)
            told += [*process.cmdline(), *process.environ().items()]
    return str(told)


def until_it_is_itself(process: psutil.Process) -> None:
    """A child that is forked and runs no program yet shows its parent's environment."""
    deadline = time.monotonic() + PATIENCE_S
    while (parent := process.parent()) is not None and process.cmdline() == parent.cmdline():
        assert time.monotonic() < deadline
        time.sleep(0.01)


SECRET = "the-s3cret-of-the-application"


@pytest.fixture
def running(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run of one long trial, in the middle of measuring."""
    command = ["compare", "tiny", "--transports", "sse", "--duration", "40", "--no-charts"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pushlab", *command],
        cwd=tmp_path,
        env={**os.environ, "PUSHLAB_API_KEY": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE_S
    results = tmp_path / "results"  # until then it looks at the machine
    while not results.exists() or len(descendants(process)) < 2:  # the hub and the swarm
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_keeps_what_was_measured_and_leaves_no_process(running, tmp_path) -> None:
    children = descendants(running)
    time.sleep(0.5)  # let there be something to keep; what is kept is not asserted by time
    running.send_signal(signal.SIGINT)
    time.sleep(0.05)
    running.send_signal(signal.SIGINT)  # out of impatience
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode in (130, -signal.SIGINT)  # a shell tells the same of both
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []
    (folder,) = (tmp_path / "results").iterdir()
    document = json.loads((folder / "run.json").read_text())
    assert document["status"] == "incomplete"
    assert [trial["status"] for trial in document["trials"]] == ["interrupted"]
    assert list((folder / "charts").iterdir()) == []
    assert f"pushlab chart results/{folder.name}" in told


def test_a_terminal_that_is_closed_ends_a_run_and_loses_nothing(tmp_path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pushlab", "compare", "tiny", "--duration", "40"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not list(tmp_path.glob("results/*/run.json")) or len(descendants(process)) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            if select.select([ours], [], [], 0.05)[0]:
                os.read(ours, 65_536)
        children = descendants(process)
        os.close(ours)
        assert process.wait(timeout=PATIENCE_S) == 129
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert alive == []
    finally:
        process.kill()
        process.wait()
    (document,) = (json.loads(p.read_text()) for p in tmp_path.glob("results/*/run.json"))
    assert document["status"] == "incomplete"
    assert [trial["status"] for trial in document["trials"]] == ["interrupted"]


def test_kill_9_of_the_command_leaves_no_process(running) -> None:
    children = descendants(running)
    told = told_to(children)
    assert "PATH" in told
    assert "PUSHLAB" not in told
    assert SECRET not in told
    running.kill()
    running.communicate(timeout=PATIENCE_S)
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []


def test_serve_prints_a_fresh_key_once_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PUSHLAB_API_KEY"}
    environment["PUSHLAB_PRESENCE_KEY"] = SECRET
    process = subprocess.Popen(
        [sys.executable, "-m", "pushlab", "serve", "--port", "0", "--broker", "embedded"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        url = re.search(r"http://[\d.:]+", lines[0])
        assert url is not None
        key = lines[2].rpartition(" ")[2].strip()
        request = urllib.request.Request(
            f"{url[0]}/v1/channels",
            data=b'{"client_id": "ada"}',
            headers={"Authorization": f"Bearer {key}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            assert set(json.load(answer)["endpoints"]) >= {"sse", "websocket", "mqtt"}
        children = descendants(process)  # the broker
        told = told_to(children)
        assert "PATH" in told
        assert "PUSHLAB" not in told
        assert SECRET not in told
        assert key not in told
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_S) == 0
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert (len(children), alive) == (1, [])
        assert key not in (process.stdout.read() or "")
    finally:
        process.kill()
        process.wait()


def test_serve_encrypts_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    with fresh_certificate() as certificate:
        files = ["--certfile", certificate.certfile, "--keyfile", str(certificate.keyfile)]
        command = ["serve", "--port", "0", "--broker", "none", *files]
        process = subprocess.Popen(
            [sys.executable, "-m", "pushlab", *command],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            url = re.search(r"https://[\d.:]+", process.stdout.readline())
            assert url is not None
            trusted = ssl.create_default_context(cadata=certificate.authority)
            request = f"{url[0]}/healthz"
            with urllib.request.urlopen(request, timeout=PATIENCE_S, context=trusted) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGHUP)  # as its terminal is closed
            assert process.wait(timeout=PATIENCE_S) == 0
        finally:
            process.kill()
            process.wait()
