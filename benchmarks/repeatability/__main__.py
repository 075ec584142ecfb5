"""``python -m benchmarks.repeatability``: do runs agree as their intervals say?

A sitting is five runs of a scenario whose trials take turns in random order, each run with a seed
of its own. For each figure: how often a run's 95 % prediction interval held the mean of the next
run, and whether so few is what chance allows. The exit status is 1 where it is not. With earlier
sittings of the same scenario (all below benchmarks/results, or those named with ``--with``) it
tells what differs between sittings beyond that.
"""

import argparse
import sys
import time
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks.harness.report import Report
from benchmarks.repeatability.report import print_sitting, save
from benchmarks.repeatability.sitting import SITTING, Sitting, load_sitting, measure_sitting
from pushlab.commands.progress import Watcher
from pushlab.errors import PushlabError, Stopped, UsageError
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.signals import exit_status, interrupting

_RESULTS = Path(__file__).parents[1] / "results"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.repeatability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", nargs="?", default="quick", help="a name or TOML file (quick)")
    parser.add_argument("--runs", type=int, default=5, help="of a sitting (5)")
    parser.add_argument("--trials", type=int, default=5, help="of each run (5)")
    parser.add_argument("--transports", help="only these, with commas")
    parser.add_argument("--seed", type=int, help="of the first run; what the scenario says")
    parser.add_argument(
        "--with",
        dest="earlier",
        action="append",
        type=Path,
        metavar="FOLDER",
        help="an earlier sitting; may be given several times; all of benchmarks/results",
    )
    parser.add_argument(
        "--show", action="store_true", help="measure nothing; the newest earlier one is told of"
    )
    parser.add_argument("--no-save", action="store_true", help="keep nothing but the runs")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="below which results are kept")
    parser.add_argument("--keep", type=Path, default=Path("results/sittings"), help="of the runs")
    return parser.parse_args()


def _scenario(arguments: argparse.Namespace) -> Scenario:
    names = arguments.transports.split(",") if arguments.transports else None
    scenario = load_scenario(arguments.scenario).override(
        transports=names, trials=arguments.trials, seed=arguments.seed
    )
    if arguments.runs < 2 or scenario.trials < 2:
        raise UsageError("a sitting needs two runs or more, of two trials or more")
    return scenario


def _earlier(arguments: argparse.Namespace) -> list[Sitting]:
    """The sittings that were kept, the oldest first. Raises RunError."""
    found = arguments.earlier
    if found is None:
        found = sorted(file.parent for file in arguments.out.glob(f"*/{SITTING}"))
    return sorted(map(load_sitting, found), key=lambda sitting: sitting.created_utc)


def _measured(arguments: argparse.Namespace) -> Sitting:
    with Watcher() as watcher:
        return uvloop.run(
            measure_sitting(
                _scenario(arguments),
                runs=arguments.runs,
                out=arguments.keep,
                observer=watcher,
                command=["python", "-m", "benchmarks.repeatability", *sys.argv[1:]],
            )
        )


def main() -> int:
    """The exit status: 0 they agree, 1 they do not, 2 a wrong argument, 128 + n by a signal."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    try:
        with interrupting():
            earlier = _earlier(arguments)
            if arguments.show and not earlier:
                raise UsageError(f"there is no sitting below {arguments.out}")
            sitting = earlier.pop() if arguments.show else _measured(arguments)
            alike = [one for one in earlier if one.did_as(sitting)]
            agree = print_sitting(console, sitting, alike, others=len(earlier) - len(alike))
            if not (arguments.show or arguments.no_save):
                at = time.strftime("%H%M", time.gmtime())
                folder = Report.folder(arguments.out)
                print(save(sitting, alike, folder.with_name(f"{folder.name}-sitting-{at}")))
            return 0 if agree else 1
    except Stopped as stopped:
        print(f"repeatability: {stopped}", file=sys.stderr)
        return exit_status()
    except PushlabError as error:
        print(f"repeatability: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


if __name__ == "__main__":
    sys.exit(main())
