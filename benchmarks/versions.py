"""``python -m benchmarks.versions OLDER``: this checkout beside an older one, sample by sample.

Each sample is one run of ``python -m benchmarks`` in its own checkout, with that checkout's own
``.venv`` or ``.venv-bench``; the two take turns in a random order, and a ratio is taken within one
turn, so that a machine that slows down slows both. A ratio above 1 is better for this checkout.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.catalogue import BENCHMARKS
from benchmarks.harness.figures import Ratio, median_of
from benchmarks.harness.model import OWN

_HERE = Path(__file__).parent.parent
_LIMIT_S = 240.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.versions", description="This checkout beside an older one."
    )
    parser.add_argument("older", type=Path, help="a checkout of another commit, installed")
    parser.add_argument(
        "--only", default="", metavar="NAMES", help="benchmarks, comma-separated (default all)"
    )
    parser.add_argument("--reps", type=int, default=15, help="turns (default 15)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each sample (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="of the random order")
    parser.add_argument("--out", type=Path, default=None, help="a file for every sample, as JSON")
    return parser.parse_args()


def _python_of(checkout: Path) -> Path:
    for folder in (".venv", ".venv-bench"):
        python = checkout / folder / "bin" / "python"
        if python.exists():
            return python
    raise SystemExit(f"{checkout}: no .venv or .venv-bench; run make install there first")


def _sample(checkout: Path, benchmark: str, *, seconds: float, seed: int) -> float | None:
    """One figure of that checkout; None when the sample failed."""
    with tempfile.TemporaryDirectory(prefix="pushlab-versions-") as folder:
        command = [_python_of(checkout), "-m", "benchmarks", "--only", benchmark, "--reps", "1"]
        command += ["--contenders", OWN, "--seconds", seconds, "--seed", seed, "--out", folder]
        told = subprocess.run(
            [str(word) for word in command],
            cwd=checkout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_LIMIT_S,
        )
        file = Path(folder) / "result.json"
        if told.returncode or not file.exists():
            return None
        for found in json.loads(file.read_text())["benchmarks"]:
            if found["name"] == benchmark:
                return next((f["value"] for f in found["figures"] if f["contender"] == OWN), None)
    return None


def _show(console: Console, ratios: dict[str, Ratio | None], samples: dict[str, int]) -> None:
    table = Table(title="this checkout / the older one, work per CPU-second (or its inverse)")
    for heading in ("benchmark", "turns", "median", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "benchmark" else "right")
    for name, ratio in ratios.items():
        shown = ("-", "-")
        if ratio is not None:
            shown = (f"{ratio.median:.3f}", f"{ratio.low:.3f} to {ratio.high:.3f}")
        table.add_row(name, str(samples[name]), *shown)
    console.print(table)


def main() -> int:
    """Run; the exit status is 1 when a benchmark has no ratio."""
    arguments = _arguments()
    wanted = [name for name in arguments.only.split(",") if name]
    chosen = [b for b in BENCHMARKS if not wanted or b.name in wanted]
    if lost := set(wanted) - {b.name for b in chosen}:
        known = ", ".join(b.name for b in BENCHMARKS)
        raise SystemExit(f"no benchmark is called {sorted(lost)[0]!r}; there are: {known}")
    rng, console = random.Random(arguments.seed), Console()
    taken: dict[str, list[tuple[float, float]]] = {b.name: [] for b in chosen}
    older = arguments.older.resolve()
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("turns", total=len(chosen) * arguments.reps)
        for turn in range(arguments.reps):
            for kind in rng.sample(chosen, len(chosen)):
                found: dict[Path, float | None] = {}
                for checkout in rng.sample([_HERE, older], 2):
                    found[checkout] = _sample(
                        checkout, kind.name, seconds=arguments.seconds, seed=turn
                    )
                new, old = found[_HERE], found[older]
                if new and old:
                    pair = (new, old) if kind.better == "higher" else (old, new)
                    taken[kind.name].append(pair)
                progress.advance(task)
    ratios = {name: median_of([a / b for a, b in pairs]) for name, pairs in taken.items()}
    _show(console, ratios, {name: len(pairs) for name, pairs in taken.items()})
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(taken, indent=1) + "\n")
    return int(any(ratio is None for ratio in ratios.values()))


if __name__ == "__main__":
    sys.exit(main())
