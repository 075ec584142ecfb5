"""``python -m benchmarks.fidelity``: one trial of each transport under capture, and a table.

With ``--busy N`` as many processes that do nothing but compute run beside it.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.fidelity.capture import CaptureFailed, missing
from benchmarks.fidelity.trial import Fidelity, TrialBroken, measure_fidelity
from benchmarks.harness.report import Report
from pushlab.errors import PushlabError
from pushlab.lab.host.machine import describe_machine

_TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket", "mqtt")
_RESULTS = Path(__file__).parents[1] / "results"
#: Of pushlab's latency against the capture's, the reading path of an idle event loop shown apart.
_GOALS_S = {"p50": 50e-6, "p99": 500e-6}
_GOAL = "Goal: without the reading path within 50 us at p50 and 500 us at p99."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fidelity",
        description="pushlab's latencies beside those of a packet capture.",
    )
    parser.add_argument("--transports", default=",".join(_TRANSPORTS), metavar="NAMES")
    parser.add_argument("--seconds", type=float, default=8.0, help="measured window (default 8)")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="busy loops beside it")
    parser.add_argument("--out", type=Path, default=None, help="the result's folder")
    parser.add_argument("--no-save", action="store_true", help="keep nothing on disk")
    return parser.parse_args()


def _met(one: Fidelity) -> bool:
    return all(abs(one.error_s(name)) <= goal_s for name, goal_s in _GOALS_S.items())


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:+,.0f}"


def _both(found_s: Mapping[str, float]) -> str:
    return f"{_micros(found_s['p50'])}, {_micros(found_s['p99'])}"


_HEADINGS = (
    "transport",
    "deliveries",
    "load",
    "captured p50, p99 (us)",
    "pushlab minus captured p50, p99 (us)",
    "reading path (us)",
    "one stamp minus its packet p50, p99 (us)",
    "of witnesses: minus packet p50, p99 (us)",
    "the same by the kernel's stamps (us)",
    "a request: packet minus stamp p50, p99 (us)",
    "the same by the kernel's stamps (us)",
    "",
)


def _cells(one: Fidelity) -> list[str]:
    found = f"{one.deliveries:,}"
    if one.unpaired:
        found += f" ({one.unpaired:,} without a packet)"
    load = ", ".join(f"{name} {share:.0%}" for name, share in one.busy.items())
    return [
        one.transport,
        found,
        load,
        f"{one.captured_s['p50'] * 1e6:,.0f}, {one.captured_s['p99'] * 1e6:,.0f}",
        f"{_micros(one.error_s('p50'))}, {_micros(one.error_s('p99'))}",
        f"{one.path_s * 1e6:.0f}",
        _both(one.stamp_delay_s),
        f"{_both(one.packet_delay_s)} ({one.stamped:,})",
        _both(one.witness_delay_s),
        f"{_both(one.send_packet_delay_s)} ({one.sends:,})",
        _both(one.send_delay_s),
        "met" if _met(one) else "missed",
    ]


def _to_json(
    found: list[Fidelity], failed: dict[str, str], arguments: argparse.Namespace
) -> dict[str, Any]:
    return {
        "created_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": arguments.seconds,
        "busy_loops": arguments.busy,
        "goals_s": _GOALS_S,
        "environment": describe_machine(),
        "transports": [
            {
                **asdict(one),
                "error_s": {name: one.error_s(name) for name in _GOALS_S},
                "met": _met(one),
            }
            for one in found
        ],
        "failed": failed,
    }


def _to_markdown(found: list[Fidelity], failed: dict[str, str], busy: int) -> str:
    machine = describe_machine()
    lines = [
        "# Fidelity: pushlab's latencies beside a packet capture",
        "",
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {machine['processor']},"
        f" {machine['cores']} cores, {machine['python']}, commit {machine['commit']}."
        f" {busy} busy loops beside it. {_GOAL} In brackets: how many were compared.",
        "",
        "| " + " | ".join(_HEADINGS) + " |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
        *("| " + " | ".join(_cells(one)) + " |" for one in found),
        *(f"\n{transport}: failed: {reason}" for transport, reason in failed.items()),
    ]
    return "\n".join([*lines, ""])


@contextlib.contextmanager
def _busy(loops: int) -> Iterator[None]:
    """Meanwhile so many processes compute, and nothing else."""
    command = [sys.executable, "-c", "while True: pass"]
    found = [subprocess.Popen(command) for _ in range(loops)]
    try:
        yield
    finally:
        for process in found:
            process.kill()
            process.wait()


async def _run(arguments: argparse.Namespace, transports: list[str], console: Console) -> int:
    found: list[Fidelity] = []
    failed: dict[str, str] = {}
    for transport in transports:
        with console.status(f"{transport}: looking for half load, then measuring"):
            try:
                found.append(await measure_fidelity(transport, seconds=arguments.seconds))
            except CaptureFailed as error:
                console.print(f"fidelity was not measured: {error}", highlight=False)
                return 1
            except (TrialBroken, PushlabError) as error:
                failed[transport] = str(error)
                console.print(f"{transport}: failed: {error}", highlight=False)
    table = Table(title="pushlab's latencies beside a packet capture", title_justify="left")
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if 0 < number < len(_HEADINGS) - 1 else "left")
    for one in found:
        table.add_row(*_cells(one), style="green" if _met(one) else "red")
    console.print(table)
    console.print(_GOAL, style="dim", highlight=False)
    if not arguments.no_save:
        folder = arguments.out or Report.folder(_RESULTS)
        folder.mkdir(parents=True, exist_ok=True)
        told = _to_json(found, failed, arguments)
        (folder / "fidelity.json").write_text(json.dumps(told, indent=1) + "\n")
        (folder / "FIDELITY.md").write_text(_to_markdown(found, failed, arguments.busy))
        console.print(f"Result: {folder}", highlight=False)
    return 1 if failed else 0


def main() -> int:
    """Measure; the exit status: 0 measured, 1 not (or not all), 2 asked for what is not there."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 160)
    transports = [name.strip() for name in arguments.transports.split(",") if name.strip()]
    for name in transports:
        if name not in _TRANSPORTS:
            console.print(f"no transport {name!r}; there are: {', '.join(_TRANSPORTS)}")
            return 2
    if arguments.busy < 0:
        console.print("--busy must be 0 or more")
        return 2
    if arguments.seconds < 1:
        console.print("--seconds must be at least 1")
        return 2
    if reason := missing():
        console.print(f"fidelity was not measured: {reason}", highlight=False)
        return 1
    with contextlib.suppress(KeyboardInterrupt), _busy(arguments.busy):
        return asyncio.run(_run(arguments, transports, console))
    return 130


if __name__ == "__main__":
    sys.exit(main())
