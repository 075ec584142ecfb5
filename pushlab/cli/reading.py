"""The commands that read runs."""

from pathlib import Path

from pushlab.cli.arguments import Group, add_architecture, add_folder, add_json, lazily, number

__all__ = ["add_commands"]


def add_commands(group: Group) -> None:
    """Add show, report, chart, diff and export."""
    show = group.add(
        "show",
        "print the table of a run",
        run=lazily("pushlab.commands.show:show"),
        examples=("show results/reference", "show results/reference --json"),
    )
    add_folder(show, "a run's")
    add_json(show, "the summary as JSON")

    report = group.add(
        "report",
        "write a run as one HTML page",
        run=lazily("pushlab.commands.report:report"),
        more="Write a run as one HTML page that needs nothing else: offline, for print too.",
        examples=(
            "report results/reference --out report.html",
            "report results/reference --baseline sse --out report.html",
        ),
    )
    add_folder(report, "a run's")
    report.flag("--out", "FILE", "default: RUN/report.html", type=Path)
    report.flag("--baseline", "LABEL", "what others are compared with; default: what asks")
    add_architecture(report)
    report.switch("--open", "open it in the browser", dest="show")

    chart = group.add(
        "chart",
        "draw the charts of a run",
        run=_chart,
        examples=("chart", "chart results/reference --out charts"),
    )
    add_folder(chart, "a run's")
    chart.flag("--out", "DIR", "default: RUN/charts", type=Path)
    add_architecture(chart)
    _add_diff(group)
    _add_export(group)


def _add_diff(group: Group) -> None:
    diff = group.add(
        "diff",
        "what changed between two runs, what is the same, and what is not known",
        run=lazily("pushlab.commands.diff:diff"),
        more="What changed from run A to run B, what is the same within a threshold, and what these"
        " trials cannot tell, with the smallest change that they would show. Exit status: 0 all is"
        " the same or better, 1 something is worse, 2 a run cannot be read, 3 nothing is worse and"
        " something is not known.",
        examples=(
            "diff results/reference results/reference",
            "diff results/reference results/reference --figure sse.p50 --threshold 20",
        ),
    )
    diff.add_argument("a", type=Path, metavar="RUN_A", help="a run's folder")
    diff.add_argument("b", type=Path, metavar="RUN_B", help="another")
    diff.flag(
        "--threshold", "PERCENT", "smaller differences are none", type=number("10"), default=10.0
    )
    diff.flag(
        "--figure",
        "FIGURE",
        "this one alone, such as sse.p99; may be given several times; default: all",
        action="append",
        default=[],
        dest="figures",
    )
    diff.switch("--all", "show what is the same, too", dest="show_all")
    add_json(diff, "every figure as JSON")


def _add_export(group: Group) -> None:
    export = group.add(
        "export",
        "write a run's rows as CSV, Parquet or JSON Lines",
        run=lazily("pushlab.commands.export:export"),
        more="Write one table of a run; results/README.md describes the columns.",
        examples=(
            "export results/reference --what trials",
            "export results/reference --what summary --format jsonl",
        ),
    )
    add_folder(export, "a run's")
    export.flag(
        "--what",
        "TABLE",
        "deliveries (default), publishes, trials, summary, or another folder of rows",
        default="deliveries",
    )
    export.flag(
        "--format", "F", "csv, parquet or jsonl; default: by the file's name, else csv", dest="form"
    )
    export.flag("--out", "FILE", "default: standard output", type=Path)
    export.switch("--force", "replace a file that is there")


def _chart(folder: Path, *, out: Path | None, architecture: str | None) -> int:
    from pushlab.analysis.cost.of_run import chosen_architecture
    from pushlab.charts import draw_charts
    from pushlab.charts.frame import make_folder
    from pushlab.runs import load_folder

    found = load_folder(folder)
    out = out or found.path / "charts"
    make_folder(out)
    for path in draw_charts(found, out, chosen_architecture(architecture)):
        print(path)
    return 0
