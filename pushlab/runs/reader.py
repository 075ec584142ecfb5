"""Reading a run: ``run.json`` at once and strictly, the rows when they are asked for.

Whatever is wrong with a folder is told in one line that names the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from pushlab.contract.profile import Profile
from pushlab.errors import RunError
from pushlab.runs.layout import (
    RUN_FILE,
    SWEEP_FILE,
    RunStatus,
    read_document,
    rows_path,
    summary_digest,
)
from pushlab.runs.profiles import read_profiles
from pushlab.runs.records import TrialRecord
from pushlab.runs.rows import (
    CONNECTS,
    DELIVERIES,
    PUBLISHES,
    SAMPLES,
    TRAFFIC,
    ConnectRows,
    DeliveryRows,
    PublishRows,
    TrafficRows,
    read_table,
)
from pushlab.runs.tables import to_pandas

__all__ = ["Run", "latest_run"]


@dataclass(frozen=True, slots=True)
class Run:
    """A run on disk.

    Attributes:
        cells: the labels of the transport settings, in the order for tables and charts; a cell
            that has no trial did not come to its turn.
        profiles: what the transport of each cell was, with its settings.
        summary: what was stored of the analysis; None if it has not been analysed, or somebody has
            edited that. `pushlab.analysis.summary.stored.summary_of` is to be believed.
    """

    path: Path
    id: str
    created_utc: str
    status: RunStatus
    pushlab_version: str
    command: Sequence[str]
    seed: int
    scenario: Mapping[str, Any]
    environment: Mapping[str, Any]
    cells: Sequence[str]
    profiles: Mapping[str, Profile]
    trials: Sequence[TrialRecord]
    summary: Mapping[str, Any] | None

    @classmethod
    def load(cls, path: Path) -> "Run":
        """Read the run in the folder `path`; its rows are not read yet.

        Raises:
            NewerSchema: a newer pushlab wrote it.
            RunError: it is missing, damaged, or lacks something; the text names the file.
        """
        path = Path(path)
        document = read_document(path)
        file = path / "run.json"

        def take(key: str, kind: type) -> Any:
            if key not in document:
                raise RunError(f"{file}: has no {key!r}")
            if type(document[key]) is not kind:
                raise RunError(f"{file}: {key!r} must be {kind.__name__}")
            return document[key]

        status = take("status", str)
        if status not in get_args(RunStatus):
            raise RunError(f"{file}: unknown status {status!r}")
        cells = take("cells", list)
        trials = [
            TrialRecord.from_json(trial, f"{file}: trials[{i}]")
            for i, trial in enumerate(take("trials", list))
        ]
        for i, trial in enumerate(trials):
            if trial.cell not in cells:
                raise RunError(f"{file}: trials[{i}] is of the unknown cell {trial.cell!r}")
        profiles = read_profiles(document, cells, trials, f"{file}: profiles")
        summary = document.get("summary")
        if summary is not None and not isinstance(summary, dict):
            raise RunError(f"{file}: 'summary' must be an object or null")
        if summary and summary.get("digest", digest := summary_digest(summary)) != digest:
            summary = None  # somebody has edited it
        return cls(
            path=path,
            id=take("id", str),
            created_utc=take("created_utc", str),
            status=status,
            pushlab_version=take("pushlab_version", str),
            command=take("command", list),
            seed=take("seed", int),
            scenario=take("scenario", dict),
            environment=take("environment", dict),
            cells=cells,
            profiles=profiles,
            trials=[replace(trial, profile=profiles[trial.cell]) for trial in trials],
            summary=summary,
        )

    def trials_of(self, cell: str) -> list[TrialRecord]:
        """The trials of one cell, by repetition."""
        return sorted((t for t in self.trials if t.cell == cell), key=lambda t: t.index)

    def publishes_table(self, trial: TrialRecord) -> pa.Table:
        """The publishes of one trial, with the columns of `PUBLISHES`.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return read_table(PUBLISHES, rows_path(self.path, "publishes", trial.order))

    def deliveries_table(self, trial: TrialRecord) -> pa.Table:
        """The deliveries of one trial, with the columns of `DELIVERIES`.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return read_table(DELIVERIES, rows_path(self.path, "deliveries", trial.order))

    def connects_table(self, trial: TrialRecord) -> pa.Table:
        """How the subscribers of one trial were connected, with the columns of `CONNECTS`.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return read_table(CONNECTS, rows_path(self.path, "connects", trial.order))

    def samples_table(self, trial: TrialRecord) -> pa.Table:
        """What one trial's processes used over time, with the columns of `SAMPLES`.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return read_table(SAMPLES, rows_path(self.path, "samples", trial.order))

    def traffic(self, trial: TrialRecord) -> TrafficRows | None:
        """When a few observed subscribers of one trial sent and received, as numpy arrays.

        Returns:
            None where it was not written down: an older run, or a transport without a sans-I/O
            client half.

        Raises:
            RunError: the file is damaged or lacks a column.
        """
        path = rows_path(self.path, "traffic", trial.order)
        if not path.exists():
            return None
        rows = TrafficRows(**_arrays(read_table(TRAFFIC, path)))
        return rows if len(rows) else None

    def publishes(self, trial: TrialRecord) -> PublishRows:
        """The publishes of one trial as numpy arrays.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return PublishRows(**_arrays(self.publishes_table(trial)))

    def deliveries(self, trial: TrialRecord) -> DeliveryRows:
        """The deliveries of one trial as numpy arrays.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return DeliveryRows(**_arrays(self.deliveries_table(trial)))

    def connects(self, trial: TrialRecord) -> ConnectRows:
        """How the subscribers of one trial were connected, as numpy arrays.

        Raises:
            RunError: the file is missing or damaged, or lacks a column.
        """
        return ConnectRows(**_arrays(self.connects_table(trial)))

    def to_pandas(self, what: str = "deliveries") -> Any:
        """One table of the run as a pandas DataFrame.

        Args:
            what: ``deliveries`` (each beside its publish), ``publishes``, ``trials``, ``summary``,
                or any other folder of rows; results/README.md has the columns.

        Raises:
            MissingExtra: pandas is not installed.
            UsageError: the run has no such table.
            RunError: a file of rows is missing or damaged; the run has not been analysed.
        """
        return to_pandas(self, what)


def _arrays(table: pa.Table) -> dict[str, Any]:
    """Columns as numpy, null as 0, without ``cell`` and ``trial``."""
    arrays: dict[str, Any] = {}
    for name in table.column_names:
        if name not in ("cell", "trial"):
            column = table[name].combine_chunks()
            zero = False if pa.types.is_boolean(column.type) else 0
            dtype = np.bool_ if zero is False else column.type.to_pandas_dtype()
            arrays[name] = np.asarray(
                column.fill_null(zero).to_numpy(zero_copy_only=False), dtype=dtype
            )
    return arrays


def latest_run(root: Path) -> Path:
    """The newest run's or sweep's folder below `root`.

    Raises:
        RunError: there is none.
    """
    root = Path(root)
    found = [file for name in (RUN_FILE, SWEEP_FILE) for file in root.glob(f"*/{name}")]
    dated = [file for file in found if file.parent.name[:8].isdigit()]
    if not dated:
        raise RunError(f"{root}: there is no run in this folder")
    return max(dated, key=lambda file: (file.parent.name[:16], file.stat().st_mtime_ns)).parent
