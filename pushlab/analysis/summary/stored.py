"""The summary of a run, from the one place where it may come from: its rows.

What ``run.json`` has of it is a cache. It carries the version of its formulas and a digest of what
it was made of, and a reader drops it where it was edited: whoever changes a figure, or a row, gets
the figures of the rows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pushlab.analysis.summary.catalogue import FORMAT
from pushlab.analysis.summary.model import RunSummary
from pushlab.contract.setting import shown
from pushlab.errors import RunError
from pushlab.runs.head import RunHead
from pushlab.runs.layout import RUN_FILE, rows_path

if TYPE_CHECKING:
    from pushlab.analysis.summary.summarise import Analysis
    from pushlab.runs import Run

__all__ = ["store", "stored_summary", "summary_of"]

#: The rows that figures are made of.
_KINDS = ("publishes", "deliveries", "connects")
_NO_ROWS = "The rows of this run are not here: these figures are those that were stored with it."


def summary_of(run: "Run") -> RunSummary:
    """The summary of a run: the stored one where it fits, else made from the rows.

    A run without any rows is told by what was stored with it, unless somebody has edited that.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    if (fitting := stored_summary(run)) is not None:
        return fitting
    if run.summary and not _has_rows(run):
        found = _read(run, run.summary)
        return replace(found, caveats=[*found.caveats, _NO_ROWS])
    from pushlab.analysis.summary.summarise import analyse

    return analyse(run).summary


def stored_summary(run: RunHead) -> RunSummary | None:
    """The stored summary; None where it is not of these rows and this version's formulas."""
    stored = run.summary or {}
    if stored.get("format") != FORMAT or stored.get("source") != _source(run):
        return None
    return _read(run, stored)


def store(analysis: "Analysis") -> RunSummary:
    """Keep an analysis's summary in the ``run.json`` of its run; returns it.

    Raises:
        RunError: there is no readable run.
    """
    from pushlab.runs import write_summary

    run, summary = analysis.run, analysis.summary
    write_summary(run.path, {"format": FORMAT, "source": _source(run), **summary.to_json()})
    return summary


def _read(run: RunHead, stored: Mapping[str, Any]) -> RunSummary:
    """A stored summary. Raises RunError where it is not of an analysis's making."""
    try:
        return RunSummary.from_json(stored)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        told = f"summary: is not what an analysis writes ({shown(error)})"
        raise RunError(f"{run.path / RUN_FILE}: {told}") from error


def _has_rows(run: "Run") -> bool:
    return any(rows_path(run.path, kind, t.order).exists() for kind in _KINDS for t in run.trials)


def _source(run: RunHead) -> str:
    """A digest of all that a summary is made of: trials, profiles, rows, list prices."""
    found = hashlib.sha256()
    told = [run.status, list(run.cells), list(run.stored_trials), dict(run.stored_profiles)]
    found.update(_text(told))
    found.update(files("pushlab.analysis.cost").joinpath("prices.csv").read_bytes())
    for kind in _KINDS:
        for trial in run.stored_trials:
            order = trial.get("order") if isinstance(trial, dict) else None
            path = rows_path(run.path, kind, order if isinstance(order, int) else 0)
            _add(found, path)
    return found.hexdigest()


def _add(found: "hashlib._Hash", path: Path) -> None:
    """Add a file to a digest, or that there is none."""
    if not path.exists():
        found.update(b"none")
        return
    with path.open("rb") as file:
        while some := file.read(1 << 20):
            found.update(some)


def _text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
