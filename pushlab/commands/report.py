"""`pushlab report`: a run as one HTML page."""

import webbrowser
from pathlib import Path

from pushlab.analysis.cost.of_run import chosen_architecture
from pushlab.charts import view_of, write_report
from pushlab.charts.view import RunView
from pushlab.child_environment import without_secrets
from pushlab.errors import UsageError
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.runs import Run, load_folder

__all__ = ["report", "report_of"]


def report(
    folder: Path,
    *,
    out: Path | None = None,
    baseline: str | None = None,
    architecture: str | None = None,
    show: bool = False,
) -> int:
    """Write the page of the run in `folder`, and print where it is; the exit status, 0.

    Args:
        out: the file; None puts ``report.html`` into the run's folder.
        baseline: see `write_report`.
        architecture: within which months are compared; None: where all five can run.
        show: open it in the browser.

    Raises:
        RunError: the run cannot be read.
        NotWritten: the file cannot be written.
        UsageError: there is no such baseline; or the folder is a sweep's.
    """
    found = load_folder(folder)
    if not isinstance(found, Run):
        points = ", ".join(str(found.path / point.folder) for point in found.points[:2])
        raise UsageError(f"{folder} is a sweep; a report is of one of its runs (such as {points})")
    path = report_of(view_of(found, chosen_architecture(architecture)), out, baseline)
    if show:
        with without_secrets():
            webbrowser.open(path.resolve().as_uri())
    print(path)
    return 0


def report_of(view: RunView, out: Path | None = None, baseline: str | None = None) -> Path:
    """The same for a run that has been analysed."""
    return write_report(
        view,
        out or view.run.path / "report.html",
        scenario_toml=scenario_as_toml(view.run.scenario),
        baseline=baseline,
    )
