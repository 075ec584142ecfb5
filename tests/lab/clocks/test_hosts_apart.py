"""A trial on four hosts: network namespaces on one bridge, each with a clock of its own."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pushlab.lab.place import Placement
from tests.lab.clocks.places import ApartPlace, unshared, why_no_shift
from tests.lab.clocks.test_shifted_processes import check, measured

_SHIFTS_S = {"publisher": 100, "swarm": -50, "hub": 250}


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Hosts:
    """Network namespaces that reach each other, and are reached from here."""

    def __init__(self) -> None:
        self._id = secrets.token_hex(3)
        self._net = f"198.18.{secrets.randbelow(256)}"  # of those for benchmarks, RFC 2544
        self._made: list[str] = []

    def begin(self) -> None:
        bridge = f"plb{self._id}"
        _ip("link", "add", bridge, "type", "bridge")
        self._made.append(bridge)
        _ip("addr", "add", f"{self._net}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")

    def add(self, number: int) -> tuple[str, str]:
        """One more host: its namespace, and its address."""
        name, address = f"pl{self._id}-{number}", f"{self._net}.{number}"
        outer, inner = f"plo{self._id}{number}", f"pli{self._id}{number}"
        _ip("netns", "add", name)
        self._made.append(name)
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
        _ip("link", "set", outer, "master", f"plb{self._id}", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", inner)
        _ip("-n", name, "link", "set", inner, "up")
        return name, address

    def end(self) -> None:
        for name in reversed(self._made):
            kind = ("netns",) if name.startswith("pl" + self._id) else ("link",)
            subprocess.run(["ip", *kind, "del", name], check=False, capture_output=True)


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    if why := why_no_shift():
        pytest.skip(why)
    if os.geteuid():
        pytest.skip("network namespaces are root's to make")
    if not shutil.which("ip"):
        pytest.skip("network namespaces are made by ip(8), which is not installed")
    made = Hosts()
    try:
        try:
            made.begin()
            _ip("netns", "add", f"{made._id}-try")
            _ip("netns", "del", f"{made._id}-try")
        except subprocess.CalledProcessError as error:
            told = (error.stderr.strip().splitlines() or ["no reason told"])[-1]
            pytest.skip(f"the kernel allows no bridge or network namespace ({told})")
        yield made
    finally:
        made.end()


async def test_hosts_apart_are_told_by_one_clock(hosts: Hosts, tmp_path: Path) -> None:
    places = {}
    for number, (role, shift_s) in enumerate(_SHIFTS_S.items(), start=2):
        name, address = hosts.add(number)
        command = ["ip", "netns", "exec", name, *unshared(shift_s)]
        places[role] = ApartPlace(command, address=address)
    placement = Placement(places["hub"], places["publisher"], [places["swarm"]])
    trial = check(await measured(tmp_path, placement), {**_SHIFTS_S, "runner": 0})
    assert trial.server is not None
