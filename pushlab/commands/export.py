"""`pushlab export`: one table of a run into a file or a pipe."""

import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from pushlab.analysis.summary.stored import summary_of
from pushlab.errors import SetupError, UsageError
from pushlab.runs import Run
from pushlab.runs.export import FORMATS
from pushlab.runs.tables import tables_of

__all__ = ["export"]


def export(
    folder: Path,
    *,
    what: str = "deliveries",
    form: str | None = None,
    out: Path | None = None,
    force: bool = False,
) -> int:
    """Write the table `what` of the run in `folder`; the exit status, 0.

    Args:
        form: one of `FORMATS`; None: by the name of `out`, else CSV.
        out: the file, which appears when it is whole; None or ``-``: standard output.
        force: replace a file that is there.

    Raises:
        UsageError: no such table or format; the file is there already.
        RunError: the run cannot be read.
        SetupError: the file cannot be written.
    """
    to_stdout = out is None or str(out) == "-"
    # os.path and not Path: on Python 3.11 that raises where a name is too long.
    if out is not None and not to_stdout and os.path.isdir(out):
        raise UsageError(f"--out: {out} is a folder; name a file, such as {out / f'{what}.csv'}")
    if form is None:
        form = "csv" if to_stdout or out is None else out.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        told = f"unknown format {form!r}" if form else f"the name {out} tells no format"
        raise UsageError(f"{told}: --format is one of {', '.join(FORMATS)}")
    run = Run.load(folder)
    if what in ("trials", "summary"):
        run = replace(run, summary=summary_of(run).to_json())
    tables = tables_of(run, what)
    if to_stdout or out is None:
        if form == "parquet" and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal: give --out FILE, or a pipe")
        FORMATS[form](tables, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return 0
    if os.path.exists(out) and not force:
        raise UsageError(f"--out: {out} is there already; --force replaces it")
    partial = out.with_name(f"{out.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            FORMATS[form](tables, file)
        partial.replace(out)
    except OSError as error:
        raise SetupError(f"{out}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):  # there is none where it could not be opened
            partial.unlink()
    return 0
