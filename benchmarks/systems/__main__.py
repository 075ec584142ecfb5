"""``python -m benchmarks.systems``: every installed system under one small work, as a dated table.

The work is benchmarks/systems/systems.toml. What comes out is kept as ``systems.json`` in a folder
of its date below benchmarks/results, and as the table of docs/systems.md. Systems that are not
installed are named and left out. The exit status is 1 where a trial failed.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.harness.report import Report
from benchmarks.systems.table import Row, into_page, rows_of, save, table_of
from pushlab.commands.compare import measure
from pushlab.errors import PushlabError, Stopped, UsageError
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.baseline import baseline_backend
from pushlab.signals import exit_status, interrupting
from pushlab.systems.registry import HUB, find_system, system_names
from pushlab.testing.null import Null

_HERE = Path(__file__).parent
_PAGE = _HERE.parents[1] / "docs" / "systems.md"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.systems",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--systems", help="only these, with commas; all that are installed")
    parser.add_argument(
        "--transports", help="only these, with commas; all that the others than the hub speak"
    )
    parser.add_argument("--trials", type=int, help="of each (2)")
    parser.add_argument("--out", type=Path, default=_HERE.parent / "results", help="of the JSON")
    parser.add_argument("--runs", type=Path, default=Path("results"), help="of the run's folder")
    parser.add_argument("--page", type=Path, default=_PAGE, help="whose table is written anew")
    parser.add_argument("--no-save", action="store_true", help="keep nothing but the run")
    return parser.parse_args()


def _installed(console: Console, asked: str | None) -> list[str]:
    """The systems to measure; those that are not there are told. Raises UsageError."""
    found = []
    for name in asked.split(",") if asked else system_names():
        if lacking := find_system(name).missing():
            console.print(f"{name} is left out: {lacking}")
        else:
            found.append(name)
    if not found:
        raise UsageError("none of these systems is installed here; try: make systems")
    return found


def _measured(console: Console, arguments: argparse.Namespace) -> list[Row]:
    systems = _installed(console, arguments.systems)
    others = [name for name in systems if name != HUB] or systems
    spoken = dict.fromkeys(each for name in others for each in find_system(name).speaks)
    asked = arguments.transports.split(",") if arguments.transports else list(spoken)
    scenario = load_scenario(str(_HERE / "systems.toml")).override(
        systems=systems, transports=asked, trials=arguments.trials
    )
    analysis = measure(scenario, arguments.runs, floor=baseline_backend(Null()))
    rows = rows_of(analysis)
    table = table_of(analysis, rows)
    console.print(table, markup=False, highlight=False, soft_wrap=True)
    if not arguments.no_save:
        folder = Report.folder(arguments.out)
        save(analysis, rows, folder.with_name(f"{folder.name}-systems"))
        into_page(table, arguments.page)
        console.print(f"{arguments.page} has this table; the figures are in {folder}-systems")
    return rows


def main() -> int:
    console = Console(stderr=True)
    try:
        with interrupting():
            rows = _measured(console, _arguments())
    except Stopped as stopped:
        print(f"benchmarks.systems: {stopped}", file=sys.stderr)
        return exit_status()
    except PushlabError as error:
        print(f"benchmarks.systems: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 1 if any(row.status != "ok" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
