"""``python -m conformance``: run the suites, show the tables, keep the result.

The exit status is 1 when anything is worse than expected.
"""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from rich.console import Console

from conformance.catalogue import SUITES
from conformance.model import NotRun
from conformance.report import Outcome, Report

_RESULTS = Path(__file__).parent / "results"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        description="What standards and strangers' programs say of pushlab's ends of the wire.",
    )
    parser.add_argument(
        "--only", default="", metavar="NAMES", help="suites, comma-separated; a beginning is enough"
    )
    parser.add_argument(
        "--checkouts",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="where the old applications are checked out",
    )
    parser.add_argument("--out", type=Path, default=None, help="the result's folder")
    parser.add_argument("--no-save", action="store_true", help="keep nothing on disk")
    parser.add_argument("--list", action="store_true", help="name the suites")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, console: Console) -> int:
    wanted = [name.strip() for name in arguments.only.split(",") if name.strip()]
    lost = [w for w in wanted if not any(s.name.startswith(w) for s in SUITES)]
    if lost:
        known = ", ".join(suite.name for suite in SUITES)
        console.print(f"no suite begins with {lost[0]!r}; there are: {known}")
        return 2
    report = Report(None if arguments.no_save else arguments.out or Report.folder(_RESULTS))
    for kind in SUITES:
        if wanted and not any(kind.name.startswith(w) for w in wanted):
            continue
        console.rule(kind.title, align="left")
        outcome = Outcome(kind(arguments.checkouts))
        with console.status("starting") as line:
            try:
                async for verdict in outcome.suite.run(line.update):
                    outcome.verdicts.append(verdict)
            except NotRun as error:
                outcome.not_run = str(error)
            except Exception as error:
                outcome.not_run = f"the suite itself failed: {type(error).__name__}: {error}"
                outcome.failed = True
        report.add(outcome)
        report.show(console, outcome)
    console.rule("All", align="left")
    report.show_all(console)
    return 1 if any(outcome.worse for outcome in report.outcomes) else 0


def main() -> int:
    """Run; the exit status."""
    arguments = _arguments()
    if arguments.list:
        for suite in SUITES:
            print(f"{suite.name}: {suite.title}")
        return 0
    console = Console(width=None if sys.stdout.isatty() else 110)
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_run(arguments, console))
    return 130


if __name__ == "__main__":
    sys.exit(main())
