"""The swarm in Chromium: its clocks, its bytes, a run beside the swarm's own clients, its end."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import psutil
import pytest

from pushlab.analysis import summarise
from pushlab.charts.style import cell_styles
from pushlab.cli import main
from pushlab.contract.registry import profile_of
from pushlab.errors import BrowserUnavailable, ScenarioError
from pushlab.lab.browser import swarm as browser_swarm
from pushlab.lab.browser.clock import Exchange, Offset, PageClock, offset_of
from pushlab.lab.browser.devtools import find_browser
from pushlab.lab.browser.socket_bytes import SocketBytes
from pushlab.lab.browser.swarm import PER_PAGE
from pushlab.lab.scenario.toml_reader import load_scenario, parse_scenario
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.lab.workers.clients import start_browser
from tests.lab.lab_tools import children, run, tiny
from tests.lab.test_runner import check_accounting, check_figures
from tests.patience import PATIENCE_S


def _missing() -> str | None:
    try:
        find_browser()
    except BrowserUnavailable as error:
        return str(error)
    return None


MISSING = _missing()
needs_browser = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


# ---- clocks -------------------------------------------------------------------------------------


def exchanges(offset_ns: int, resolution_ns: int, seed: int) -> list[Exchange]:
    """What forty questions see of a page's clock, with ways of every length."""
    rng = Random(seed)
    now_ns, found = 10**12, []
    for _ in range(40):
        asked_ns = now_ns
        looked_ns = asked_ns + round(rng.expovariate(1 / 400_000))
        now_ns = looked_ns + round(rng.expovariate(1 / 300_000))
        page_ns = (looked_ns - offset_ns) // resolution_ns * resolution_ns
        found.append(Exchange(asked_ns, now_ns, page_ns / 1e6))
    return found


@pytest.mark.parametrize("resolution_ns", [5_000, 100_000])
@pytest.mark.parametrize("seed", range(20))
def test_an_offset_is_as_good_as_its_bound(seed: int, resolution_ns: int) -> None:
    true_ns = 987_654_321_123
    seen = exchanges(true_ns, resolution_ns, seed)
    found = offset_of(seen, resolution_ns)
    assert abs(found.offset_ns - true_ns) <= found.bound_ns + 1
    quickest_ns = min(e.answered_ns - e.asked_ns for e in seen)
    assert found.bound_ns <= (quickest_ns + resolution_ns) / 2 + 1


def test_exchanges_that_contradict_each_other_leave_the_quickest() -> None:
    seen = [Exchange(1_000_000, 1_500_000, 0.0), Exchange(9_000_000, 9_100_000, 5.0)]
    found = offset_of(seen, 0)
    assert (found.offset_ns, found.bound_ns) == (4_050_000, 50_000)


def test_between_two_looks_a_clock_goes_straight() -> None:
    clock = PageClock(Offset(1_000_000, 100, 0.0), Offset(1_000_400, 300, 100.0))
    assert (clock.drift_ns, clock.bound_ns) == (400, 300)
    assert [clock.to_ns(ms) for ms in (0.0, 50.0, 100.0)] == [1_000_000, 51_000_200, 101_000_400]
    assert PageClock(clock.before).to_ms(clock.before.offset_ns + 2_500_000) == 2.5


# ---- bytes --------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's counts are Linux's")
def test_the_kernel_counts_a_clients_bytes_and_keeps_those_of_a_closed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        watched = SocketBytes(server.getsockname()[1])
        client = socket.create_connection(server.getsockname())
        there, _ = server.accept()
        with there:
            with client:
                client.sendall(b"x" * 1_234)
                there.sendall(b"y" * 777)
                assert len(client.recv(777, socket.MSG_WAITALL)) == 777
                deadline = time.monotonic() + PATIENCE_S
                while watched.bytes_out != 1_234 and time.monotonic() < deadline:
                    watched.look([os.getpid()])  # an acknowledgement may be under way
                assert (watched.bytes_in, watched.bytes_out) == (777, 1_234)
            watched.look([os.getpid()])
            assert (watched.bytes_in, watched.bytes_out) == (777, 1_234)
        SocketBytes(1).look([os.getpid()])


# ---- scenarios ----------------------------------------------------------------------------------


def test_both_clients_stand_side_by_side_and_come_back_from_a_file() -> None:
    scenario = tiny(["short-polling", "sse"], client="both")
    told = [(cell.label, cell.client) for cell in scenario.cells]
    assert told == [
        ("short-polling", "python"),
        ("short-polling in Chromium", "browser"),
        ("sse", "python"),
        ("sse in Chromium", "browser"),
    ]
    assert parse_scenario(scenario_as_toml(scenario.to_json()), "again.toml", default="tiny") == (
        scenario
    )
    assert [cell.label for cell in scenario.override(client="python").cells] == [
        "short-polling",
        "sse",
    ]
    assert "client" not in tiny(["sse"]).to_json()["transports"][0]
    # The transport's colour, another line; several settings shade among their own client alone.
    look = cell_styles({cell.label: profile_of(cell.transport) for cell in scenario.cells})
    assert look["sse in Chromium"].name == "SSE in Chromium"
    assert look["sse in Chromium"].colour == look["sse"].colour
    assert look["sse in Chromium"].line != look["sse"].line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clients": 201}, "--clients: 201 clients are too many for Chromium"),
        ({"tls": True}, "--tls: cells in Chromium are measured on loopback and in plain text"),
        ({"one_way_ms": 5.0}, "--one-way-ms: cells in Chromium are measured on loopback"),
        ({"poll_interval_s": 0.01}, "interval_s is 0.01, and channel.js knows no less than 0.02"),
        ({"client": "opera"}, "--client: 'opera' is not one of python, browser, both"),
    ],
)
def test_what_chromium_cannot_do_is_told_before_the_run(changes: dict, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        load_scenario("tiny").override(**{"client": "both", **changes})
    with pytest.raises(ScenarioError, match="hold_s cannot be set in Chromium"):
        parse_scenario(
            '[[transport]]\nname = "long-polling"\nclient = "browser"\nhold_s = 5.0\n', "x.toml"
        )


def test_without_chromium_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    command = ["compare", "tiny", "--client", "browser", "--transports", "sse"]
    assert main([*command, "--out", str(tmp_path / "runs")]) != 0
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "no Chromium is installed" in line
    assert "apt install chromium" in line
    assert not (tmp_path / "runs").exists()


def test_without_the_bundle_mqtt_says_what_to_build_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(browser_swarm, "_asset", lambda name: None)
    command = ["compare", "tiny", "--client", "both", "--transports", "sse,mqtt"]
    assert main([*command, "--broker", "embedded", "--out", str(tmp_path / "runs")]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "make web" in line
    assert not (tmp_path / "runs").exists()


# ---- Chromium -----------------------------------------------------------------------------------


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("pushlab-browser-*"))


@needs_browser
@pytest.mark.long
@pytest.mark.parametrize(
    "transports",
    [["websocket"], pytest.param(["short-polling", "websocket"], marks=pytest.mark.soak)],
)
async def test_a_run_in_chromium_stands_beside_the_swarms(
    tmp_path: Path, own_temporary_folder: Path, transports: list[str]
) -> None:
    clients = PER_PAGE + 1
    scenario = tiny(transports, client="both", clients=clients, duration_s=0.5)
    result = await run(scenario, tmp_path)
    assert children("chrom") == []
    assert leftovers(own_temporary_folder) == []
    assert "." in result.environment["browser"]
    for trial in result.trials:
        check_accounting(result, trial)
        check_figures(trial)  # hub and channel.js counted the same requests, to the last one
        assert trial.swarm is not None
        connects = result.connects(trial)
        assert sorted(connects.subscriber.tolist()) == list(range(clients))
        assert (connects.connected_ns > connects.wanted_ns).all()
        deliveries = result.deliveries(trial)
        sent_ns = dict(
            zip(
                map(tuple, zip(*_keys(result.publishes(trial)), strict=True)),
                result.publishes(trial).sent_ns.tolist(),
                strict=True,
            )
        )
        keys = map(tuple, zip(*_keys(deliveries), strict=True))
        took_ns = [r - sent_ns[key] for key, r in zip(keys, deliveries.received_ns, strict=True)]
        if trial.client == "python":
            assert trial.clocks is None
            assert min(took_ns) > 0
            continue
        assert trial.cell.endswith(" in Chromium")
        assert trial.clocks is not None
        assert len(trial.clocks.bound_ns) == 2  # six clients are two pages
        assert 0 < max(trial.clocks.bound_ns) < 50_000_000
        for offset_ns, drift_ns, bound_ns in zip(
            trial.clocks.offset_ns, trial.clocks.drift_ns, trial.clocks.bound_ns, strict=True
        ):
            assert offset_ns > 0
            assert abs(drift_ns) <= 2 * bound_ns  # both clocks are CLOCK_MONOTONIC
        assert min(took_ns) > -max(trial.clocks.bound_ns)
        assert trial.swarm.rss_bytes is not None
        assert trial.swarm.rss_bytes > 100_000_000  # Chromium's processes, not their driver's
        payload = 32 * len(deliveries)
        assert payload < trial.swarm.bytes_in + trial.swarm.bytes_in_setup
    told = summarise(result).to_json()
    assert told["transports"]["websocket in Chromium"]["client"] == "browser"
    assert told["transports"]["websocket in Chromium"]["clock_bound_s"] > 0
    assert told["transports"]["websocket"]["clock_bound_s"] is None
    assert [c for c in told["caveats"] if c.startswith("Error")] == []
    assert any("websocket in Chromium ±" in caveat for caveat in told["caveats"])


def _keys(rows) -> tuple[list[int], list[int]]:
    return rows.channel.tolist(), rows.seq.tolist()


def test_a_whole_process_group_is_ended_at_once() -> None:
    """Also those who have lost their parent, and though nobody may look at the dead for a while."""
    code = (
        "import os, subprocess, time\n"
        "from pushlab.lab.host.process_tree import end_own_group\n"
        "subprocess.run(['sh', '-c', 'sleep 600 & sleep 600 &'])\n"
        "begun = time.monotonic()\n"
        "end_own_group(within_s=60)\n"
        "print(time.monotonic() - begun)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as leader:
        told, _ = leader.communicate(timeout=PATIENCE_S)
    assert float(told) < 30, "it waits for processes to end, not for its time to end"
    left = [one for one in psutil.process_iter() if _group_of(one) == leader.pid]
    assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == []


def _group_of(process: psutil.Process) -> int:
    try:
        return os.getpgid(process.pid)
    except OSError:
        return 0


@needs_browser
async def test_a_browser_whose_end_is_cancelled_leaves_nothing(own_temporary_folder: Path) -> None:
    browser = await start_browser()
    ending = asyncio.create_task(browser.stop())
    await asyncio.sleep(0.01)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert not browser.running
    assert leftovers(own_temporary_folder) == []


@needs_browser
@pytest.mark.long
@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_the_commands_end_is_chromiums_end(
    tmp_path: Path, own_temporary_folder: Path, number: signal.Signals
) -> None:
    words = ["compare", "tiny", "--client", "browser", "--transports", "sse", "--duration", "600"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pushlab", *words, "--out", str(tmp_path)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    family: list[psutil.Process] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not any("--type=renderer" in _words(one) for one in family):
                assert process.returncode is None
                await asyncio.sleep(0.1)
                family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        status = await process.wait()
        assert status == (130 if number is signal.SIGINT else -signal.SIGKILL)
        _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=PATIENCE_S)
        assert alive == []
        async with asyncio.timeout(PATIENCE_S):
            while leftovers(own_temporary_folder):  # noqa: ASYNC110 - another process removes it
                await asyncio.sleep(0.05)
    finally:
        for one in family:
            with contextlib.suppress(psutil.Error):
                one.kill()


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
