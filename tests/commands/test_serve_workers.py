import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

import psutil
import pytest

from pushlab.cli import main
from pushlab.hub.backplane.registry import shown
from tests.patience import PATIENCE_S

SECRET = "not-on-any-command-line"


def eventually(holds: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.02)


class Service:
    """`pushlab serve` with two workers, at a backplane of this test's."""

    def __init__(self, redis_url: str, port: int = 0) -> None:
        words = f"serve --port {port} --workers 2 --fresh-keys --broker none --no-pages"
        environment = {"PUSHLAB_BACKPLANE": redis_url, "PUSHLAB_API_KEY": SECRET}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pushlab", *words.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        assert self.process.stdout is not None
        self.told = [self.process.stdout.readline()]
        (self.url,) = re.findall(r"http://[\d.:]+", self.told[0])
        while self.told[-1] != "Ctrl-C stops it.\n":
            self.told.append(self.process.stdout.readline())

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *exception: object) -> None:
        below = self.workers()
        self.process.kill()
        self.process.communicate()
        for one in below:
            one.wait(PATIENCE_S)

    def workers(self) -> list[psutil.Process]:
        try:
            below = psutil.Process(self.process.pid).children()
            return [one for one in below if "pushlab.commands.serve_worker" in one.cmdline()]
        except psutil.NoSuchProcess:
            return []

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, object]:
        request = urllib.request.Request(
            self.url + path, body, {"Authorization": f"Bearer {SECRET}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return dict(json.loads(answer.read()))


@pytest.fixture(scope="module")
def service(redis_server):
    with Service(f"{redis_server.url}?prefix=test-workers") as service:
        yield service


def test_one_banner_tells_of_all_and_shows_no_password(service, redis_server):
    told = "".join(service.told)
    assert told.count("pushlab hub on ") == 1
    assert f"Backplane on redis://127.0.0.1:{redis_server.port}/0, 2 workers" in told
    assert redis_server.password not in told


def test_no_secret_stands_in_an_argument_or_in_an_environment_of_a_worker(service, redis_server):
    workers = service.workers()
    assert len(workers) == 2
    for one in (psutil.Process(service.process.pid), *workers):
        assert not any(
            secret in word for word in one.cmdline() for secret in (SECRET, redis_server.password)
        )
    for one in workers:
        assert not any(SECRET in value for value in one.environ().values())
        assert not any(name.startswith("PUSHLAB_") for name in one.environ())


def test_both_take_requests_for_one_channel_with_one_count(service):
    odd = 31  # so that one of the two has taken more than the other
    seqs = [service.ask("POST", "/v1/channels/one/messages", b"x")["seq"] for _ in range(odd)]
    assert seqs == list(range(1, odd + 1))
    published = {int(str(service.ask("GET", "/v1/stats")["published"])) for _ in range(30)}
    assert len(published) == 2, "the kernel gives connections to both"


def test_one_that_is_killed_is_started_again_and_the_other_serves_meanwhile(service):
    first, other = service.workers()
    first.kill()
    eventually(
        lambda: len(service.workers()) == 2 and first not in service.workers(),
        "it was not started again",
    )
    assert other in service.workers()
    assert "pushlab serve: worker" in service.process.stderr.readline()
    again = next(one for one in service.workers() if one != other)
    eventually(
        lambda: any(c.status == "LISTEN" for c in again.net_connections("tcp")),
        "it does not listen",
    )
    seq = int(str(service.ask("POST", "/v1/channels/one/messages", b"x")["seq"]))
    assert seq > 31 or seq == 1


def test_nobody_else_gets_the_port_not_even_another_such_service(service, capsys):
    port = service.url.rpartition(":")[2]
    words = f"serve --port {port} --workers 2 --backplane redis --fresh-keys --broker none"
    assert main(words.split()) == 1
    assert capsys.readouterr().err == (
        f"pushlab: port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for a"
        " free one\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_none_is_left_whatever_ends_it(redis_url, number):
    with Service(redis_url) as service:
        workers = service.workers()
        workers[0].suspend() if number != signal.SIGKILL else None  # one that cannot say goodbye
        service.process.send_signal(number)
        service.process.wait(PATIENCE_S)
        assert service.process.returncode == (-number if number == signal.SIGKILL else 0)
        eventually(lambda: not any(map(psutil.Process.is_running, workers)), "one is left")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])))


REFUSED = {
    "--workers 4": r"--workers 4 needs a backplane that they share: --backplane redis starts one"
    r" for them, --backplane redis://HOST:PORT takes yours \(with a password: PUSHLAB_BACKPLANE\)",
    "--workers 0": r"--workers is 0; it must lie between 1 and 256",
    "--workers 2 --backplane memory": r"--workers 2 needs a backplane .*",
    f"--backplane redis://:{SECRET}@127.0.0.1:1": r"--backplane has a user or a password in it,"
    r" .*set PUSHLAB_BACKPLANE to that URL and leave --backplane out",
    "--backplane redis://127.0.0.1:1 --keep x": r"--keep is for a hub alone, .*",
    "--backplane redsi://127.0.0.1:1": r"unknown backplane 'redsi'; did you mean redis\? .*",
    "--workers 2 --backplane redis://127.0.0.1:1": r".*127\.0\.0\.1:1.*",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_is_one_line(words, capsys, monkeypatch):
    monkeypatch.delenv("PUSHLAB_BACKPLANE", raising=False)
    try:
        status = main(["serve", "--port", "0", "--broker", "none", "--fresh-keys", *words.split()])
    except SystemExit as leaving:
        status = leaving.code
    told = capsys.readouterr()
    assert status in (1, 2)
    assert told.out == ""
    assert re.fullmatch(rf"pushlab(?: serve)?: {REFUSED[words]}\n", told.err), told.err
    assert SECRET not in told.err


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:secret@host:1/2?prefix=x", "redis://host:1/2"),
        ("redis://user:se%40cret@[::1]:1", "redis://[::1]:1"),
        ("redis://host", "redis://host"),
        ("memory", "memory"),
    ],
)
def test_a_backplane_is_told_without_its_password(url, told):
    assert shown(url) == told
