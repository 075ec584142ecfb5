"""``python -m benchmarks``: run benchmarks, show the tables, keep the result."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.catalogue import BENCHMARKS
from benchmarks.harness.processes import raise_descriptor_limit
from benchmarks.harness.report import Report
from benchmarks.harness.run import Outcome, run_benchmark

_RESULTS = Path(__file__).parent / "results"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="pushlab beside its peers, in one run."
    )
    parser.add_argument(
        "--only",
        default="",
        metavar="NAMES",
        help="benchmarks to run, comma-separated; a name's beginning is enough",
    )
    parser.add_argument("--contenders", default="", metavar="NAMES", help="only these contenders")
    parser.add_argument("--reps", type=int, default=5, help="repetitions (default 5)")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="length of a steady window (default 3)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random order")
    parser.add_argument("--out", type=Path, default=None, help="the result's folder")
    parser.add_argument("--no-save", action="store_true", help="keep nothing on disk")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and contenders")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


async def _run(arguments: argparse.Namespace, console: Console) -> int:
    wanted = _names(arguments.only)
    chosen = [b for b in BENCHMARKS if not wanted or any(b.name.startswith(w) for w in wanted)]
    lost = [w for w in wanted if not any(b.name.startswith(w) for b in BENCHMARKS)]
    if lost:
        known = ", ".join(b.name for b in BENCHMARKS)
        console.print(f"no benchmark begins with {lost[0]!r}; there are: {known}")
        return 2
    if arguments.reps < 1 or arguments.seconds <= 0:
        console.print("--reps must be at least 1, and --seconds above 0")
        return 2
    raise_descriptor_limit()
    folder = None if arguments.no_save else arguments.out or Report.folder(_RESULTS)
    report = Report(
        folder, repetitions=arguments.reps, seconds=arguments.seconds, seed=arguments.seed
    )
    status = 0
    for number, kind in enumerate(chosen, 1):
        console.rule(f"{number}/{len(chosen)}  {kind.title}", align="left")
        outcome = Outcome(kind())
        try:
            with console.status("starting") as line:

                def tell(text: str, line: object = line) -> None:
                    line.update(text)  # type: ignore[attr-defined]
                    if not console.is_terminal:
                        console.print(text, highlight=False)

                await run_benchmark(
                    outcome.benchmark,
                    repetitions=arguments.reps,
                    seconds=arguments.seconds,
                    seed=arguments.seed,
                    tell=tell,
                    only=_names(arguments.contenders),
                    outcome=outcome,
                )
        except asyncio.CancelledError:
            status = 130
        report.add(outcome, complete=status == 0)
        report.show(console, outcome)
        if status:
            console.print("stopped; what was measured is kept")
            break
    report.show_goals(console)
    if folder is not None:
        console.print(f"Result: {folder}")
    return status


def main() -> int:
    """Run; the exit status."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 110)
    if arguments.list:
        for kind in BENCHMARKS:
            names = ", ".join(contender.name for contender in kind.contenders)
            console.print(f"{kind.name}: {kind.title} ({names})", highlight=False)
        return 0
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_run(arguments, console))
    return 130


if __name__ == "__main__":
    sys.exit(main())
