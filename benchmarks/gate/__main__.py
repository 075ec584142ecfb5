"""`pushlab gate --run` with real hubs: one program against itself, and against a dearer one.

    python -m benchmarks.gate                 # 20 gates of each, interleaved; see README.md

Of one program against itself at most one in twenty may fail; with a hub that takes 20 % more CPU
for a delivery, at least 18 in 20 must fail, and none may pass. How much dearer the hub is, is
checked by its CPU clock, before and in all pairs together. Exit status 1 where that does not hold.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.gate.variants import FIGURE, command_of, cpu_ns, make_variant

DEARER = 1.2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gates", type=int, default=20, help="of each kind; default: 20")
    parser.add_argument("--worse", default="20%", help="the gate's limit; default: 20%%")
    parser.add_argument("--at-most", default="21", help="pairs of a gate; default: 21")
    parser.add_argument("--pilot", type=int, default=8, help="runs of each to calibrate by")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pushlab-gate-") as folder:
        place = Path(folder)
        base, dearer = make_variant(place / "base"), calibrated(place, asked.pilot)
        news = {"same": make_variant(place / "same"), "dearer": dearer}
        print("\n| gate | NEW | answer | NEW/BASE | interval | pairs | took |")
        print("|---:|---|---|---:|---:|---:|---:|", flush=True)
        told: dict[str, list[dict]] = {kind: [] for kind in news}
        for number in range(1, asked.gates + 1):
            for kind, new in news.items():
                told[kind].append(one_gate(base, new, place, asked))
                print(f"| {number} | {kind} | {row(told[kind][-1])} |", flush=True)
    return judged(told, asked.gates)


def calibrated(place: Path, runs: int) -> Path:
    """The dearer variant: what it burns is a share of what the hub takes, corrected once."""
    base = make_variant(place / "base")
    (is_ns,) = cpu_ns([base], place / "pilot", times=runs)
    burn_ns = (DEARER - 1) * is_ns
    for attempt in (1, 2):
        dearer = make_variant(place / "dearer", dearer_ns=round(burn_ns))
        was_ns, now_ns = cpu_ns([base, dearer], place / f"pilot-{attempt}", times=runs)
        print(
            f"hub's CPU per delivery: {was_ns:,.0f} ns; with {burn_ns:,.0f} ns more burnt"
            f" {now_ns:,.0f} ns, which is {now_ns / was_ns:.3f} times",
            flush=True,
        )
        if abs(now_ns / was_ns - DEARER) < 0.015:
            break
        burn_ns *= (DEARER - 1) * was_ns / max(now_ns - was_ns, 0.05 * was_ns)
    return dearer


def one_gate(base: Path, new: Path, place: Path, asked: argparse.Namespace) -> dict:
    """The gate's JSON, with how long it took."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "pushlab", "gate", "--run", command_of(base), command_of(new)]
    command += ["--figure", f"sse.{FIGURE}", "--worse", asked.worse, "--json"]
    command += ["--at-most", asked.at_most, "--out", str(place / "gates")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"the gate could not be run: {done.stderr}")
    return {**json.loads(done.stdout), "took_s": time.monotonic() - begin}


def row(found: dict) -> str:
    one = found["figures"][0]
    between = "-" if one["interval"] is None else "{:.3f} to {:.3f}".format(*one["interval"])
    why = f" ({one['why']})" if one["why"] else ""
    ratio = "-" if one["ratio"] is None else f"{one['ratio']:.3f}"
    answer = f"{found['outcome']}{why}"
    return f"{answer} | {ratio} | {between} | {one['trials'][0]} | {found['took_s']:.0f} s"


def judged(told: dict[str, list[dict]], gates: int) -> int:
    counts = {
        kind: {answer: sum(x["outcome"] == answer for x in found) for answer in ("pass", "fail")}
        for kind, found in told.items()
    }
    print()
    for kind, found in told.items():
        ratios = [x["figures"][0]["ratio"] for x in found if x["figures"][0]["ratio"]]
        mean = math.exp(statistics.fmean(map(math.log, ratios))) if ratios else math.nan
        left = gates - sum(counts[kind].values())
        print(
            f"{kind}: {counts[kind]['pass']} pass, {counts[kind]['fail']} fail, {left}"
            f" inconclusive; by the CPU clock NEW took {mean:.3f} times BASE, all together"
        )
    fine = counts["same"]["fail"] <= math.ceil(gates / 20)
    fine &= counts["dearer"]["fail"] >= 0.9 * gates and not counts["dearer"]["pass"]
    print("as promised" if fine else "NOT as promised")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
