"""``python -m benchmarks.soak``: the race for ten minutes, with a page watching; does memory grow?

Starts ``pushlab serve``, opens the race in headless Chromium with many clients in every lane, and
reads once in a while what the page (JavaScript heap after a collection, DOM nodes, listeners) and
the server's processes (resident memory) hold. A series grows when its last third lies above its
middle third by more than a tenth and by more than a fixed allowance; the first third is warm-up.
"""

import argparse
import contextlib
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MIB = 1024 * 1024
#: What a series may grow by, whatever its share of the whole.
ALLOWED = {"page heap": 2.0, "DOM nodes": 50.0, "listeners": 20.0}
ALLOWED_RSS_MIB = 4.0
TENTH = 0.1
LANES = ("short-polling", "long-polling", "sse", "websocket", "mqtt")


@contextlib.contextmanager
def serving() -> "Iterator[tuple[str, int]]":
    """A server with its pages; its URL and process id."""
    child = subprocess.Popen(
        [sys.executable, "-m", "pushlab", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PUSHLAB_API_KEY": secrets.token_urlsafe(24)},
    )
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if match := re.search(r"hub on (http://\S+)", line):
                yield match[1], child.pid
                break
        else:
            raise SystemExit("the server did not start")
    finally:
        child.terminate()
        child.wait(20)


def processes(pid: int) -> dict[str, float]:
    """Resident memory of the server and its children, in MiB, by what they are."""
    found = {}
    main = psutil.Process(pid)
    for process in [main, *main.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            name = "server" if process.pid == pid else Path(line[0]).name
            if process.pid != pid and "-m" in line:  # another of ours: by its module
                name = line[line.index("-m") + 1].rsplit(".", 1)[-1]
            found[f"{name} RSS"] = process.memory_info().rss / MIB
    return found


def in_page(session: Any) -> dict[str, float]:
    """What the page holds after a collection."""
    session.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return {
        "page heap": told["JSHeapUsedSize"] / MIB,
        "DOM nodes": told["Nodes"],
        "listeners": told["JSEventListeners"],
    }


def grows(name: str, series: list[float]) -> bool:
    """Whether the last third lies above the middle one by more than is allowed."""
    third = len(series) // 3
    middle = statistics.median(series[third : 2 * third])
    last = statistics.median(series[2 * third :])
    return last - middle > max(ALLOWED.get(name, ALLOWED_RSS_MIB), TENTH * middle)


def race(minutes: float, clients: int, rate_per_s: float) -> int:
    """Run the race; the exit status."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    series: dict[str, list[float]] = {}
    with serving() as (url, pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_FLAGS + sandbox
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(f"{url}/race")
        settings = {"clients": clients, "rate_per_s": rate_per_s}
        answer = page.request.post(f"{url}/demo/race/settings", data=settings)
        if not answer.ok:
            raise SystemExit(f"the race refused its settings: {answer.text()}")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        end_s = time.monotonic() + 60 * minutes
        pause_s = max(2.0, 60 * minutes / 40)
        print(f"{minutes:g} minutes, {clients} clients per lane, {rate_per_s:g} messages/s")
        while time.monotonic() < end_s:
            page.wait_for_timeout(1_000 * pause_s)
            now = {**in_page(session), **processes(pid)}
            for name, value in now.items():
                series.setdefault(name, []).append(value)
            left_s = max(0.0, end_s - time.monotonic())
            shown = "  ".join(f"{name} {value:.1f}" for name, value in now.items())
            print(f"{left_s:4.0f} s left  {shown}", flush=True)
        state = page.request.get(f"{url}/demo/race/state").json()
        browser.close()
    status = 0
    for lane in LANES:
        swarm = state["lanes"].get(lane, {}).get("swarm", {})
        print(
            f"{lane}: {swarm.get('clients')} further clients, {swarm.get('deliveries')} deliveries"
        )
        if not swarm.get("deliveries"):
            print(f"  FAILED: nothing was delivered in {lane}")
            status = 1
    for name, values in series.items():
        bad = grows(name, values)
        status |= bad
        print(f"{name}: {values[0]:.1f} -> {values[-1]:.1f}{'  GROWS' if bad else ''}")
    for text in wrong:
        print(f"the page complained: {text}")
        status = 1
    print(
        f"{state['published']:,} messages published; " + ("FAILED" if status else "nothing grows")
    )
    return status


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=100, help="per lane, the page's included")
    parser.add_argument("--rate", type=float, default=2.0, help="messages per second")
    asked = parser.parse_args()
    raise SystemExit(race(asked.minutes, asked.clients, asked.rate))
