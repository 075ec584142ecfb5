"""The commands that read runs: arguments to calls."""

import argparse
from pathlib import Path

from pushlab.cli.arguments import Commands, add_folder, number, run_folder

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add chart, report, show, check, diff and export."""
    chart = commands.add_parser("chart", help="draw the charts of a run")
    add_folder(chart, "a run's")
    chart.add_argument("--out", type=Path, metavar="DIR", help="default: RUN/charts")
    chart.set_defaults(run=_chart)

    report = commands.add_parser(
        "report",
        help="write a run as one HTML page",
        description="Write a run as one HTML page that needs nothing else: offline, for print too.",
    )
    add_folder(report, "a run's")
    report.add_argument("--out", type=Path, metavar="FILE", help="default: RUN/report.html")
    report.add_argument(
        "--baseline", metavar="LABEL", help="what others are compared with; default: what asks"
    )
    report.add_argument("--open", action="store_true", help="open it in the browser")
    report.set_defaults(run=_report)

    show = commands.add_parser("show", help="print the table of a run")
    add_folder(show, "a run's")
    show.add_argument("--json", action="store_true", help="the summary as JSON")
    show.set_defaults(run=_show)

    check = commands.add_parser(
        "check",
        help="judge a run by service level objectives",
        description="Judge a run by objectives such as 'sse.latency_s.p99<50ms', 'p95<0.1s' or"
        " '*.lost==0': a cell (default: all), a figure of its summary, a comparison, a limit."
        " Exit status: 0 all met, 1 not, 2 an objective is malformed.",
    )
    add_folder(check, "a run's")
    check.add_argument(
        "--slo", action="append", default=[], metavar="OBJECTIVE", help="may be given repeatedly"
    )
    check.add_argument("--slo-file", type=Path, metavar="FILE", help="one in a line; # comments")
    check.add_argument("--json", action="store_true", help="the verdicts as JSON")
    check.set_defaults(run=_check)

    diff = commands.add_parser(
        "diff",
        help="what changed between two runs, beyond noise",
        description="What changed from run A to run B, beyond noise. Exit status: 0 no change,"
        " 1 something changed, 2 a run cannot be read.",
    )
    diff.add_argument("a", type=Path, metavar="RUN_A", help="a run's folder")
    diff.add_argument("b", type=Path, metavar="RUN_B", help="another")
    diff.add_argument(
        "--threshold",
        type=number("5"),
        default=5.0,
        metavar="PERCENT",
        help="smaller differences are no change; default: 5",
    )
    diff.add_argument("--all", action="store_true", help="show what did not change, too")
    diff.add_argument("--json", action="store_true", help="every figure as JSON")
    diff.set_defaults(run=_diff)

    export = commands.add_parser(
        "export",
        help="write a run's rows as CSV, Parquet or JSON Lines",
        description="Write one table of a run; results/README.md describes the columns.",
    )
    add_folder(export, "a run's")
    export.add_argument(
        "--what",
        default="deliveries",
        metavar="TABLE",
        help="deliveries (default), publishes, trials, summary, or another folder of rows",
    )
    export.add_argument(
        "--format", metavar="F", help="csv, parquet or jsonl; default: by the file's name, else csv"
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    export.set_defaults(run=_export)


def _show(arguments: argparse.Namespace) -> int:
    from pushlab.commands import terminal
    from pushlab.runs import Run, load_folder

    found = load_folder(run_folder(arguments))
    if isinstance(found, Run):
        if arguments.json:
            print(terminal.json_text(found.summary))
        else:
            terminal.print_run(found)
        return 0
    from pushlab.commands.capacity import print_capacity
    from pushlab.commands.grid_table import grid_json, print_sweep

    if arguments.json:
        print(terminal.json_text(grid_json(found)))
    elif found.kind == "capacity":
        print_capacity(found)
    else:
        print_sweep(found)
    return 0


def _chart(arguments: argparse.Namespace) -> int:
    from pushlab.charts import draw_charts, draw_sweep
    from pushlab.charts.frame import make_folder
    from pushlab.runs import Run, load_folder

    found = load_folder(run_folder(arguments))
    out = arguments.out or found.path / "charts"
    make_folder(out)
    for path in draw_charts(found, out) if isinstance(found, Run) else draw_sweep(found, out):
        print(path)
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from pushlab.commands.report import report

    print(
        report(
            run_folder(arguments),
            out=arguments.out,
            baseline=arguments.baseline,
            show=arguments.open,
        )
    )
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from pushlab.commands.check import check

    return check(
        run_folder(arguments), arguments.slo, file=arguments.slo_file, as_json=arguments.json
    )


def _diff(arguments: argparse.Namespace) -> int:
    from pushlab.commands.diff import diff

    return diff(
        arguments.a,
        arguments.b,
        threshold=arguments.threshold,
        show_all=arguments.all,
        as_json=arguments.json,
    )


def _export(arguments: argparse.Namespace) -> int:
    from pushlab.commands.export import export

    return export(
        run_folder(arguments),
        what=arguments.what,
        form=arguments.format,
        out=arguments.out,
        force=arguments.force,
    )
