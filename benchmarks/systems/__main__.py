"""``python -m benchmarks.systems``: every installed system under one small work, as a dated table.

The work is benchmarks/systems/systems.toml. What comes out is kept as ``systems.json`` in a folder
of its date below benchmarks/results, and as the table of docs/systems.md. With ``--verify`` nothing
is measured: each is verified, and the other table of that page is written. Systems that are not
installed are named and left out. The exit status is 1 where a trial failed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks.harness.report import Report
from benchmarks.systems.table import MEASURED, VERIFIED, into_page, rows_of, save, table_of
from benchmarks.systems.verified import clauses_table, save_verified, verify_all
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
    parser.add_argument("--verify", action="store_true", help="try the contract's clauses instead")
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


def _measured(console: Console, arguments: argparse.Namespace, systems: list[str]) -> int:
    """Measure; the exit status."""
    asked = _transports(arguments, systems)
    scenario = load_scenario(str(_HERE / "systems.toml")).override(
        systems=systems, transports=asked, trials=arguments.trials
    )
    analysis = measure(scenario, arguments.runs, floor=baseline_backend(Null()))
    rows = rows_of(analysis)
    table = table_of(analysis, rows)
    _keep(console, arguments, MEASURED, table, lambda folder: save(analysis, rows, folder))
    return int(any(row.status != "ok" for row in rows))


def _verified(console: Console, arguments: argparse.Namespace, systems: list[str]) -> int:
    """Verify; the exit status: what breaks is no fault of the command's."""
    found = verify_all(systems, _transports(arguments, systems), console.print)
    table = clauses_table(found, time.strftime("%Y-%m-%d", time.gmtime()))
    _keep(console, arguments, VERIFIED, table, lambda folder: save_verified(found, folder))
    return 0


def _transports(arguments: argparse.Namespace, systems: list[str]) -> list[str]:
    """Those that were asked for; else all that other systems than the hub speak."""
    if arguments.transports:
        return str(arguments.transports).split(",")
    others = [name for name in systems if name != HUB] or systems
    return list(dict.fromkeys(each for name in others for each in find_system(name).speaks))


def _keep(
    console: Console,
    arguments: argparse.Namespace,
    name: str,
    table: str,
    save_in: Callable[[Path], None],
) -> None:
    """Show a table, and put it and the figures where they belong."""
    console.print(table, markup=False, highlight=False, soft_wrap=True)
    if not arguments.no_save:
        folder = Report.folder(arguments.out)
        folder = folder.with_name(f"{folder.name}-systems")
        save_in(folder)
        into_page(name, table, arguments.page)
        console.print(f"{arguments.page} has this table; the figures are in {folder}")


def main() -> int:
    console = Console(stderr=True)
    try:
        with interrupting():
            arguments = _arguments()
            systems = _installed(console, arguments.systems)
            return (_verified if arguments.verify else _measured)(console, arguments, systems)
    except Stopped as stopped:
        print(f"benchmarks.systems: {stopped}", file=sys.stderr)
        return exit_status()
    except PushlabError as error:
        print(f"benchmarks.systems: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


if __name__ == "__main__":
    sys.exit(main())
